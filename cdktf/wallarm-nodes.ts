// Written by generate.ts from the module's variables.tf and outputs.tf: change those, and run `npx tsx cdktf/generate.ts`.
/* eslint @stylistic/max-len: "off" -- one line a variable */
import type { IResolvable } from 'cdktn';
import type { Construct } from 'constructs';
import { LocalModule } from './local-module.ts';
import type { Shape } from './terraform-names.ts';

export interface WallarmNodesProps {
  /**
   * "nginx": NGINX nodes, which take requests over HTTP on 8445. "native": native nodes, which take whole exchanges, responses
   * included, over gRPC on 5080 (`mode: envoy-external-filter`).
   */
  readonly kind?: 'nginx' | 'native';

  /** Name of the nodes, and prefix of what belongs to them. */
  readonly namePrefix?: string;

  /** Tags for every resource, the instances and their volumes included. The provider's default_tags reach them too. */
  readonly tags?: Readonly<Record<string, string>> | IResolvable;

  /** VPC of the nodes. */
  readonly vpcId: string;

  /**
   * Private subnets of the nodes, with a way out to the Wallarm Cloud. NGINX nodes believe X-Forwarded-For from these networks:
   * give the subnets of the rebuilders and of the ALB.
   */
  readonly subnetIds: readonly string[];

  /**
   * Security groups that may reach the nodes' port and their health check, keyed by a word of yours: those of the load balancers
   * and of the rebuilders. Nobody else may.
   */
  readonly sourceSecurityGroupIds: Readonly<Record<string, string>> | IResolvable;

  /**
   * Networks that the nodes may reach on TCP/443: the Wallarm Cloud (its addresses are in the README of examples/vpc-mirror) and,
   * for secrets, AWS.
   */
  readonly outboundCidrs?: readonly string[];

  /**
   * ARN of the Secrets Manager secret, or of the SSM parameter, that holds the Wallarm token and nothing else: a node reads it
   * when it starts, and it is neither in the Terraform state nor in user data.
   */
  readonly tokenSecretArn?: string;

  /**
   * Wallarm token itself, instead of token_secret_arn. It lands in the Terraform state and in the nodes' user data: whoever may
   * read the state or describe the launch template has it.
   */
  readonly token?: string;

  /** Wallarm API: api.wallarm.com (EU Cloud), us1.api.wallarm.com (US Cloud). */
  readonly host?: string;

  /** What the nodes do with copies: "monitoring" reports attacks, "off" does not look. */
  readonly mode?: 'monitoring' | 'off';

  /** WALLARM_LABELS of the nodes, such as { group = "shop" }. They count with an API token. */
  readonly labels?: Readonly<Record<string, string>> | IResolvable;

  /** Only API Discovery: attacks are not sent to the Wallarm Cloud. NGINX node 5.3.7 and newer, native node 0.12.1 and newer. */
  readonly apiDiscoveryOnly?: boolean | IResolvable;

  /**
   * NGINX nodes: UUIDs of the tenants that the rebuilders' routes name (route_config.wallarm_partner_client_uuid). Requests of
   * other tenants are the node's own.
   */
  readonly tenants?: readonly string[];

  /**
   * NGINX nodes: version of the image in AWS Marketplace, which must be subscribed to: "7", or more exactly "7.1". Also says how
   * a node tells its health, so set it with ami_id too.
   */
  readonly nodeVersion?: string;

  /**
   * NGINX nodes: name of the image, with wildcards. Default: wallarm-node-VERSION-*, as the vendor's own Terraform module looks
   * for it.
   */
  readonly amiName?: string;

  /**
   * Image of the nodes. Default: the newest Marketplace image of node_version; Amazon Linux 2023 for native nodes, which get an
   * installer. The vendor's image of the native node brings one.
   */
  readonly amiId?: string;

  /**
   * Whether the nodes follow the newest image: then any apply after the vendor published one rolls them. Otherwise they keep
   * theirs, whatever else an apply changes. Switching it, either way, takes the newest image once.
   */
  readonly amiUpdate?: boolean | IResolvable;

  /** Processor: x86_64, or arm64 for native nodes with an installer for it. */
  readonly architecture?: 'arm64' | 'x86_64';

  /**
   * Native nodes: their TLS certificate, with the name that clients are told to expect. `secret_arn`: a secret or an SSM
   * parameter that holds, as PEM, the certificate, its chain and the private key, one after another. `acm_certificate_arn`: an
   * exportable certificate of AWS Certificate Manager.
   */
  readonly certificate?: {
    readonly secretArn?: string;
    readonly acmCertificateArn?: string;
  };

  /**
   * Native nodes: the vendor's all-in-one installer for the architecture, and the SHA-256 that it must have. The vendor publishes
   * none: take it of the file that you have looked at. Default: the one in the image.
   */
  readonly installer?: {
    readonly url: string;
    readonly sha256: string;
  };

  /**
   * Native nodes: further keys of their configuration file by their top-level name, as the vendor's all-in-one-conf page has
   * them; a key given here replaces ours.
   */
  readonly config?: unknown;

  /** Instance type of the nodes. The vendor names t3.medium for tests and m4.xlarge for production. */
  readonly instanceType?: string;

  /**
   * Root volume of the instances: size_gib (30), and kms_key_id, the ARN of a key of yours (default: the account's EBS key; it is
   * always encrypted). EC2 Auto Scaling is then granted the use of the key, unless kms_grant is false because its policy allows
   * it already.
   */
  readonly rootVolume?: {
    readonly sizeGib?: string | number | boolean;
    readonly kmsKeyId?: string | number | boolean;
    readonly kmsGrant?: string | number | boolean;
  };

  /** Service-linked role of EC2 Auto Scaling, if it is not the account's default one (AWSServiceRoleForAutoScaling). */
  readonly serviceLinkedRoleArn?: string;

  /** Smallest number of nodes. */
  readonly minSize?: number;

  /** Largest number of nodes. */
  readonly maxSize?: number;

  /**
   * Seconds after which an instance is replaced, so that a renewed certificate reaches it; 86400 at least. Default: 30 days for
   * native nodes, never for NGINX nodes.
   */
  readonly maxInstanceLifetime?: number;

  /**
   * Keys of yours that the secrets are encrypted with; the nodes may decrypt with them, through Secrets Manager and Systems
   * Manager only. Not needed for AWS's own keys.
   */
  readonly kmsKeyArns?: readonly string[];

  /**
   * Further policies for the nodes' role, keyed by a word of yours; for example AmazonSSMManagedInstanceCore for a shell without
   * SSH.
   */
  readonly iamPolicyArns?: Readonly<Record<string, string>> | IResolvable;

  /** Path of the nodes' role and instance profile. */
  readonly iamPath?: string;

  /** Policy that bounds the nodes' role, where the account wants one. */
  readonly iamPermissionsBoundaryArn?: string;
}

/** Where the variables have names of their own inside. */
const SHAPES: Readonly<Record<string, Shape>> = {
  certificate: { secret_arn: 0, acm_certificate_arn: 0 },
  installer: { url: 0, sha256: 0 },
  root_volume: { size_gib: 0, kms_key_id: 0, kms_grant: 0 },
};

/** Wallarm nodes that take mirrored requests. Wraps modules/wallarm-nodes. */
export class WallarmNodes extends LocalModule {
  /** NGINX nodes behind an ALB: detection_target_group_arn of vpc-mirror-rebuild; null for native nodes. */
  readonly httpTargetGroupArn: string;
  /** NGINX nodes behind the NLB: raw_target_group_arn of vpc-mirror-rebuild; null for native nodes. */
  readonly rawTargetGroupArn: string;
  /** Native nodes behind the NLB: ext_proc.target_group_arn of vpc-mirror-rebuild; null for NGINX nodes. */
  readonly extProcTargetGroupArn: string;
  /** Ports that the load balancers connect to, traffic and health check: detection_ports of vpc-mirror-rebuild. */
  readonly ports: number[];
  /** The nodes' Auto Scaling group. */
  readonly autoscalingGroupName: string;
  /** Security group of the nodes. Interfaces in it must never be mirrored. */
  readonly securityGroupId: string;
  /** Role of the nodes. */
  readonly iamRoleArn: string;
  /** The image that the nodes run, kept until ami_update or another input changes it. */
  readonly imageId: string;

  constructor(scope: Construct, id: string, props: WallarmNodesProps) {
    super(scope, id, 'modules/wallarm-nodes', { ...props }, SHAPES);
    this.httpTargetGroupArn = this.getString('http_target_group_arn');
    this.rawTargetGroupArn = this.getString('raw_target_group_arn');
    this.extProcTargetGroupArn = this.getString('ext_proc_target_group_arn');
    this.ports = this.numbers('ports');
    this.autoscalingGroupName = this.getString('autoscaling_group_name');
    this.securityGroupId = this.getString('security_group_id');
    this.iamRoleArn = this.getString('iam_role_arn');
    this.imageId = this.getString('image_id');
  }
}
