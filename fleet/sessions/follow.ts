import type { Account } from '../aws/account.ts';
import type { Description, SessionSettings } from '../description/description.ts';
import { select, type Selection } from '../enis/selection.ts';
import { UsageError } from '../usage-error.ts';
import { apply, errorOf, remember, type Applied, type Failure } from './apply.ts';
import { readMirror, type Mirror } from './mirror.ts';
import { isOurs } from './ownership.ts';
import { isEmpty, planSessions, type Plan, type PlanOptions } from './plan.ts';
import { readSessions, type Session } from './session.ts';

/** Another run may have been between our reading and our writing: read again, this often. */
const ROUNDS = 3;

interface FollowOptions {
  /** Nothing is picked, and all sessions of ours may go: a group scaled to zero. */
  readonly allowEmpty: boolean;
  /** Ask AWS again about kinds of interfaces that it has refused. */
  readonly tryAgain: boolean;
  /** Filters that this mirror had before: sessions through them are ours, too. */
  readonly formerFilters?: ReadonlySet<string>;
}

/** What is, and what should be. */
export interface Situation {
  readonly settings: SessionSettings;
  readonly selection: Selection;
  readonly mirror: Mirror;
  readonly sessions: readonly Session[];
  readonly plan: Plan;
  readonly refusedKinds: Set<string>;
  readonly formerFilters: ReadonlySet<string>;
  /** ARN of the rebuilders' target group; null = the description does not say. */
  readonly targetGroup: string | null;
}

/** Reads and plans, changes nothing. Throws a UsageError if the description cannot be meant so. */
export async function look(
  account: Account,
  description: Description,
  { allowEmpty, tryAgain, formerFilters = new Set() }: FollowOptions,
): Promise<Situation> {
  const settings = description.sessions;
  if (settings === undefined)
    throw new UsageError(
      'The description has no `sessions`: give traffic_mirror_filter_id and traffic_mirror_target_id at least.',
    );
  const [selection, mirror, sessions] = await Promise.all([
    select(account, description.interfaces),
    readMirror(account, settings),
    readSessions(account),
  ]);
  const ours = sessions.filter((session) => isOurs(session, settings, formerFilters)).length;
  // What is wrong with an id is why nothing is picked.
  if (selection.picked.length === 0 && selection.mistakes.length > 0 && !allowEmpty)
    throw new UsageError(selection.mistakes.join('\n'));
  if (selection.picked.length === 0 && !allowEmpty) {
    const found = selection.unmatched.length > 0 ? ` (${selection.unmatched.join(', ')} found nothing)` : '';
    throw new UsageError(
      `Nothing is picked in ${account.region}: look at the selectors${found} and the region${ours > 0 ? `; with --allow-empty the ${ours} sessions of ours are removed` : ''}.`,
    );
  }
  const refusedKinds = new Set(tryAgain ? [] : mirror.refusedKinds);
  const options = { settings, rebuild: description.rebuild, refusedKinds, formerFilters };
  const plan = planSessions(selection, sessions, options);
  const targetGroup = description.rebuild?.target_group_arn ?? null;
  return { settings, selection, mirror, sessions, plan, refusedKinds, formerFilters, targetGroup };
}

/** How the sessions were brought in line. */
export interface Followed extends Omit<Applied, 'conflicts'> {
  readonly rounds: number;
  /** What no round could plan. */
  readonly blocked: Plan['blocked'];
  /** Another deployment's sessions with our tag, those too that came meanwhile. */
  readonly rivals: Plan['rivals'];
}

/** Applies the plan, and plans again after conflicts with another run. Nothing to do is no call. */
export async function follow(
  account: Account,
  description: Description,
  { plan: first, settings, refusedKinds, mirror, formerFilters }: Situation,
  signal?: AbortSignal,
): Promise<Followed> {
  const options: PlanOptions = { settings, rebuild: description.rebuild, refusedKinds, formerFilters };
  const all = {
    added: [] as string[],
    changed: [] as string[],
    removed: [] as string[],
    refusedByAws: [] as Failure[],
    failed: [] as Failure[],
    untried: [] as string[],
  };
  let plan = first;
  let conflicts: readonly Failure[] = [];
  let stoppedBy: Error | null = null;
  let rounds = 0;
  while (!isEmpty(plan) && rounds < ROUNDS && stoppedBy === null) {
    rounds += 1;
    const applied = await apply(account, plan, settings, refusedKinds, signal);
    for (const key of ['added', 'changed', 'removed', 'untried'] as const) all[key].push(...applied[key]);
    all.refusedByAws.push(...applied.refusedByAws);
    all.failed.push(...applied.failed);
    ({ conflicts, stoppedBy } = applied);
    if (conflicts.length === 0) break;
    const conflicting = new Set(conflicts.map(({ networkInterfaceId }) => networkInterfaceId));
    let again: [Selection, Session[]];
    try {
      again = await Promise.all([select(account, description.interfaces), readSessions(account)]);
    } catch (error) {
      // What was written must be told all the same.
      stoppedBy = errorOf(error);
      break;
    }
    const next = planSessions(...again, options);
    // Only what collided: the rest has had its turn.
    plan = {
      ...next,
      add: next.add.filter(({ picked }) => conflicting.has(picked.eni.id)),
      change: next.change.filter(({ session }) => conflicting.has(session.networkInterfaceId)),
      remove: next.remove.filter(({ session }) => conflicting.has(session.networkInterfaceId)),
    };
    conflicts = isEmpty(plan) ? [] : conflicts;
  }
  // Asked again (--try-again), AWS has not refused it: nor must the tag say so to the next run.
  if (stoppedBy === null && [...mirror.refusedKinds].some((kind) => !refusedKinds.has(kind))) {
    try {
      await remember(account, refusedKinds, settings);
    } catch (error) {
      stoppedBy = errorOf(error);
    }
  }
  return {
    ...all, failed: [...all.failed, ...conflicts], stoppedBy, rounds, blocked: plan.blocked, rivals: plan.rivals,
  };
}

/** Removes every session of ours through our filter, whatever is picked: before filter and target go. */
export async function removeAll(account: Account, settings: SessionSettings): Promise<Applied> {
  const ours = (await readSessions(account)).filter((session) => isOurs(session, settings));
  const remove = ours.map((session) => ({ session, reason: 'everything is being destroyed' }));
  return apply(
    account,
    { add: [], change: [], remove, keep: [], elsewhere: [], rivals: [], blocked: [], warnings: [] },
    settings,
    new Set(),
  );
}
