import { TerraformOutput, TerraformStack, TerraformVariable, Token } from 'cdktn';
import type { Construct } from 'constructs';
import { AwsProvider } from './aws-provider.ts';
import { MirroredInterfaces, type MirroredInterfacesProps } from './mirrored-interfaces.ts';
import { VpcMirrorRebuild, type VpcMirrorRebuildProps } from './vpc-mirror-rebuild.ts';
import { VpcMirrorSessions, type VpcMirrorSessionsProps } from './vpc-mirror-sessions.ts';
import { WallarmNodes, type WallarmNodesProps } from './wallarm-nodes.ts';

/**
 * Nobody but the load balancers and the rebuilders reaches a node. By reference, because the rebuilders in turn name
 * the nodes. Native nodes have no ALB.
 */
const senders = (kind: 'nginx' | 'native'): Record<string, string> =>
  Object.fromEntries((kind === 'native' ? ['nlb', 'rebuilder'] : ['alb', 'nlb', 'rebuilder']).map((word) => [word, `\${module.rebuild.security_group_ids.${word}}`]));

type Place = 'namePrefix' | 'tags' | 'vpcId' | 'subnetIds' | 'iamPath' | 'iamPermissionsBoundaryArn';

type NodeSettings = Omit<WallarmNodesProps, Place | 'kind' | 'token' | 'sourceSecurityGroupIds'>;

interface NativeNodeSettings extends NodeSettings {
  /** The name in the nodes' certificate. */
  readonly serverName: string;
  /** The authority that signed it, as PEM, if it is not a public one. */
  readonly caPem?: string;
  readonly certificate: NonNullable<WallarmNodesProps['certificate']>;
}

export interface VpcMirrorStackProps {
  /** AWS region of the mirrored instances. */
  readonly region: string;
  /** Prefix of every name; two deployments in one account need two. Default: vpc-mirror */
  readonly namePrefix?: string;
  /** Tags for every resource. */
  readonly tags?: Readonly<Record<string, string>>;
  /** VPC of the mirrored instances; rebuilders and nodes are put there too. */
  readonly vpcId: string;
  /**
   * Private subnets in two Availability Zones at least, with a way out (NAT) to the Wallarm Cloud, S3 and CloudWatch.
   */
  readonly privateSubnetIds: readonly string[];
  /** Path of the roles and instance profiles, where an organisation's policies want one. Default: / */
  readonly iamPath?: string;
  /** Policy that bounds what the roles may ever do, where an organisation's policies want one. Default: none */
  readonly iamPermissionsBoundaryArn?: string;

  /** Which interfaces are mirrored: any profiles, together or alone, such as `{ byAsg: ['shop-web'] }`. */
  readonly interfaces: Omit<MirroredInterfacesProps, 'vpcId'>;
  /** Networks of the mirrored interfaces; only they may send packets to the rebuilders. */
  readonly mirroredCidrs: readonly string[];
  /**
   * TCP ports, or ranges such as '8080-8090', on which the mirrored instances take plain HTTP; five at most, two with
   * responses, and twice as many without IPv6. Default: 80
   */
  readonly mirroredPorts?: readonly (number | string)[];
  /** Mirror requests that come over IPv6, too. Default: true */
  readonly ipv6Enabled?: boolean;
  /** Mirror the responses too. Default: true with native nodes, which inspect them, else false */
  readonly responsesMirrored?: boolean;
  /**
   * Sessions that follow the fleet: a Lambda function makes and removes all of them. `artifactFile`:
   * dist/vpc-mirror-reconciler.zip, which `npm run package` builds. Default: Terraform makes them, and they are as old
   * as the last deploy.
   */
  readonly reconcile?: Omit<NonNullable<VpcMirrorSessionsProps['reconcile']>, 'interfaces'>;
  /** Accept that no interface is picked, for a group scaled to zero. Default: false */
  readonly allowNoNetworkInterfaces?: boolean;
  /** VXLAN network identifier of the sessions; rebuilders take no other. Default: 1377 */
  readonly virtualNetworkId?: number;
  /** Networks of load balancers in front of the mirrored instances, whose X-Forwarded-For names the client. */
  readonly proxyCidrs?: readonly string[];

  /**
   * Nodes that exist already, or settings of new Wallarm nodes: NGINX nodes, which take requests, or native ones, which
   * take whole exchanges over TLS. Their token is in the secret `tokenSecretArn`; without one it is the Terraform
   * variable `token` (TF_VAR_token), and lands in the state.
   */
  readonly detection:
    | { readonly mirrorEndpoint: string }
    | { readonly wallarm: NodeSettings }
    | { readonly native: NativeNodeSettings };

  /** Anything else of the rebuilders: the artifact, sizes, alarms, configuration. */
  readonly rebuild: Omit<VpcMirrorRebuildProps, Place | 'mirroredCidrs' | 'mirrorEndpoint' | 'detectionTargetGroupArn' | 'rawTargetGroupArn' | 'extProc' | 'detectionPorts'>;
}

/**
 * All of examples/vpc-mirror: chosen interfaces, mirror sessions, rebuilders, and Wallarm nodes or an endpoint that
 * exists.
 */
export class VpcMirrorStack extends TerraformStack {
  readonly interfaces: MirroredInterfaces;
  readonly rebuild: VpcMirrorRebuild;
  readonly sessions: VpcMirrorSessions;
  /** Undefined with an endpoint that exists. */
  readonly nodes: WallarmNodes | undefined;

  constructor(scope: Construct, id: string, props: VpcMirrorStackProps) {
    super(scope, id);
    const { namePrefix = 'vpc-mirror', tags = {}, vpcId, virtualNetworkId = 1377 } = props;
    const { responsesMirrored = 'native' in props.detection } = props;
    const { iamPath = '/', iamPermissionsBoundaryArn: boundary } = props;
    const roles = { iamPath, ...boundary === undefined ? {} : { iamPermissionsBoundaryArn: boundary } };
    const place = { tags, vpcId, subnetIds: props.privateSubnetIds, ...roles };
    new AwsProvider(this, 'aws', { region: props.region });

    this.interfaces = new MirroredInterfaces(this, 'enis', { ...props.interfaces, vpcId });
    const { nodes, detection } = this.#detection(props.detection, { ...place, namePrefix: `${namePrefix}-node` });
    this.nodes = nodes;
    const proxies = props.proxyCidrs === undefined ? {} : { proxyHeaders: [{ trustedNetworks: props.proxyCidrs, realIp: ['X-Forwarded-For'] }] };
    this.rebuild = new VpcMirrorRebuild(this, 'rebuild', {
      responsesMirrored, ...props.rebuild, ...place, ...detection, namePrefix, mirroredCidrs: props.mirroredCidrs,
      config: { vniFilter: [virtualNetworkId], ...proxies, ...props.rebuild.config },
    });
    this.sessions = new VpcMirrorSessions(this, 'sessions', {
      namePrefix,
      tags,
      ...roles,
      networkInterfaces: props.reconcile === undefined ? this.interfaces.networkInterfaces : {},
      ...(props.reconcile === undefined
        ? {}
        : { reconcile: { ...props.reconcile, interfaces: this.interfaces.selectors } }),
      allowNoNetworkInterfaces: props.allowNoNetworkInterfaces ?? false,
      networkLoadBalancerArn: this.rebuild.nlbArn,
      virtualNetworkId,
      mirrorResponses: responsesMirrored,
      ports: (props.mirroredPorts ?? [80]).map(String),
      ipv6Enabled: props.ipv6Enabled ?? true,
    });
    this.#outputs(props.region);
  }

  /** The nodes, and what the rebuilders are told of them. */
  #detection(wanted: VpcMirrorStackProps['detection'], place: Pick<WallarmNodesProps, Place>): {
    readonly nodes: WallarmNodes | undefined;
    readonly detection: Pick<VpcMirrorRebuildProps, 'mirrorEndpoint' | 'detectionTargetGroupArn' | 'rawTargetGroupArn' | 'extProc' | 'detectionPorts'>;
  } {
    if ('mirrorEndpoint' in wanted) return { nodes: undefined, detection: { mirrorEndpoint: wanted.mirrorEndpoint } };
    const build = (kind: 'nginx' | 'native', settings: NodeSettings): WallarmNodes =>
      new WallarmNodes(this, 'nodes', {
        ...settings,
        ...place,
        kind,
        sourceSecurityGroupIds: senders(kind),
        ...(settings.tokenSecretArn === undefined ? { token: this.#token() } : {}),
      });
    if ('wallarm' in wanted) {
      const nodes = build('nginx', wanted.wallarm);
      const groups = { detectionTargetGroupArn: nodes.httpTargetGroupArn, rawTargetGroupArn: nodes.rawTargetGroupArn };
      return { nodes, detection: { ...groups, detectionPorts: [8445, 8448] } };
    }
    const { serverName, caPem, ...settings } = wanted.native;
    const nodes = build('native', settings);
    const extProc = {
      targetGroupArn: nodes.extProcTargetGroupArn,
      serverName,
      ...(caPem === undefined ? {} : { caPem }),
    };
    return { nodes, detection: { extProc, detectionPorts: [5080, 8080] } };
  }

  #token(): string {
    const variable = new TerraformVariable(this, 'token', {
      type: 'string', sensitive: true,
      description: 'Wallarm token: an API token of the usage type Node deployment/Deployment, or a node token (TF_VAR_token)',
    });
    return variable.stringValue;
  }

  #outputs(region: string): void {
    const output = (name: string, description: string, value: unknown): void => {
      new TerraformOutput(this, name, { description, value: Token.asAny(value) });
    };
    output('mirrored', 'Interfaces that are mirrored as of this deploy.', '${keys(module.enis.network_interfaces)}');
    output('not_mirrored', 'Interfaces found that AWS does not mirror, with the reason; and profile entries that found nothing.', {
      refused: this.interfaces.refused, unmatched: this.interfaces.unmatched,
    });
    const nodesGroup = this.nodes === undefined ? '' : ', { nodes_autoscaling_group_name = module.nodes.autoscaling_group_name }';
    output('vpc_mirror', 'The mirror as the command vpc-mirror reads it: terraform output -json vpc_mirror > vpc_mirror.json', {
      region, interfaces: this.interfaces.selectors, sessions: '${module.sessions.description.sessions}',
      rebuild: `\${merge(module.rebuild.description${nodesGroup})}`,
    });
    output('mirror_endpoint', 'Where requests are delivered.', this.rebuild.mirrorEndpoint);
    // As a whole: with native nodes there is none, and asking for one of them would end the plan.
    output('mirror_snippets', 'Configuration for web servers that mirror HTTP themselves.', '${module.rebuild.mirror_snippets}');
    output('rebuilders', 'Auto Scaling group, log group and dashboard of the rebuilders.', {
      autoscaling_group: this.rebuild.autoscalingGroupName,
      log_group: this.rebuild.logGroupName,
      dashboard: this.rebuild.dashboardName,
    });
    if (this.nodes !== undefined) output('nodes_autoscaling_group', 'The nodes\' Auto Scaling group.', this.nodes.autoscalingGroupName);
  }
}
