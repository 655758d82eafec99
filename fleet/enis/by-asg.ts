import type { Account } from '../aws/account.ts';
import { instancesBy, type Instance } from '../aws/instances.ts';
import { found, idsOf, type Found } from './found.ts';

/** Instances by their group: they carry its name in a tag that AWS sets. */
export async function instancesOfGroups(account: Account, groups: readonly string[]): Promise<Instance[]> {
  return instancesBy(account, 'tag:aws:autoscaling:groupName', groups);
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
