// Written by generate.ts from the module's variables.tf and outputs.tf: change those, and run `npx tsx cdktf/generate.ts`.
/* eslint @stylistic/max-len: "off" -- one line a variable */
import type { IResolvable } from 'cdktn';
import type { Construct } from 'constructs';
import { LocalModule } from './local-module.ts';
import type { Shape } from './terraform-names.ts';

export interface VpcMirrorRebuildProps {
  /**
   * Prefix of every name this module gives, and value of the Name tags. Load balancers and target groups allow six characters of
   * it; their Name tag has it whole.
   */
  readonly namePrefix?: string;

  /** Tags for every resource, the instances, their volumes and interfaces included. The provider's default_tags reach them too. */
  readonly tags?: Readonly<Record<string, string>> | IResolvable;

  /** VPC of the rebuilders and their load balancers. */
  readonly vpcId: string;

  /**
   * Private subnets, in two Availability Zones at least, for the rebuilders and the internal load balancers. They need a way to
   * S3, CloudWatch and the Amazon Linux repository: a NAT gateway, or endpoints (README).
   */
  readonly subnetIds: readonly string[];

  /**
   * IPv4 networks of the mirrored interfaces. Only they may send to UDP/4789 (the source of a mirrored packet is the primary
   * address of its interface, and a load balancer cannot hide it for UDP).
   */
  readonly mirroredCidrs: readonly string[];

  /**
   * Whether the sessions mirror both directions. Responses are then paired with their requests, and the load balancer keeps each
   * source interface on one rebuilder, so that both directions meet (one interface then never gets more than one instance's
   * capacity).
   */
  readonly responsesMirrored?: boolean | IResolvable;

  /**
   * Adds a Gateway Load Balancer with an endpoint service, for sources of other VPCs and accounts without peering; {} for this
   * account only, allowed_principals for others (ARNs, such as arn:aws:iam::111122223333:root). Its endpoint, made in the VPC of
   * the sources, is gateway_load_balancer_endpoint_id of the sessions module there.
   */
  readonly gatewayLoadBalancer?: {
    readonly allowedPrincipals?: readonly string[];
  };

  /** Protects the load balancers from being deleted; `terraform destroy` then needs it switched off first. */
  readonly deletionProtection?: boolean | IResolvable;

  /**
   * HTTP target group of the detection nodes (port 8445 for Wallarm). An internal ALB on port 8445 is built in front of it. A
   * target group belongs to one load balancer only: it must have none yet.
   */
  readonly detectionTargetGroupArn?: string;

  /**
   * Address of detection nodes that exist already, like http://nodes.internal:8445. No ALB is built then. Must be known at plan,
   * or be a string with a literal part.
   */
  readonly mirrorEndpoint?: string;

  /** Networks of mirror_endpoint and raw_endpoint, which the rebuilders may connect to. Default: the VPC's primary network. */
  readonly mirrorEndpointCidrs?: readonly string[];

  /**
   * Whether the NLB carries what an ALB would refuse or change (ambiguous framing, unusual methods, long heads) to
   * raw_target_group_arn on TCP/8445. Default: true with detection_target_group_arn, else false.
   */
  readonly rawPathEnabled?: boolean | IResolvable;

  /** TCP target group, port 8445, with the same detection nodes; for the raw path. It must have no load balancer yet. */
  readonly rawTargetGroupArn?: string;

  /** Address of an L4 path to the nodes that exists already, like nodes-nlb.internal:8445; instead of raw_target_group_arn. */
  readonly rawEndpoint?: string;

  /**
   * Native nodes (`mode: envoy-external-filter`), which take whole exchanges over gRPC. `target_group_arn`: their TCP target
   * group, port 5080; it gets a listener of the NLB and must have no load balancer yet. Or `endpoint`: https://host:port of nodes
   * that exist already. `server_name`: the name in their certificate. `ca_pem`: the authorities that vouch for it, as PEM;
   * default: the public ones. `beside_http`: deliver over HTTP as well, to detection_target_group_arn or mirror_endpoint.
   */
  readonly extProc?: {
    readonly targetGroupArn?: string;
    readonly endpoint?: string;
    readonly serverName?: string;
    readonly caPem?: string;
    readonly besideHttp?: boolean | IResolvable;
  };

  /** Networks of the detection nodes, which the ALB and the NLB may connect to. Default: the networks of subnet_ids. */
  readonly detectionCidrs?: readonly string[];

  /**
   * Ports of the detection nodes that the load balancers may connect to: traffic and health check. Default: those of
   * wallarm-nodes and of examples/wallarm-node: 8445, 8448 and 9445 for NGINX nodes, 5080 and 8080 for native ones.
   */
  readonly detectionPorts?: readonly number[];

  /**
   * Networks of web servers and proxies (NGINX, Envoy, Istio, Traefik) that may send HTTP mirrors to the ALB on port 8445.
   * Default: none.
   */
  readonly httpMirrorCidrs?: readonly string[];

  /** Seconds that the ALB keeps an idle connection; the rebuilders close theirs earlier. */
  readonly albIdleTimeout?: number;

  /** S3 bucket for access logs of the ALB. Off by default: they hold the URLs of your traffic. */
  readonly albAccessLogs?: {
    readonly bucket: string;
    readonly prefix?: string;
  };

  /**
   * Local tarball of the service, built by `npm run package`. It is uploaded to a private bucket and checked by its SHA-256 on
   * each instance.
   */
  readonly artifactFile?: string;

  /**
   * Tarball that is in S3 already, like s3://bucket/rebuilder/vpc-mirror-1.2.tar.gz; instead of artifact_file. artifact_sha256 is
   * needed with it. Keep the previous one in the same folder, which the instances may read: it is needed if the new one fails.
   */
  readonly artifactS3Uri?: string;

  /** SHA-256 of the tarball at artifact_s3_uri: 64 hexadecimal digits, from the .sha256 file that `npm run package` writes. */
  readonly artifactSha256?: string;

  /**
   * How many earlier tarballs of artifact_file stay in the bucket, so that the version before can still start while a new one
   * comes up, or when it fails.
   */
  readonly artifactVersionsKept?: number;

  /**
   * Whether the tarball brings Node itself (`npm run package -- --with-node`). Otherwise the instances install nodejs24 from the
   * Amazon Linux repository.
   */
  readonly artifactIncludesNode?: boolean | IResolvable;

  /** Processor of the rebuilders: arm64 or x86_64. */
  readonly architecture?: 'arm64' | 'x86_64';

  /** Instance type of the rebuilders. Default: c7g.large for arm64, c7i.large for x86_64. */
  readonly instanceType?: string;

  /**
   * Amazon Linux 2023 image of your choice. Default: the one that was the newest when this module was first applied, by its
   * public SSM parameter; ami_update changes it.
   */
  readonly amiId?: string;

  /**
   * Whether the instances follow the newest Amazon Linux 2023 image: then any apply after Amazon published one replaces them.
   * Otherwise they keep theirs, whatever else an apply changes. Switching it, either way, takes the newest image once.
   */
  readonly amiUpdate?: boolean | IResolvable;

  /**
   * Root volume of the instances: size_gib (10), and kms_key_id, the ARN of a key of yours (default: the account's EBS key; it is
   * always encrypted). EC2 Auto Scaling is then granted the use of the key, unless kms_grant is false because its policy allows
   * it already.
   */
  readonly rootVolume?: {
    readonly sizeGib?: string | number | boolean;
    readonly kmsKeyId?: string | number | boolean;
    readonly kmsGrant?: string | number | boolean;
  };

  /**
   * Service-linked role of EC2 Auto Scaling, if it is not the account's default one (AWSServiceRoleForAutoScaling); for example
   * one that a KMS key's policy names.
   */
  readonly serviceLinkedRoleArn?: string;

  /** Smallest number of rebuilders; 2 at least, so that one may fail or be replaced. */
  readonly minSize?: number;

  /** Largest number of rebuilders. */
  readonly maxSize?: number;

  /**
   * Target tracking: cpu_percent, the average CPU; network_in_bytes_per_minute, the average bytes in of an instance; or both: the
   * larger answer then wins. null: no scaling.
   */
  readonly scaling?: {
    readonly cpuPercent?: number;
    readonly networkInBytesPerMinute?: number;
  };

  /** How long an instance that is to go keeps running after the load balancer has taken its flows away, to deliver what it holds. */
  readonly drainSeconds?: number;

  /**
   * Whether an apply waits until the new rebuilders answer their health check, and fails if they do not; those of the version
   * before keep running then. false: they go at once, whatever becomes of the new ones.
   */
  readonly waitForHealthy?: boolean | IResolvable;

  /** Lets operators open a shell with AWS Systems Manager Session Manager. Off by default; no SSH port is ever opened. */
  readonly ssmEnabled?: boolean | IResolvable;

  /**
   * Networks that the rebuilders may reach on TCP/443: S3, CloudWatch and the Amazon Linux repository. Narrow it when VPC
   * endpoints are used.
   */
  readonly httpsEgressCidrs?: readonly string[];

  /**
   * Prefix lists that the rebuilders may reach on TCP/443, such as that of the VPC's S3 gateway endpoint (its attribute
   * prefix_list_id). With https_egress_cidrs, the networks of interface endpoints, a VPC needs no way to the internet.
   */
  readonly httpsEgressPrefixListIds?: readonly string[];

  /** Path of the role and the instance profile, where an organisation's policies want one. */
  readonly iamPath?: string;

  /** Policy that bounds what the role may ever do, where an organisation's policies want one. */
  readonly iamPermissionsBoundaryArn?: string;

  /**
   * Further policies for the instances' role, keyed by a word of yours; for example kms:Decrypt for an artifact under a key of
   * yours.
   */
  readonly iamPolicyArns?: Readonly<Record<string, string>> | IResolvable;

  /** Configuration of the rebuilder, written to /etc/vpc-mirror/wallarm-node-conf.yaml. Names are those of the file. */
  readonly config?: {
    readonly vniFilter?: readonly number[];
    readonly ignoreIps?: readonly {
      readonly subnets: readonly string[];
      readonly matchType?: 'src' | 'dst' | 'src_or_dst' | 'src_and_dst';
    }[];
    readonly responseTimeout?: string;
    readonly proxyHeaders?: readonly {
      readonly trustedNetworks: readonly string[];
      readonly originalHost?: readonly string[];
      readonly realIp?: readonly string[];
    }[];
    readonly proxyProtocol?: readonly {
      readonly trustedNetworks: readonly string[];
      readonly ports: readonly number[];
    }[];
    readonly routesOff?: readonly string[];
    readonly logLevel?: 'debug' | 'info' | 'warn' | 'error';
  };

  /**
   * Any further keys of the configuration file, as the file has them; for example { limits = { memory = "1GiB" }, forward = {
   * sample = 0.5 } }. A key given here replaces the one made from other inputs; sections are joined. A key that the file does not
   * have is an error.
   */
  readonly configExtra?: unknown;

  /**
   * Keeps each request, and its response with responses_mirrored, in a private bucket made for it, with a table over it for
   * Athena (docs/queries.md). {} for the defaults: objects go after expiration_days (30), are encrypted by S3 itself or with the
   * KMS key kms_key_arn, and are written every interval (5m). With force_destroy the bucket goes with all that is in it. They
   * hold what clients sent: name secrets in config_extra.forward.redact.
   */
  readonly exchanges?: {
    readonly expirationDays?: number;
    readonly kmsKeyArn?: string;
    readonly interval?: string;
    readonly forceDestroy?: boolean | IResolvable;
  };

  /**
   * Name of an SSM SecureString parameter with the key of the loop marker, shared by all rebuilders of a deployment. Default:
   * each process makes its own.
   */
  readonly loopKeyParameter?: string;

  /** Days that CloudWatch keeps the rebuilders' logs. */
  readonly logRetentionInDays?: 1 | 3 | 5 | 7 | 14 | 30 | 60 | 90 | 120 | 150 | 180 | 365 | 400 | 545 | 731 | 1096 | 1827 | 2192 | 2557 | 2922 | 3288 | 3653;

  /** KMS key for the log groups; its policy must allow CloudWatch Logs. Default: encrypted by the service. */
  readonly logKmsKeyArn?: string;

  /** Whether a CloudWatch dashboard is made. */
  readonly dashboardEnabled?: boolean | IResolvable;

  /** Whether CloudWatch alarms are made. */
  readonly alarmsEnabled?: boolean | IResolvable;

  /**
   * Whether silence is an alarm, too: no packet arrives, packets are lost on the way, a rebuilder does not report, a source with
   * a session is not mirrored. Switch it off for systems that are idle for hours by nature.
   */
  readonly silenceAlarmsEnabled?: boolean | IResolvable;

  /**
   * From where on an alarm goes off: requests_lost (0; of exchanges for native nodes, too), datagrams_lost (0), skipped_bytes
   * (0), second_readings (0; requests that servers may read in two ways, and readings beyond the limit), of all rebuilders
   * together in a minute; busiest_percent (85), of the busiest one; silent_minutes (30), of silence.
   */
  readonly alarmThresholds?: {
    readonly requestsLost?: number;
    readonly datagramsLost?: number;
    readonly skippedBytes?: number;
    readonly secondReadings?: number;
    readonly busiestPercent?: number;
    readonly silentMinutes?: number;
  };

  /** ARNs that an alarm notifies when it goes off and when it is over, such as an SNS topic's. */
  readonly alarmActions?: readonly string[];
}

/** Where the variables have names of their own inside. */
const SHAPES: Readonly<Record<string, Shape>> = {
  gateway_load_balancer: { allowed_principals: 0 },
  ext_proc: { target_group_arn: 0, endpoint: 0, server_name: 0, ca_pem: 0, beside_http: 0 },
  alb_access_logs: { bucket: 0, prefix: 0 },
  root_volume: { size_gib: 0, kms_key_id: 0, kms_grant: 0 },
  scaling: { cpu_percent: 0, network_in_bytes_per_minute: 0 },
  config: { vni_filter: 0, ignore_ips: [{ subnets: 0, match_type: 0 }], response_timeout: 0, proxy_headers: [{ trusted_networks: 0, original_host: 0, real_ip: 0 }], proxy_protocol: [{ trusted_networks: 0, ports: 0 }], routes_off: 0, log_level: 0 },
  exchanges: { expiration_days: 0, kms_key_arn: 0, interval: 0, force_destroy: 0 },
  alarm_thresholds: { requests_lost: 0, datagrams_lost: 0, skipped_bytes: 0, second_readings: 0, busiest_percent: 0, silent_minutes: 0 },
};

/** NLB, rebuilders and ALB: mirrored packets in, HTTP requests out. Wraps modules/vpc-mirror-rebuild. */
export class VpcMirrorRebuild extends LocalModule {
  /** ARN of the NLB: the target of the mirror sessions. */
  readonly nlbArn: string;
  /** DNS name of the NLB. */
  readonly nlbDnsName: string;
  /**
   * Name of the endpoint service, for an endpoint of the type GatewayLoadBalancer in the VPC of the sources; null without
   * gateway_load_balancer.
   */
  readonly gatewayLoadBalancerEndpointServiceName: string;
  /** Target group of the rebuilders (UDP/4789, health check on 9445). */
  readonly targetGroupArn: string;
  /** Where the rebuilders deliver requests, and where web servers may send their own HTTP mirrors: http://host:8445. */
  readonly mirrorEndpoint: string;
  /** L4 path for what an ALB would refuse or change; empty when there is none. */
  readonly rawEndpoint: string;
  /** Where whole exchanges are delivered to native nodes; empty when there are none. */
  readonly extProcEndpoint: string;
  /** ARN of the internal ALB; null when mirror_endpoint was given. */
  readonly albArn: string;
  /** DNS name of the internal ALB; null when mirror_endpoint was given. */
  readonly albDnsName: string;
  /** Ready configuration for web servers that mirror HTTP themselves, by product: nginx, envoy, istio, haproxy, traefik. */
  readonly mirrorSnippets: { readonly nginx: string; readonly envoy: string; readonly istio: string; readonly haproxy: string; readonly traefik: string };
  /** Name of the rebuilders' Auto Scaling group. */
  readonly autoscalingGroupName: string;
  /** Launch template of the rebuilders. */
  readonly launchTemplateId: string;
  /** Role of the rebuilders. */
  readonly iamRoleArn: string;
  /**
   * Security groups by what they guard: rebuilder, nlb, alb (null without one). Interfaces in the rebuilder group must never be
   * mirrored.
   */
  readonly securityGroupIds: { readonly rebuilder: string; readonly nlb: string; readonly alb: string };
  /** The cloud-init script of the instances, for review. It holds no secret. */
  readonly userData: string;
  /** The configuration file of the rebuilders as written to their disk. */
  readonly configYaml: string;
  /** The tarball that the instances install: its S3 URI and SHA-256. */
  readonly artifact: { readonly s3Uri: string; readonly sha256: string };
  /** `rebuild` of a description for the command vpc-mirror: what it looks at in `doctor` and `status`. */
  readonly description: IResolvable;
  /**
   * Where the exchanges are: bucket, prefix, and the database and table for Athena; bucket, database and table are null without
   * them.
   */
  readonly exchanges: { readonly bucket: string; readonly prefix: string; readonly database: string; readonly table: string };
  /** CloudWatch log group of the rebuilders. */
  readonly logGroupName: string;
  /** CloudWatch namespace of the rebuilders' own metrics. */
  readonly metricsNamespace: string;
  /** Name of the CloudWatch dashboard; null when switched off. */
  readonly dashboardName: string;
  /** Names of the CloudWatch alarms, by what they watch. */
  readonly alarmNames: Record<string, string>;

  constructor(scope: Construct, id: string, props: VpcMirrorRebuildProps) {
    super(scope, id, 'modules/vpc-mirror-rebuild', { ...props }, SHAPES);
    this.nlbArn = this.getString('nlb_arn');
    this.nlbDnsName = this.getString('nlb_dns_name');
    this.gatewayLoadBalancerEndpointServiceName = this.getString('gateway_load_balancer_endpoint_service_name');
    this.targetGroupArn = this.getString('target_group_arn');
    this.mirrorEndpoint = this.getString('mirror_endpoint');
    this.rawEndpoint = this.getString('raw_endpoint');
    this.extProcEndpoint = this.getString('ext_proc_endpoint');
    this.albArn = this.getString('alb_arn');
    this.albDnsName = this.getString('alb_dns_name');
    this.mirrorSnippets = { nginx: this.field('mirror_snippets', 'nginx'), envoy: this.field('mirror_snippets', 'envoy'), istio: this.field('mirror_snippets', 'istio'), haproxy: this.field('mirror_snippets', 'haproxy'), traefik: this.field('mirror_snippets', 'traefik') };
    this.autoscalingGroupName = this.getString('autoscaling_group_name');
    this.launchTemplateId = this.getString('launch_template_id');
    this.iamRoleArn = this.getString('iam_role_arn');
    this.securityGroupIds = { rebuilder: this.field('security_group_ids', 'rebuilder'), nlb: this.field('security_group_ids', 'nlb'), alb: this.field('security_group_ids', 'alb') };
    this.userData = this.getString('user_data');
    this.configYaml = this.getString('config_yaml');
    this.artifact = { s3Uri: this.field('artifact', 's3_uri'), sha256: this.field('artifact', 'sha256') };
    this.description = this.interpolationForOutput('description');
    this.exchanges = { bucket: this.field('exchanges', 'bucket'), prefix: this.field('exchanges', 'prefix'), database: this.field('exchanges', 'database'), table: this.field('exchanges', 'table') };
    this.logGroupName = this.getString('log_group_name');
    this.metricsNamespace = this.getString('metrics_namespace');
    this.dashboardName = this.getString('dashboard_name');
    this.alarmNames = this.strings('alarm_names');
  }
}
