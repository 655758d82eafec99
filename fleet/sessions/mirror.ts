import {
  DescribeTrafficMirrorFiltersCommand,
  DescribeTrafficMirrorTargetsCommand,
  type TrafficMirrorFilter,
  type TrafficMirrorTarget,
} from '@aws-sdk/client-ec2';
import type { Account } from '../aws/account.ts';
import { CallError } from '../aws/call-error.ts';
import { tagOf } from '../aws/tags.ts';
import type { SessionSettings } from '../description/description.ts';
import { UsageError } from '../usage-error.ts';

/** Tag of the filter: kinds of interfaces that AWS has refused, so that no run tries them again. */
export const REFUSED_TAG = 'vpc-mirror:refused';
/** Tag of the filter: everything is being destroyed, and no event may make a session again. */
export const RETIRED_TAG = 'vpc-mirror:retired';

/** What every session of a description shares. */
export interface Mirror {
  readonly filter: TrafficMirrorFilter;
  readonly target: TrafficMirrorTarget;
  /** Instance families, and services such as `amazon-elb`, whose interfaces AWS has refused. */
  readonly refusedKinds: ReadonlySet<string>;
  readonly isRetired: boolean;
}

/** Throws a UsageError if the filter or the target is not there. */
export async function readMirror(account: Account, settings: SessionSettings): Promise<Mirror> {
  const [filter, target] = await bothOrWhy(
    existing(
      'traffic_mirror_filter_id',
      settings.traffic_mirror_filter_id,
      account,
      async (id) =>
        (await account.ec2.send(new DescribeTrafficMirrorFiltersCommand({ TrafficMirrorFilterIds: [id] })))
          .TrafficMirrorFilters?.[0],
    ),
    existing(
      'traffic_mirror_target_id',
      settings.traffic_mirror_target_id,
      account,
      async (id) =>
        (await account.ec2.send(new DescribeTrafficMirrorTargetsCommand({ TrafficMirrorTargetIds: [id] })))
          .TrafficMirrorTargets?.[0],
    ),
  );
  const refused =
    tagOf(filter.Tags, REFUSED_TAG)
      ?.split(' ')
      .filter((kind) => kind !== '') ?? [];
  return { filter, target, refusedKinds: new Set(refused), isRetired: tagOf(filter.Tags, RETIRED_TAG) !== undefined };
}

/** Both, or one error that says of each what is wrong with it. */
async function bothOrWhy<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === 'fulfilled' && b.status === 'fulfilled') return [a.value, b.value];
  const reasons = [a, b].flatMap((one): unknown[] => (one.status === 'rejected' ? [one.reason] : []));
  const [one, other] = reasons;
  if (one instanceof UsageError && other instanceof UsageError && one.message !== other.message)
    throw new UsageError(`${one.message}\n${other.message}`);
  throw one;
}

async function existing<T>(
  key: string,
  id: string,
  account: Account,
  read: (id: string) => Promise<T | undefined>,
): Promise<T> {
  try {
    const one = await read(id);
    if (one !== undefined) return one;
  } catch (error) {
    if (!(error instanceof CallError && error.code.endsWith('.NotFound'))) throw error;
  }
  throw new UsageError(
    `sessions.${key}: there is no ${id} in ${account.region}: take the description of the last terraform apply, or another --region.`,
  );
}
