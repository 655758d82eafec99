import type { Picked, Selection } from '../enis/selection.ts';
import { familyOf } from '../enis/mirrorable.ts';
import type { RebuildSettings, SessionSettings } from '../description/description.ts';
import { groupBy } from '../group-by.ts';
import { isOurs } from './ownership.ts';
import type { Session } from './session.ts';

/** Session numbers are 1 to this. */
const LARGEST_SESSION_NUMBER = 32_766;
/** AWS's quotas, none of which can be raised ("Traffic Mirroring quotas and considerations"). */
const SESSIONS_PER_INTERFACE = 3;
export const SESSIONS_PER_ACCOUNT = 10_000;

export interface Addition {
  readonly picked: Picked;
  readonly sessionNumber: number;
}
export interface Change {
  readonly session: Session;
  readonly to: SessionFields;
  readonly what: string;
}
export interface Removal {
  readonly session: Session;
  readonly reason: string;
}
interface Blocked {
  readonly picked: Picked;
  readonly reason: string;
}

/** What can be changed of a session in place; undefined = as it is. */
interface SessionFields {
  readonly targetId?: string;
  readonly filterId?: string;
  readonly sessionNumber?: number;
  readonly virtualNetworkId?: number;
  readonly packetLength?: number;
}

/** From the sessions that are there to those that should be. */
export interface Plan {
  readonly add: readonly Addition[];
  readonly change: readonly Change[];
  readonly remove: readonly Removal[];
  readonly keep: readonly Session[];
  /** Picked interfaces that somebody else's session, such as Terraform's, mirrors to the same target already. */
  readonly elsewhere: readonly Session[];
  /**
   * Sessions with our owner tag that go through another filter: another deployment's, or ours of before. Left alone.
   */
  readonly rivals: readonly Session[];
  /** Picked, and cannot be mirrored now. */
  readonly blocked: readonly Blocked[];
  readonly warnings: readonly string[];
}

export interface PlanOptions {
  readonly settings: SessionSettings;
  readonly rebuild?: RebuildSettings | undefined;
  /** Kinds that AWS has refused before: `kindOf` an interface. */
  readonly refusedKinds: ReadonlySet<string>;
  /** Filters that this mirror had before: sessions of ours that go through one are changed to the present filter. */
  readonly formerFilters?: ReadonlySet<string>;
}

export const isEmpty = (plan: Plan): boolean => plan.add.length + plan.change.length + plan.remove.length === 0;

/**
 * What AWS decides on when it takes or refuses an interface: the instance's family, else the service that owns it.
 * Never empty.
 */
export const kindOf = ({ eni, instance }: Picked): string => {
  if (instance !== undefined) return familyOf(instance.instanceType);
  return eni.isAttached ? eni.instanceOwnerId || eni.interfaceType : 'unattached';
};

/** Pure: the same account and description give the same plan, and an applied plan gives an empty one. */
export function planSessions(
  selection: Selection,
  sessions: readonly Session[],
  { settings, rebuild, refusedKinds, formerFilters }: PlanOptions,
): Plan {
  const byInterface = groupBy(sessions, ({ networkInterfaceId }) => networkInterfaceId);
  const isOwn = (session: Session): boolean => isOurs(session, settings, formerFilters);
  const add: Addition[] = [];
  const change: Change[] = [];
  const keep: Session[] = [];
  const elsewhere: Session[] = [];
  const blocked: Blocked[] = [];
  const warnings: string[] = [];
  const reasons = new Map<Session, string>();

  const seen = new Set<string>();
  for (const picked of selection.picked) {
    if (seen.has(picked.eni.id)) {
      warnings.push(`${picked.why} also selects ${picked.eni.id}, which is already selected; it gets one session`);
      continue;
    }
    seen.add(picked.eni.id);
    const there = byInterface.get(picked.eni.id) ?? [];
    const others = there.filter((session) => !isOwn(session));
    const ours = there.filter(isOwn).sort((a, b) => a.sessionNumber - b.sessionNumber);
    const twin = twinOf(ours[0], others, settings);
    const reason = reasonToRelease(picked, twin, settings, rebuild);
    if (twin !== undefined) elsewhere.push(twin);
    if (reason !== null) {
      for (const session of ours) reasons.set(session, reason);
      if (isLoop(picked, rebuild)) blocked.push({ picked, reason });
      continue;
    }
    const [first, ...more] = ours;
    for (const session of more)
      reasons.set(session, `${picked.eni.id} has a second session of ours (${first?.id})`);
    const number = freeNumber(settings.session_number, others);
    if (number > settings.session_number) {
      warnings.push(
        `${picked.eni.id}: session number ${settings.session_number} is somebody else's (${idsOf(others)}), which sees the packets first; ours is ${number}`,
      );
    }
    if (ours[0] !== undefined) {
      const to = difference(ours[0], number, settings);
      if (to === null) keep.push(ours[0]);
      else
        change.push({
          session: ours[0],
          to,
          what: Object.entries(to)
            .map(([key, value]) => `${key} ${String(value)}`)
            .join(', '),
        });
    } else if (refusedKinds.has(kindOf(picked))) {
      blocked.push({
        picked,
        reason: `AWS has refused ${kindOf(picked)} before (tag of the filter): apply --try-again asks again`,
      });
    } else if (others.length >= SESSIONS_PER_INTERFACE) {
      blocked.push({
        picked,
        reason: `the interface has ${others.length} sessions already (${idsOf(others)}), and AWS allows ${SESSIONS_PER_INTERFACE}`,
      });
    } else {
      add.push({ picked, sessionNumber: number });
    }
  }

  const picked = new Set(selection.picked.map(({ eni }) => eni.id));
  for (const session of sessions.filter(isOwn)) {
    if (!picked.has(session.networkInterfaceId))
      reasons.set(session, `${session.networkInterfaceId} is no longer picked`);
  }
  const remove = [...reasons].map(([session, reason]) => ({ session, reason }));
  const room = Math.max(0, SESSIONS_PER_ACCOUNT - sessions.length + remove.length);
  for (const { picked: over } of add.slice(room)) {
    blocked.push({
      picked: over,
      reason: `the account has ${sessions.length} sessions, and AWS allows ${SESSIONS_PER_ACCOUNT.toLocaleString('en-US')}`,
    });
  }
  const rivals = sessions.filter((session) => session.owner === settings.owner && !isOwn(session));
  return { add: add.slice(0, room), change, remove, keep, elsewhere, rivals, blocked, warnings };
}

/**
 * Somebody else's session to the same target on the same interface. One without a tag is Terraform's, and stays. Of two
 * deployments' that are there already the lower number stays, so that not each gives way to the other.
 */
function twinOf(own: Session | undefined, others: readonly Session[], settings: SessionSettings): Session | undefined {
  return others.find(
    ({ targetId, owner, sessionNumber }) =>
      targetId === settings.traffic_mirror_target_id &&
      (owner === null || own === undefined || sessionNumber < own.sessionNumber),
  );
}

/** Why an interface that is picked should have no session of ours; null = it should. */
function reasonToRelease(
  picked: Picked,
  twin: Session | undefined,
  settings: SessionSettings,
  rebuild: RebuildSettings | undefined,
): string | null {
  const { eni, instance } = picked;
  if (isLoop(picked, rebuild))
    return `${eni.id} is of ${instance?.autoScalingGroup}, a rebuilder or node of this mirror: it would mirror the mirror`;
  if (twin !== undefined) return `${eni.id} is mirrored to the same target by ${twin.id}, which is not ours`;
  const isStopped = instance !== undefined && ['stopping', 'stopped'].includes(instance.state);
  if (isStopped && settings.stopped_instances === 'release')
    return `${instance.id} is ${instance.state}, and its session would bill on`;
  return null;
}

function isLoop({ instance }: Picked, rebuild: RebuildSettings | undefined): boolean {
  const groups = [rebuild?.autoscaling_group_name, rebuild?.nodes_autoscaling_group_name];
  return instance !== undefined && instance.autoScalingGroup !== '' && groups.includes(instance.autoScalingGroup);
}

/**
 * The lowest number from the wanted one on that nobody else has on this interface; where AWS's numbers end, the next
 * below it.
 */
function freeNumber(wanted: number, others: readonly Session[]): number {
  const isTaken = (number: number): boolean => others.some(({ sessionNumber }) => sessionNumber === number);
  let number = wanted;
  while (isTaken(number)) number += 1;
  if (number <= LARGEST_SESSION_NUMBER) return number;
  number = wanted;
  while (isTaken(number)) number -= 1;
  return number;
}

function difference(session: Session, number: number, settings: SessionSettings): SessionFields | null {
  const { virtual_network_id: vni, packet_length: length } = settings;
  const to: SessionFields = {
    ...(session.targetId === settings.traffic_mirror_target_id ? {} : { targetId: settings.traffic_mirror_target_id }),
    ...(session.filterId === settings.traffic_mirror_filter_id ? {} : { filterId: settings.traffic_mirror_filter_id }),
    ...(session.sessionNumber === number ? {} : { sessionNumber: number }),
    ...(vni === null || session.virtualNetworkId === vni ? {} : { virtualNetworkId: vni }),
    ...(length === null || session.packetLength === length ? {} : { packetLength: length }),
  };
  return Object.keys(to).length === 0 ? null : to;
}

const idsOf = (sessions: readonly Session[]): string => sessions.map(({ id }) => id).join(', ');
