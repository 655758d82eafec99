import { paginateDescribeAutoScalingGroups } from '@aws-sdk/client-auto-scaling';
import { DescribeLoadBalancersCommand as DescribeClassicLoadBalancersCommand } from '@aws-sdk/client-elastic-load-balancing';
import {
  DescribeLoadBalancersCommand,
  paginateDescribeTargetGroups,
  type LoadBalancer,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Account } from '../aws/account.ts';
import { CallError } from '../aws/call-error.ts';
import { inChunks } from '../aws/chunks.ts';
import { networkInterfaces, type NetworkInterface } from '../aws/network-interfaces.ts';
import { UsageError } from '../usage-error.ts';
import { instancesOfGroups, targetGroupsOf } from './by-asg.ts';
import { found, idsOf, join, type Found } from './found.ts';
import type { Selectors } from './selectors.ts';

type Entry = Selectors['by_elb'][string];

/**
 * Load balancers: a classic one's own interfaces, and of the others those of their targets (`mirror: targets`), their
 * own (`interfaces`) or both. Targets that an Auto Scaling group registers are found, group -> target groups -> load
 * balancers; the others are named by the caller.
 */
export async function byElb(account: Account, entries: Selectors['by_elb']): Promise<Found> {
  const all = Object.entries(entries);
  const targets = all.filter(([, { type }]) => type !== 'classic');
  const groups = targets.some(([, { mirror }]) => mirror !== 'interfaces')
    ? await groupsByTargetGroup(account)
    : new Map<string, Set<string>>();
  return join(
    await Promise.all(
      all.map(([key, entry]) =>
        entry.type === 'classic' ? classic(account, key, entry) : balancer(account, key, entry, groups),
      ),
    ),
  );
}

async function classic(account: Account, key: string, { name }: Entry): Promise<Found> {
  const balancers = await named(
    account,
    key,
    name,
    async () =>
      (await account.elb.send(new DescribeClassicLoadBalancersCommand({ LoadBalancerNames: [name] })))
        .LoadBalancerDescriptions,
  );
  const own = await inChunks(balancers[0]?.Subnets ?? [], (subnets) =>
    networkInterfaces(account, [
      { Name: 'description', Values: [`ELB ${name}`] },
      { Name: 'subnet-id', Values: subnets },
    ]),
  );
  return found({ networkInterfaces: new Map([[`by_elb ${key}`, own]]), withoutInstance: new Set(idsOf(own)) });
}

async function balancer(account: Account, key: string, entry: Entry, groups: Groups): Promise<Found> {
  const [balancer] = await named(
    account,
    key,
    entry.name,
    async () => (await account.elbv2.send(new DescribeLoadBalancersCommand({ Names: [entry.name] }))).LoadBalancers,
  );
  if (balancer?.Type !== entry.type) {
    throw new UsageError(`by_elb["${key}"]: ${entry.name} is of type ${balancer?.Type}, not ${entry.type}.`);
  }
  const own = entry.mirror === 'targets' ? [] : await ownInterfaces(account, balancer);
  const behind = entry.mirror === 'interfaces' ? found({}) : await targetsOf(account, key, entry, balancer, groups);
  return {
    ...behind,
    networkInterfaces: new Map([[`by_elb ${key}`, [...own, ...[...behind.networkInterfaces.values()].flat()]]]),
    withoutInstance: new Set(idsOf(own)),
  };
}

type Groups = ReadonlyMap<string, ReadonlySet<string>>;

async function targetsOf(
  account: Account,
  key: string,
  entry: Entry,
  balancer: LoadBalancer,
  groups: Groups,
): Promise<Found> {
  const names = (await targetGroupsBehind(account, balancer)).flatMap((arn) => [...(groups.get(arn) ?? [])]);
  const instances = await instancesOfGroups(account, names);
  const byIp = await inChunks(entry.target_ips, (ips) =>
    networkInterfaces(account, [
      { Name: 'vpc-id', Values: [balancer.VpcId ?? ''] },
      { Name: 'addresses.private-ip-address', Values: ips },
    ]),
  );
  return found({
    instances,
    instanceIds: new Map([[`by_elb ${key}`, [...idsOf(instances), ...entry.target_instance_ids]]]),
    networkInterfaces: new Map([[`by_elb ${key}`, byIp]]),
  });
}

async function targetGroupsBehind(account: Account, { LoadBalancerArn: balancer }: LoadBalancer): Promise<string[]> {
  const arns: string[] = [];
  try {
    for await (const page of paginateDescribeTargetGroups({ client: account.elbv2 }, { LoadBalancerArn: balancer })) {
      arns.push(...(page.TargetGroups ?? []).flatMap(({ TargetGroupArn: arn }) => arn ?? []));
    }
  } catch (error) {
    // How AWS says that a load balancer has none.
    if (!(error instanceof CallError && error.code === 'TargetGroupNotFound')) throw error;
  }
  return arns;
}

/** The description of a load balancer's interface ends as its ARN does: `ELB app/shop/0123456789abcdef`. */
async function ownInterfaces(
  account: Account,
  { LoadBalancerArn: arn, VpcId: vpc }: LoadBalancer,
): Promise<NetworkInterface[]> {
  const suffix = (arn ?? '').split(':loadbalancer/')[1] ?? '';
  return networkInterfaces(account, [
    { Name: 'description', Values: [`ELB ${suffix}`] },
    { Name: 'vpc-id', Values: [vpc ?? ''] },
  ]);
}

/** Names of the Auto Scaling groups that register their instances in each target group. */
async function groupsByTargetGroup(account: Account): Promise<Map<string, Set<string>>> {
  const groups = new Map<string, Set<string>>();
  for await (const page of paginateDescribeAutoScalingGroups({ client: account.autoScaling, pageSize: 100 }, {})) {
    for (const group of page.AutoScalingGroups ?? []) {
      for (const arn of targetGroupsOf(group)) {
        groups.set(arn, (groups.get(arn) ?? new Set()).add(group.AutoScalingGroupName ?? ''));
      }
    }
  }
  return groups;
}

async function named<T>(
  account: Account,
  key: string,
  name: string,
  read: () => Promise<T[] | undefined>,
): Promise<T[]> {
  try {
    return (await read()) ?? [];
  } catch (error) {
    if (error instanceof CallError && /LoadBalancerNotFound/.test(error.code)) {
      throw new UsageError(
        `by_elb["${key}"]: no load balancer of this type is named ${name} in ${account.region}: look at the name, the type and the region.`,
        { cause: error },
      );
    }
    throw error;
  }
}
