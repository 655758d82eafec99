import {
  DescribeAutoScalingGroupsCommand,
  DescribeInstanceRefreshesCommand,
  DescribeScalingActivitiesCommand,
  type Activity,
  type AutoScalingGroup,
  type InstanceRefresh,
} from '@aws-sdk/client-auto-scaling';
import { paginateDescribeAlarms, type MetricAlarm } from '@aws-sdk/client-cloudwatch';
import {
  DescribeNetworkAclsCommand,
  DescribeSecurityGroupsCommand,
  type NetworkAcl,
  type SecurityGroup,
} from '@aws-sdk/client-ec2';
import {
  DescribeListenersCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  type Listener,
  type LoadBalancer,
  type TargetGroup,
  type TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Account } from '../aws/account.ts';
import { CallError } from '../aws/call-error.ts';
import { inChunks } from '../aws/chunks.ts';
import { networkInterfacesBy, type NetworkInterface } from '../aws/network-interfaces.ts';
import type { Description, RebuildSettings } from '../description/description.ts';
import { targetGroupsOf } from '../enis/by-asg.ts';
import type { Picked } from '../enis/selection.ts';
import { look, type Situation } from '../sessions/follow.ts';
import { attributeMap, isCrossZone, targetGroupAttributes } from '../sessions/zones.ts';
import { UsageError } from '../usage-error.ts';
import { recentSum } from './metrics.ts';

/** What an Auto Scaling group did last, the latest first. */
export interface History {
  readonly activities: readonly Activity[];
  readonly refreshes: readonly InstanceRefresh[];
}

interface Balancer {
  readonly balancer: LoadBalancer;
  readonly listeners: readonly Listener[];
  readonly attributes: ReadonlyMap<string, string>;
}

/** A target group, and the picked interfaces to which it sends: an instance's primary one. */
interface Listening {
  readonly targetGroup: TargetGroup;
  readonly servers: readonly NetworkInterface[];
}

/** Everything that the checks look at, read once. null = not there, or not named by the description. */
export interface Facts {
  readonly description: Description;
  readonly rebuild: RebuildSettings;
  readonly situation: Situation;
  readonly nlb: Balancer | null;
  readonly alb: Balancer | null;
  readonly health: Readonly<Record<'rebuilders' | 'nodes' | 'raw' | 'exchanges', readonly TargetHealthDescription[] | null>>;
  readonly group: AutoScalingGroup | null;
  /** Of the nodes. */
  readonly nodesGroup: AutoScalingGroup | null;
  readonly history: Readonly<Record<'rebuilders' | 'nodes', History>>;
  /** Interfaces of the rebuilders. */
  readonly rebuilders: readonly NetworkInterface[];
  /** Target groups in which Auto Scaling registers the mirrored instances: what listens there. */
  readonly listening: readonly Listening[];
  /** Whether a rebuilder in another zone may get a source's packets. */
  readonly isCrossZone: boolean;
  readonly securityGroups: ReadonlyMap<string, SecurityGroup>;
  /** By subnet. */
  readonly acls: ReadonlyMap<string, NetworkAcl>;
  readonly alarms: readonly MetricAlarm[];
  /** Of the last quarter of an hour; null = no datapoint. */
  readonly packetsIn: number | null;
  /** Of the same time: how often a rebuilder's agent has reported; 0 = never. */
  readonly agentDatapoints: number;
}

export function rebuildOf({ rebuild }: Description): RebuildSettings {
  if (rebuild === undefined)
    throw new UsageError(
      'The description has no `rebuild`: give nlb_arn, target_group_arn and autoscaling_group_name at least, or take Terraform\'s output vpc_mirror.',
    );
  return rebuild;
}

export async function readFacts(account: Account, description: Description): Promise<Facts> {
  const rebuild = rebuildOf(description);
  const situation = await look(account, description, { allowEmpty: true, tryAgain: false });
  const sources = situation.selection.picked;
  const groupName = rebuild.autoscaling_group_name;
  const [
    nlb, alb, override, rebuildersHealth, nodes, raw, exchanges, group, nodesGroup, listening, alarms, packetsIn, agent,
  ] = await Promise.all([
    balancer(account, rebuild.nlb_arn),
    balancer(account, rebuild.alb_arn),
    overrideOf(account, rebuild.target_group_arn),
    healthOf(account, rebuild.target_group_arn),
    healthOf(account, rebuild.detection_target_group_arn),
    healthOf(account, rebuild.raw_target_group_arn),
    healthOf(account, rebuild.ext_proc_target_group_arn),
    groupNamed(account, groupName),
    groupNamed(account, rebuild.nodes_autoscaling_group_name),
    listeningGroups(account, sources),
    alarmsNamed(account, `${rebuild.name_prefix}-`),
    recentSum(account, rebuild, 'rebuilder_packets_in_total', 'Sum'),
    recentSum(account, rebuild, 'rebuilder_endpoint_up', 'SampleCount'),
  ]);
  const [ofRebuilders, ofNodes, rebuilders] = await Promise.all([
    historyOf(account, group),
    historyOf(account, nodesGroup),
    networkInterfacesBy(
      account,
      'attachment.instance-id',
      (group?.Instances ?? []).flatMap(({ InstanceId: id }) => id ?? []),
    ),
  ]);
  const groupIds = [
    ...(nlb?.balancer.SecurityGroups ?? []),
    ...(alb?.balancer.SecurityGroups ?? []),
    ...rebuilders.flatMap((eni) => eni.securityGroupIds),
  ];
  const subnets = [
    ...sources.map(({ eni }) => eni.subnetId),
    ...rebuilders.map((eni) => eni.subnetId),
    ...subnetsOf(nlb),
  ];
  const [securityGroups, acls] = await Promise.all([
    inChunks(
      groupIds,
      async (chunk) =>
        (await account.ec2.send(new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-id', Values: chunk }] })))
          .SecurityGroups ?? [],
    ),
    inChunks(
      subnets,
      async (chunk) =>
        (
          await account.ec2.send(
            new DescribeNetworkAclsCommand({ Filters: [{ Name: 'association.subnet-id', Values: chunk }] }),
          )
        ).NetworkAcls ?? [],
    ),
  ]);
  return {
    description,
    rebuild,
    situation,
    nlb,
    alb,
    health: { rebuilders: rebuildersHealth, nodes, raw, exchanges },
    group,
    nodesGroup,
    history: { rebuilders: ofRebuilders, nodes: ofNodes },
    rebuilders,
    listening,
    isCrossZone: isCrossZone(nlb?.attributes ?? new Map(), override ?? new Map()),
    securityGroups: new Map(securityGroups.map((one) => [one.GroupId ?? '', one])),
    acls: new Map(acls.flatMap((acl) => (acl.Associations ?? []).map(({ SubnetId: id }) => [id ?? '', acl] as const))),
    alarms,
    packetsIn,
    agentDatapoints: agent ?? 0,
  };
}

export const subnetsOf = (one: Balancer | null): string[] =>
  (one?.balancer.AvailabilityZones ?? []).flatMap(({ SubnetId: id }) => id ?? []);

async function balancer(account: Account, arn: string | null): Promise<Balancer | null> {
  if (arn === null) return null;
  return orNull(async () => {
    const [found, listeners, attributes] = await Promise.all([
      account.elbv2.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] })),
      account.elbv2.send(new DescribeListenersCommand({ LoadBalancerArn: arn })),
      account.elbv2.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: arn })),
    ]);
    const one = found.LoadBalancers?.[0];
    if (one === undefined) return null;
    return {
      balancer: one,
      listeners: listeners.Listeners ?? [],
      attributes: attributeMap(attributes.Attributes),
    };
  });
}

/** All of them: AWS gives fifty at a time, and a prefix may be that of other deployments' alarms too. */
export async function alarmsNamed({ cloudWatch }: Account, prefix: string): Promise<MetricAlarm[]> {
  const found: MetricAlarm[] = [];
  for await (const page of paginateDescribeAlarms({ client: cloudWatch, pageSize: 100 }, { AlarmNamePrefix: prefix }))
    found.push(...(page.MetricAlarms ?? []));
  return found;
}

const healthOf = (account: Account, arn: string | null): Promise<readonly TargetHealthDescription[] | null> =>
  arn === null
    ? Promise.resolve(null)
    : orNull(
        async () =>
          (await account.elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn: arn })))
            .TargetHealthDescriptions ?? [],
      );

const overrideOf = (account: Account, arn: string | null): Promise<ReadonlyMap<string, string> | null> =>
  arn === null ? Promise.resolve(null) : orNull(() => targetGroupAttributes(account, arn));

/** Of the last of each, which is all that is judged. */
async function historyOf(account: Account, group: AutoScalingGroup | null): Promise<History> {
  const name = group?.AutoScalingGroupName;
  if (name === undefined) return { activities: [], refreshes: [] };
  const [{ Activities: activities = [] }, { InstanceRefreshes: refreshes = [] }] = await Promise.all([
    account.autoScaling.send(new DescribeScalingActivitiesCommand({ AutoScalingGroupName: name, MaxRecords: 20 })),
    account.autoScaling.send(new DescribeInstanceRefreshesCommand({ AutoScalingGroupName: name })),
  ]);
  return { activities, refreshes };
}

const groupNamed = async (account: Account, name: string | null): Promise<AutoScalingGroup | null> =>
  name === null ? null : ((await groupsNamed(account, [name]))[0] ?? null);

const groupsNamed = (account: Account, names: readonly string[]): Promise<AutoScalingGroup[]> =>
  inChunks(
    names,
    async (chunk) =>
      (await account.autoScaling.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: chunk })))
        .AutoScalingGroups ?? [],
    50,
  );

async function listeningGroups(account: Account, sources: readonly Picked[]): Promise<Listening[]> {
  const names = sources.flatMap(({ instance }) => instance?.autoScalingGroup ?? []).filter((name) => name !== '');
  const groups = await groupsNamed(account, names);
  const found = await inChunks(
    groups.flatMap(targetGroupsOf),
    async (chunk) =>
      (await account.elbv2.send(new DescribeTargetGroupsCommand({ TargetGroupArns: chunk }))).TargetGroups ?? [],
    20,
  );
  return found.map((targetGroup) => {
    const senders = groups.filter((one) => targetGroupsOf(one).includes(targetGroup.TargetGroupArn ?? ''));
    const servers = sources.filter(
      ({ eni, instance }) =>
        eni.deviceIndex === 0 &&
        senders.some(({ AutoScalingGroupName: name }) => name === instance?.autoScalingGroup),
    );
    return { targetGroup, servers: servers.map(({ eni }) => eni) };
  });
}

/** What is named and not there is a finding, not an error. */
async function orNull<T>(read: () => Promise<T | null>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof CallError && /NotFound/.test(error.code)) return null;
    throw error;
  }
}
