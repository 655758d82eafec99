import {
  CreateTagsCommand,
  CreateTrafficMirrorSessionCommand,
  DeleteTrafficMirrorSessionCommand,
  ModifyTrafficMirrorSessionCommand,
  type Tag,
} from '@aws-sdk/client-ec2';
import type { Account } from '../aws/account.ts';
import { CallError } from '../aws/call-error.ts';
import { sideBySide } from '../aws/chunks.ts';
import type { SessionSettings } from '../description/description.ts';
import { mirrorability } from '../enis/mirrorable.ts';
import { REFUSED_TAG } from './mirror.ts';
import { kindOf, type Addition, type Change, type Plan, type Removal } from './plan.ts';
import { OWNER_TAG } from './session.ts';

/**
 * Calls under way at a time: enough to hide their latency, few enough not to be what throttles others in the account.
 */
const AT_A_TIME = 8;
/** Longest value of a tag. */
const TAG_VALUE = 256;

export interface Failure {
  readonly networkInterfaceId: string;
  readonly code: string;
  readonly sentence: string;
}

/** What became of a plan. */
export interface Applied {
  readonly added: string[];
  readonly changed: string[];
  readonly removed: string[];
  /** Interfaces that AWS does not take as sources: its answer, by interface. */
  readonly refusedByAws: Failure[];
  /** What another run did in the meantime, or took away: to be planned again. */
  readonly conflicts: Failure[];
  readonly failed: Failure[];
  /** What was not begun, such as `add eni-0123456789abcdef0`. */
  readonly untried: string[];
  /** Why the rest was not tried, such as a missing right; null = all of it was. */
  stoppedBy: Error | null;
}

/**
 * Carries a plan out. An error of one session does not stop the others; a missing right stops all. What was done is
 * told in any case. Kinds that AWS refuses are added to `refusedKinds`, and remembered in a tag of the filter. Once
 * `signal` is aborted nothing more is begun, what is under way is waited for, and `stoppedBy` is its reason.
 */
export async function apply(
  account: Account,
  plan: Plan,
  settings: SessionSettings,
  refusedKinds: Set<string>,
  signal?: AbortSignal,
): Promise<Applied> {
  const applied: Applied = {
    added: [],
    changed: [],
    removed: [],
    refusedByAws: [],
    conflicts: [],
    failed: [],
    untried: [],
    stoppedBy: null,
  };
  const known = tagValue(refusedKinds);
  const attempt =
    (what: string, interfaceOf: string, work: () => Promise<void>): (() => Promise<void>) =>
      async () => {
        if (signal?.aborted === true) applied.stoppedBy ??= errorOf(signal.reason);
        if (applied.stoppedBy !== null) {
          applied.untried.push(`${what} ${interfaceOf}`);
          return;
        }
        try {
          await work();
        } catch (error) {
          if (!(error instanceof CallError)) applied.stoppedBy ??= errorOf(error);
          else {
            endOf(error, applied).push({ networkInterfaceId: interfaceOf, code: error.code, sentence: error.message });
          }
        }
      };
  // Removing first makes room in the quotas; a changed session goes on mirroring.
  const works = [
    ...plan.remove.map((one) => attempt('remove', one.session.networkInterfaceId, () => remove(account, one, applied))),
    ...plan.change.map((one) => attempt('change', one.session.networkInterfaceId, () => modify(account, one, applied))),
  ];
  const additions = plan.add.map((one) =>
    attempt('add', one.picked.eni.id, async () => {
      try {
        await add(account, one, settings, applied);
      } catch (error) {
        if (
          isRefusal(error) &&
          (one.picked.instance === undefined || mirrorability(one.picked.instance.instanceType) !== 'yes')
        )
          refusedKinds.add(kindOf(one.picked));
        throw error;
      }
    }),
  );
  for (const part of [works, additions]) await sideBySide(part, AT_A_TIME, (work) => work());
  if (tagValue(refusedKinds) !== known)
    await attempt('tag', settings.traffic_mirror_filter_id, () => remember(account, refusedKinds, settings))();
  return applied;
}

export const errorOf = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

async function add(
  account: Account,
  { picked, sessionNumber }: Addition,
  settings: SessionSettings,
  { added }: Applied,
): Promise<void> {
  const tags: Tag[] = Object.entries({
    Name: `${settings.owner}-${picked.eni.id}`,
    ...settings.tags,
    [OWNER_TAG]: settings.owner,
  }).map(([Key, Value]) => ({ Key, Value }));
  // The tag comes with the session in one call: a crash leaves no session that nobody owns.
  await account.ec2.send(
    new CreateTrafficMirrorSessionCommand({
      NetworkInterfaceId: picked.eni.id,
      TrafficMirrorFilterId: settings.traffic_mirror_filter_id,
      TrafficMirrorTargetId: settings.traffic_mirror_target_id,
      SessionNumber: sessionNumber,
      Description: `${settings.owner}: ${picked.why}`.slice(0, 255),
      ...(settings.virtual_network_id === null ? {} : { VirtualNetworkId: settings.virtual_network_id }),
      ...(settings.packet_length === null ? {} : { PacketLength: settings.packet_length }),
      TagSpecifications: [{ ResourceType: 'traffic-mirror-session', Tags: tags }],
    }),
  );
  added.push(picked.eni.id);
}

async function modify(account: Account, { session, to }: Change, { changed }: Applied): Promise<void> {
  await account.ec2.send(
    new ModifyTrafficMirrorSessionCommand({
      TrafficMirrorSessionId: session.id,
      TrafficMirrorTargetId: to.targetId,
      TrafficMirrorFilterId: to.filterId,
      SessionNumber: to.sessionNumber,
      VirtualNetworkId: to.virtualNetworkId,
      PacketLength: to.packetLength,
    }),
  );
  changed.push(session.networkInterfaceId);
}

async function remove(account: Account, { session }: Removal, { removed }: Applied): Promise<void> {
  try {
    await account.ec2.send(new DeleteTrafficMirrorSessionCommand({ TrafficMirrorSessionId: session.id }));
  } catch (error) {
    // Gone already: with its interface, or by another run.
    if (!(error instanceof CallError && error.code === 'InvalidTrafficMirrorSessionId.NotFound')) throw error;
  }
  removed.push(session.networkInterfaceId);
}

/** Only those that fit: what does not is asked again and reported again. */
function tagValue(kinds: ReadonlySet<string>): string {
  let value = '';
  for (const kind of [...kinds].sort())
    if (value.length + kind.length + 1 <= TAG_VALUE) value = `${value} ${kind}`.trim();
  return value;
}

/** Writes the tag of the filter. */
export async function remember(account: Account, kinds: ReadonlySet<string>, settings: SessionSettings): Promise<void> {
  await account.ec2.send(
    new CreateTagsCommand({
      Resources: [settings.traffic_mirror_filter_id],
      Tags: [{ Key: REFUSED_TAG, Value: tagValue(kinds) }],
    }),
  );
}

const isRefusal = (error: unknown): boolean =>
  error instanceof CallError && error.code === 'NetworkInterfaceNotSupported';

function endOf(error: CallError, applied: Applied): Failure[] {
  if (isRefusal(error)) return applied.refusedByAws;
  const isGone = /^Invalid(NetworkInterfaceI[dD]|TrafficMirrorSessionId)\.NotFound$/.test(error.code);
  // How AWS says that a session number is taken; what else it may mean shows when it comes again with the next plan.
  const isTaken = error.code === 'InvalidParameterValue';
  return isGone || isTaken || error.code === 'TrafficMirrorSessionsPerInterfaceLimitExceeded'
    ? applied.conflicts
    : applied.failed;
}
