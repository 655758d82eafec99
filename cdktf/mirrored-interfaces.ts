// Written by generate.ts from the module's variables.tf and outputs.tf: change those, and run `npx tsx cdktf/generate.ts`.
/* eslint @stylistic/max-len: "off" -- one line a variable */
import type { IResolvable } from 'cdktn';
import type { Construct } from 'constructs';
import { LocalModule } from './local-module.ts';
import type { Shape } from './terraform-names.ts';

export interface MirroredInterfacesProps {
  /** Auto Scaling groups, by name: every interface of their instances. */
  readonly byAsg?: readonly string[];

  /**
   * EKS clusters, keyed by a word: every interface of the nodes of these managed node groups, or of all managed node groups of
   * the cluster if none is named. `nodes = "all"`: also the nodes that Karpenter, Auto Mode or you yourself started, by the
   * cluster's tags.
   */
  readonly byEks?: Readonly<Record<string, {
    readonly clusterName: string;
    readonly nodeGroupNames?: readonly string[];
    readonly nodes?: 'managed' | 'all';
  }>> | IResolvable;

  /**
   * Load balancers, keyed by a word. `classic`: the Classic Load Balancer's own interfaces. `application` and `network`: the
   * interfaces of its targets, because its own carry TLS or cannot be mirrored. Targets that an Auto Scaling group registers are
   * found, if the target group has a tag or is named in `target_group_names`; name the others in `target_instance_ids` or
   * `target_ips`. `mirror = "interfaces"` or `"both"` tries the load balancer's own interfaces: AWS's pages disagree on whether
   * it mirrors an Application Load Balancer's.
   */
  readonly byElb?: Readonly<Record<string, {
    readonly name: string;
    readonly type?: 'classic' | 'application' | 'network';
    readonly mirror?: 'targets' | 'interfaces' | 'both';
    readonly targetGroupNames?: readonly string[];
    readonly targetInstanceIds?: readonly string[];
    readonly targetIps?: readonly string[];
  }>> | IResolvable;

  /** Instances, by id: every interface attached to them. */
  readonly byInstance?: readonly string[];

  /** Subnets, by id: every interface of an instance in them. */
  readonly bySubnet?: readonly string[];

  /**
   * Tags, keyed by a word: every interface that carries all of them (`resource = "network-interface"`), or whose instance does
   * (`resource = "instance"`, the default: Auto Scaling tags instances, not their interfaces). A value may hold the wildcards *
   * and ?.
   */
  readonly byTags?: Readonly<Record<string, {
    readonly tags: Readonly<Record<string, string>> | IResolvable;
    readonly resource?: 'instance' | 'network-interface';
  }>> | IResolvable;

  /**
   * Interfaces, by id, keyed by a word of yours. One that AWS will not mirror is an error here, not an entry of `refused`. An
   * interface that is created in the same apply works if this call of the module has no other profile, and if the id comes from
   * an attribute that waits for its instance, such as `aws_instance.web.primary_network_interface_id`.
   */
  readonly byId?: Readonly<Record<string, string>> | IResolvable;

  /**
   * Interfaces, by id, keyed by a word of yours, that belong to an AWS service and to no instance of yours (a Fargate task, for
   * example). AWS's pages disagree on whether it mirrors them: nothing is checked but the form of the id, and the API answers.
   */
  readonly byIdWithoutInstance?: Readonly<Record<string, string>> | IResolvable;

  /** Keep to this VPC. null: all VPCs of the account and region. */
  readonly vpcId?: string;

  /** Of each instance, only the interface at device index 0. EKS nodes and appliances carry traffic on the others too. */
  readonly primaryNetworkInterfaceOnly?: boolean | IResolvable;

  /** Interfaces that no profile may pick. */
  readonly excludedNetworkInterfaceIds?: readonly string[];

  /** Instances whose interfaces no profile may pick. */
  readonly excludedInstanceIds?: readonly string[];

  /**
   * No profile may pick an interface that carries one of these tags, or whose instance does; an empty list means any value. The
   * default is how the rebuilders and the detection nodes are marked: mirroring them would mirror the mirror. Keep it when you
   * add your own.
   */
  readonly excludedTags?: Readonly<Record<string, readonly string[]>> | IResolvable;

  /**
   * Instance families, such as "m8g", that are tried although the dated list of this module says that AWS does not mirror them:
   * AWS's answer decides.
   */
  readonly treatAsMirrorable?: readonly string[];
}

/** Where the variables have names of their own inside. */
const SHAPES: Readonly<Record<string, Shape>> = {
  by_eks: { '*': { cluster_name: 0, node_group_names: 0, nodes: 0 } },
  by_elb: { '*': { name: 0, type: 0, mirror: 0, target_group_names: 0, target_instance_ids: 0, target_ips: 0 } },
  by_tags: { '*': { tags: 0, resource: 0 } },
};

/** The interfaces to mirror, picked by profiles; those that AWS does not mirror are left out and named. Wraps enis. */
export class MirroredInterfaces extends LocalModule {
  /**
   * The interfaces to mirror, keyed by their id (those of by_id by their word), with every profile that picked them and a note
   * where AWS's own pages do not say whether it mirrors them. Made for the sessions module's input of the same name.
   */
  readonly networkInterfaces: IResolvable;
  /** Interfaces that a profile found and that are left out: id to reason. */
  readonly refused: Record<string, string>;
  /** Profile entries that found no interface at all, such as "by_asg shop". */
  readonly unmatched: string[];
  /**
   * Target groups that an Auto Scaling group of the region names and that by_elb left alone, because they carry no tag, or are
   * gone. If one of them stands behind a load balancer of by_elb, name it in target_group_names.
   */
  readonly uncheckedTargetGroups: string[];
  /** The day on which the list of mirrorable instance types was read. */
  readonly mirrorableListDate: string;
  /**
   * The inputs as given: `interfaces` of a description for the command vpc-mirror and for the reconciler, which pick and refuse
   * the same.
   */
  readonly selectors: IResolvable;

  constructor(scope: Construct, id: string, props: MirroredInterfacesProps = {}) {
    super(scope, id, 'enis', { ...props }, SHAPES);
    this.networkInterfaces = this.interpolationForOutput('network_interfaces');
    this.refused = this.strings('refused');
    this.unmatched = this.getList('unmatched');
    this.uncheckedTargetGroups = this.getList('unchecked_target_groups');
    this.mirrorableListDate = this.getString('mirrorable_list_date');
    this.selectors = this.interpolationForOutput('selectors');
  }
}
