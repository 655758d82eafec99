// Written by generate.ts from the module's variables.tf and outputs.tf: change those, and run `npx tsx cdktf/generate.ts`.
import type { IResolvable } from 'cdktf';
import type { Construct } from 'constructs';
import { LocalModule } from './local-module.ts';

export interface WallarmNodesProps {
  /** Name of the nodes, and prefix of what belongs to them. */
  readonly namePrefix?: string;

  /** Tags for every resource. */
  readonly tags?: Readonly<Record<string, string>> | IResolvable;

  /** VPC of the nodes. */
  readonly vpcId: string;

  /**
   * Private subnets of the nodes, with a way out to the Wallarm Cloud. Their networks are also those that the nodes take requests
   * and X-Forwarded-For from: give the subnets of the rebuilders and of the ALB.
   */
  readonly subnetIds: readonly string[];

  /**
   * Wallarm token: of a node of the type Wallarm node, or an API token of the role Deploy. It lands in the Terraform state and in
   * the nodes' user data.
   */
  readonly token: string;

  /** Wallarm API: api.wallarm.com (EU Cloud), us1.api.wallarm.com (US Cloud). */
  readonly host?: string;

  /** Version of the node's image in AWS Marketplace, which must be subscribed to. */
  readonly nodeVersion?: string;

  /** "mirror" for images that have this preset (4.x); "custom" for newer ones, which take their NGINX configuration from here. */
  readonly preset?: string;

  /** WALLARM_LABELS of the nodes, such as { group = "shop" }. They count with an API token. */
  readonly labels?: Readonly<Record<string, string>> | IResolvable;

  /** Only API Discovery: attacks are not sent to the Wallarm Cloud. Node 5.3.7 and newer. */
  readonly apiDiscoveryOnly?: boolean | IResolvable;

  /** Image of the nodes. Default (empty): the newest Marketplace image of node_version. */
  readonly amiId?: string;

  /** Instance type of the nodes; the Marketplace image is for x86_64. */
  readonly instanceType?: string;

  /** Smallest number of nodes. */
  readonly minSize?: number;

  /** Largest number of nodes. */
  readonly maxSize?: number;

  /** Networks that the nodes may reach: the Wallarm Cloud's addresses are in the example's README. */
  readonly outboundCidrs?: readonly string[];
}

/** Wallarm nodes that take mirrored requests. Wraps modules/wallarm-nodes. */
export class WallarmNodes extends LocalModule {
  /** Target group of the nodes for the ALB: detection_target_group_arn of vpc-mirror-rebuild. */
  readonly httpTargetGroupArn: string;

  /** Target group of the nodes for the NLB: raw_target_group_arn of vpc-mirror-rebuild. */
  readonly rawTargetGroupArn: string;

  /** The nodes' Auto Scaling group. */
  readonly autoscalingGroupName: string;

  constructor(scope: Construct, id: string, props: WallarmNodesProps) {
    super(scope, id, 'modules/wallarm-nodes', {
      name_prefix: props.namePrefix,
      tags: props.tags,
      vpc_id: props.vpcId,
      subnet_ids: props.subnetIds,
      token: props.token,
      host: props.host,
      node_version: props.nodeVersion,
      preset: props.preset,
      labels: props.labels,
      api_discovery_only: props.apiDiscoveryOnly,
      ami_id: props.amiId,
      instance_type: props.instanceType,
      min_size: props.minSize,
      max_size: props.maxSize,
      outbound_cidrs: props.outboundCidrs,
    });
    this.httpTargetGroupArn = this.getString('http_target_group_arn');
    this.rawTargetGroupArn = this.getString('raw_target_group_arn');
    this.autoscalingGroupName = this.getString('autoscaling_group_name');
  }
}
