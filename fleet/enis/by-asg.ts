import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import type { Account } from '../aws/account.ts';
import { instancesBy, type Instance } from '../aws/instances.ts';
import { found, idsOf, type Found } from './found.ts';

/** Instances by their group: they carry its name in a tag that AWS sets. */
export async function instancesOfGroups(account: Account, groups: readonly string[]): Promise<Instance[]> {
  return instancesBy(account, 'tag:aws:autoscaling:groupName', groups);
}

/** Target groups in which a group registers its instances, by the older list or as traffic sources. */
export function targetGroupsOf({
  TargetGroupARNs: arns = [],
  TrafficSources: sources = [],
}: AutoScalingGroup): string[] {
  return [
    ...new Set([
      ...arns,
      ...sources.flatMap(({ Type: type, Identifier: arn }) => (type === 'elbv2' && arn ? [arn] : [])),
    ]),
  ];
}

/** Auto Scaling groups. */
export async function byAsg(account: Account, groups: readonly string[]): Promise<Found> {
  const instances = await instancesOfGroups(account, groups);
  return found({
    instances,
    instanceIds: new Map(
      groups.map((name) => [
        `by_asg ${name}`,
        idsOf(instances.filter(({ autoScalingGroup }) => autoScalingGroup === name)),
      ]),
    ),
  });
}
