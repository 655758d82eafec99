import { CreateTagsCommand, DeleteTagsCommand } from '@aws-sdk/client-ec2';
import { openAccount, type Account } from '../aws/account.ts';
import { parseDescription, type Description, type SessionSettings } from '../description/description.ts';
import type { Failure } from '../sessions/apply.ts';
import { follow, look, removeAll } from '../sessions/follow.ts';
import { RETIRED_TAG } from '../sessions/mirror.ts';
import { rivalsSentence } from '../sessions/ownership.ts';
import type { Session } from '../sessions/session.ts';
import { occasionOf, type Occasion } from './occasion.ts';

/** What one invocation did; also the line in the log. */
export interface Answer {
  readonly occasion: string;
  /** Why nothing was looked at; absent = everything was. */
  readonly skipped?: string;
  readonly added?: number;
  readonly changed?: number;
  readonly removed?: number;
  /** Interfaces that AWS does not take, or that have no room for a session. */
  readonly refused?: number;
  readonly blocked?: number;
}

/** When the last whole run of this process began, ms since the epoch: what happened before is in it. */
let lastRunMs = 0;

/** EC2's answers may be some seconds old: a run that began sooner after an event may not have seen it. */
const SETTLED_MS = 15_000;

/**
 * The Lambda function: whatever the event, the sessions are brought in line with the whole description (DESCRIPTION,
 * JSON). Throws if a session could not be written, so that Lambda tries again, then hands the event to the dead-letter
 * queue, and the alarm on errors is raised.
 */
export async function handler(event: unknown): Promise<Answer> {
  const occasion = occasionOf(event);
  const startedMs = Date.now();
  const answer = await answerTo(occasion, startedMs);
  process.stdout.write(`${JSON.stringify({ ...answer, ms: Date.now() - startedMs })}\n`);
  return answer;
}

async function answerTo(occasion: Occasion, startedMs: number): Promise<Answer> {
  const description = parseDescription(process.env['DESCRIPTION'] ?? '', 'DESCRIPTION');
  const { sessions: settings } = description;
  if (settings === undefined) throw new Error('DESCRIPTION has no `sessions`.');
  if (occasion.timeMs !== null && occasion.timeMs + SETTLED_MS < lastRunMs) {
    return { occasion: occasion.name, skipped: 'a run that began after it has seen it' };
  }
  const account = await openAccount({ region: description.region ?? undefined });
  if (occasion.name === 'terraform delete') return retire(account, settings);
  if (occasion.name.startsWith('terraform')) await setRetired(account, settings, false);
  const answer = await bringInLine(account, description, occasion);
  lastRunMs = startedMs;
  return answer;
}

/**
 * Another deployment with our owner fails the run. At Terraform's own call nothing is written before, so that who
 * deploys second learns it there; later our sessions go on following the fleet, and theirs are left alone.
 */
async function bringInLine(
  account: Account, description: Description, { name: occasion, formerFilter }: Occasion,
): Promise<Answer> {
  const formerFilters = new Set(formerFilter === null ? [] : [formerFilter]);
  const situation = await look(account, description, { allowEmpty: true, tryAgain: false, formerFilters });
  if (situation.mirror.isRetired) return { occasion, skipped: 'the filter is retired: everything is being destroyed' };
  if (occasion.startsWith('terraform')) failForRivals(situation.plan.rivals, situation.settings);
  const done = await follow(account, description, situation);
  if (done.stoppedBy !== null) throw done.stoppedBy;
  failIf(done.failed);
  failForRivals(done.rivals, situation.settings);
  const { mistakes } = situation.selection;
  if (mistakes.length > 0) throw new Error(mistakes.join(' '));
  return {
    occasion,
    added: done.added.length,
    changed: done.changed.length,
    removed: done.removed.length,
    refused: done.refusedByAws.length,
    blocked: done.blocked.length,
  };
}

/** Marks the filter first, so that an event still in the queue does not make again what is removed here. */
async function retire(account: Account, settings: SessionSettings): Promise<Answer> {
  await setRetired(account, settings, true);
  const { removed, failed, stoppedBy } = await removeAll(account, settings);
  if (stoppedBy !== null) throw stoppedBy;
  failIf(failed);
  return { occasion: 'terraform delete', removed: removed.length };
}

async function setRetired(
  { ec2 }: Account, { traffic_mirror_filter_id: id }: SessionSettings, isRetired: boolean,
): Promise<void> {
  if (isRetired) await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: RETIRED_TAG, Value: 'true' }] }));
  else await ec2.send(new DeleteTagsCommand({ Resources: [id], Tags: [{ Key: RETIRED_TAG }] }));
}

function failForRivals(rivals: readonly Session[], settings: SessionSettings): void {
  if (rivals.length > 0) throw new Error(rivalsSentence(rivals, settings));
}

function failIf(failed: readonly Failure[]): void {
  if (failed.length === 0) return;
  throw new Error(failed.map(({ networkInterfaceId, sentence }) => `${networkInterfaceId}: ${sentence}`).join(' '));
}
