import { paginateDescribeInstances, type Filter, type Instance as Described } from '@aws-sdk/client-ec2';
import type { Account } from './account.ts';
import { inChunks } from './chunks.ts';
import { ownTags, tagOf } from './tags.ts';

export interface Instance {
  readonly id: string;
  /** Such as `c7g.large`. */
  readonly instanceType: string;
  /** `running`, `stopped` … */
  readonly state: string;
  readonly availabilityZone: string;
  /** Its Auto Scaling group; empty = none. */
  readonly autoScalingGroup: string;
  /** Without those of AWS (`aws:…`). */
  readonly tags: ReadonlyMap<string, string>;
}

/** A stopped instance keeps its interfaces, and comes back with them. */
const ALIVE = ['pending', 'running', 'stopping', 'stopped'];

const PAGE = 1000;

/** All instances that match the filters and are neither gone nor going, or are in other states that are named. */
export async function instances(
  account: Account,
  filters: readonly Filter[],
  states: readonly string[] = ALIVE,
): Promise<Instance[]> {
  const found: Instance[] = [];
  for await (const page of paginateDescribeInstances(
    { client: account.ec2, pageSize: PAGE },
    { Filters: [{ Name: 'instance-state-name', Values: [...states] }, ...filters] },
  )) {
    for (const { Instances: some } of page.Reservations ?? []) found.push(...(some ?? []).map(instance));
  }
  return found;
}

export async function instancesBy(account: Account, filter: string, values: readonly string[]): Promise<Instance[]> {
  return inChunks(values, (chunk) => instances(account, [{ Name: filter, Values: chunk }]));
}

/** By their ids; those too that are shutting down, whose interfaces are still there. */
export async function instancesWithIds(account: Account, ids: readonly string[]): Promise<Instance[]> {
  return inChunks(ids, (chunk) =>
    instances(account, [{ Name: 'instance-id', Values: chunk }], [...ALIVE, 'shutting-down']),
  );
}

function instance(from: Described): Instance {
  return {
    id: from.InstanceId ?? '',
    instanceType: from.InstanceType ?? '',
    state: from.State?.Name ?? '',
    availabilityZone: from.Placement?.AvailabilityZone ?? '',
    autoScalingGroup: tagOf(from.Tags, 'aws:autoscaling:groupName') ?? '',
    tags: ownTags(from.Tags),
  };
}
