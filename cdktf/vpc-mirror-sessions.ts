// Written by generate.ts from the module's variables.tf and outputs.tf: change those, and run `npx tsx cdktf/generate.ts`.
/* eslint @stylistic/max-len: "off" -- one line a variable */
import type { IResolvable } from 'cdktn';
import type { Construct } from 'constructs';
import { LocalModule } from './local-module.ts';
import type { Shape } from './terraform-names.ts';

export interface VpcMirrorSessionsProps {
  /** First part of the Name tag and of the description of everything that is made. */
  readonly namePrefix?: string;

  /** Tags of everything that is made, the reconciler's sessions included. The provider's default_tags reach them too. */
  readonly tags?: Readonly<Record<string, string>> | IResolvable;

  /**
   * The interfaces to mirror: one session each. The keys must be known at plan: take `module.enis.network_interfaces`, or write
   * words of your own, so that an interface created in the same apply works. `session_number` counts per source interface (a
   * packet goes to the lowest one that matches).
   */
  readonly networkInterfaces: Readonly<Record<string, {
    readonly networkInterfaceId: string;
    readonly sessionNumber?: number;
    readonly virtualNetworkId?: number;
    readonly packetLength?: number;
  }>> | IResolvable;

  /**
   * Accept an empty network_interfaces, for example because the group that is mirrored is scaled to zero. Otherwise an empty map
   * is an error: a mirror of nothing looks like a working one.
   */
  readonly allowNoNetworkInterfaces?: boolean | IResolvable;

  /**
   * Interfaces that must never be mirrored, such as those of the rebuilders and of the detection nodes: mirroring them would
   * mirror the mirror. Naming one of them in network_interfaces is an error.
   */
  readonly excludedNetworkInterfaceIds?: readonly string[];

  /**
   * Session number on each source interface, 1 to 32766, unless its entry says otherwise. AWS gives a packet to the lowest number
   * whose filter accepts it, and to no other session.
   */
  readonly sessionNumber?: number;

  /**
   * VXLAN network identifier (VNI) of the sessions, 1 to 16777215. null lets AWS choose one for each session; one known number
   * lets the rebuilder's vni_filter refuse everything else.
   */
  readonly virtualNetworkId?: number;

  /**
   * Bytes of each packet that are mirrored, from its Ethernet header on; the rest is cut off without a word. Default: 8500, the
   * most that AWS sends to a Network Load Balancer; 8464 for a Gateway Load Balancer endpoint, which drops what is longer once it
   * is wrapped.
   */
  readonly packetLength?: number;

  /**
   * TCP ports, or ranges of them such as "8080-8090", on which the sources take plain HTTP, from anywhere. Default: 80. Each is a
   * rule for IPv4 and one for IPv6, and twice that with mirror_responses: AWS allows 10 rules.
   */
  readonly ports?: readonly string[];

  /** Mirror requests that come over IPv6, too. Only for ports: filter_rules name their networks themselves. */
  readonly ipv6Enabled?: boolean | IResolvable;

  /**
   * What is mirrored, instead of ports, where that needs more than TCP ports: at most 10 rules (an AWS quota), keyed by a word;
   * AWS takes the lowest `rule_number` that matches. The direction is that of the source interface: `ingress` rules are the
   * requests a server receives. Ports need `protocol` 6 (TCP) or 17 (UDP); a rule of these without a port range wants `all_ports
   * = true`. IPv6 needs rules of its own.
   */
  readonly filterRules?: Readonly<Record<string, {
    readonly ruleNumber: number;
    readonly trafficDirection?: 'ingress' | 'egress';
    readonly ruleAction?: 'accept' | 'reject';
    readonly protocol?: number;
    readonly sourceCidrBlock?: string;
    readonly destinationCidrBlock?: string;
    readonly sourcePortRange?: {
      readonly fromPort: number;
      readonly toPort: number;
    };
    readonly destinationPortRange?: {
      readonly fromPort: number;
      readonly toPort: number;
    };
    readonly allPorts?: boolean | IResolvable;
    readonly description?: string;
  }>> | IResolvable;

  /**
   * Mirror the answers too: every accepting ingress rule gets its reflection as an egress rule (source and destination exchanged,
   * the same rule_number). Doubles the mirrored bytes and the rules.
   */
  readonly mirrorResponses?: boolean | IResolvable;

  /** Make the mirror target for network_load_balancer_arn. false: traffic_mirror_target_id names one that exists. */
  readonly createTarget?: boolean | IResolvable;

  /**
   * The Network Load Balancer that receives the mirrored packets on UDP 4789. This or gateway_load_balancer_endpoint_id is needed
   * with create_target.
   */
  readonly networkLoadBalancerArn?: string;

  /**
   * A Gateway Load Balancer endpoint in the VPC of the sources, which leads to rebuilders in another VPC or account without
   * peering; instead of network_load_balancer_arn.
   */
  readonly gatewayLoadBalancerEndpointId?: string;

  /**
   * Who else may send to the target that is made here (AWS Resource Access Manager): account IDs, or ARNs of an organisation or
   * of an organisational unit.
   */
  readonly ramPrincipals?: readonly string[];

  /** Allow accounts outside of the organisation among ram_principals; they get an invitation. */
  readonly ramAllowExternalPrincipals?: boolean | IResolvable;

  /** An existing mirror target, for example one that another account shares. Needed with create_target = false. */
  readonly trafficMirrorTargetId?: string;

  /**
   * A Lambda function that gives new instances their session within seconds and takes it from those that are gone or stopped.
   * `interfaces`: what it follows, `module.enis.selectors`. `artifact_file`: dist/vpc-mirror-reconciler.zip, which `npm run
   * package` builds. Its sessions have the number `session_number` (default: one more than Terraform's, so that both may meet on
   * an interface). `runtime`: nodejs22.x, because provider 5 knows no later; with provider 6 nodejs24.x. null: sessions are as
   * old as the last apply.
   */
  readonly reconcile?: {
    readonly interfaces: unknown;
    readonly artifactFile: string;
    readonly everyMinutes?: number;
    readonly sessionNumber?: number;
    readonly stoppedInstances?: string;
    readonly runtime?: string;
    readonly alarmActions?: readonly string[];
    readonly logRetentionInDays?: number;
  };

  /** Path of the reconciler's role, where an organisation's policies want one. */
  readonly iamPath?: string;

  /** Policy that bounds what the reconciler's role may ever do, where an organisation's policies want one. */
  readonly iamPermissionsBoundaryArn?: string;
}

/** Where the variables have names of their own inside. */
const SHAPES: Readonly<Record<string, Shape>> = {
  network_interfaces: { '*': { network_interface_id: 0, session_number: 0, virtual_network_id: 0, packet_length: 0 } },
  filter_rules: { '*': { rule_number: 0, traffic_direction: 0, rule_action: 0, protocol: 0, source_cidr_block: 0, destination_cidr_block: 0, source_port_range: { from_port: 0, to_port: 0 }, destination_port_range: { from_port: 0, to_port: 0 }, all_ports: 0, description: 0 } },
  reconcile: { interfaces: 0, artifact_file: 0, every_minutes: 0, session_number: 0, stopped_instances: 0, runtime: 0, alarm_actions: 0, log_retention_in_days: 0 },
};

/** Mirror filter, target and one session for each interface. Wraps modules/vpc-mirror-sessions. */
export class VpcMirrorSessions extends LocalModule {
  /** The filter of every session. */
  readonly trafficMirrorFilterId: string;
  /** The target of every session. */
  readonly trafficMirrorTargetId: string;
  /** ARN of the target, for shares of your own; null with create_target = false. */
  readonly trafficMirrorTargetArn: string;
  /** Session of each entry of network_interfaces. */
  readonly trafficMirrorSessionIds: Record<string, string>;
  /** What was made for each entry of network_interfaces: session, interface, session number, VNI and packet length. */
  readonly sessions: IResolvable;
  /** Every VNI in use: the rebuilder's vni_filter. */
  readonly virtualNetworkIds: number[];
  /** `sessions` of a description for the command vpc-mirror, and with `reconcile` the `interfaces` that it follows. */
  readonly description: IResolvable;
  /** With `reconcile`: function, log group, dead-letter queue and alarms of the reconciler; else null. */
  readonly reconciler: IResolvable;

  constructor(scope: Construct, id: string, props: VpcMirrorSessionsProps) {
    super(scope, id, 'modules/vpc-mirror-sessions', { ...props }, SHAPES);
    this.trafficMirrorFilterId = this.getString('traffic_mirror_filter_id');
    this.trafficMirrorTargetId = this.getString('traffic_mirror_target_id');
    this.trafficMirrorTargetArn = this.getString('traffic_mirror_target_arn');
    this.trafficMirrorSessionIds = this.strings('traffic_mirror_session_ids');
    this.sessions = this.interpolationForOutput('sessions');
    this.virtualNetworkIds = this.numbers('virtual_network_ids');
    this.description = this.interpolationForOutput('description');
    this.reconciler = this.interpolationForOutput('reconciler');
  }
}
