import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, whyUnanswered, type Probe } from '../../rebuilder/cli/probe.ts';
import type { Account } from '../aws/account.ts';
import { readMetrics } from '../aws/metrics.ts';
import type { RebuildSettings } from '../description/description.ts';
import { find, read, type Listed, type Reading } from './rebuilder.ts';

/** The last parameter's value: rebuilders keep such a request among the remarkable ones, however busy they are. */
const VALUE = 'vpc-mirror-canary';
const ANSWER_MS = 10_000;
/** Longer than a request takes from here to a node: reassembly's waits, the queue, one retry. */
const SEEN_MS = 15_000;
const LOOK_EVERY_MS = 300;
/** A report of the agent is a minute old when it is made, and CloudWatch shows it a minute later. */
const CLOUDWATCH_MS = 240_000;
/** How often it is asked in all. */
const CLOUDWATCH_LOOKS = 16;

export interface Sent {
  readonly probe: Probe;
  readonly mark: string;
  readonly atMs: number;
  /** Of the application; its status, or why there is none. */
  readonly answer: number | string;
}

export interface Witness {
  readonly address: string;
  /** A sentence where it did not answer. */
  readonly before: Reading | string;
  after: Reading | string;
  listed: Listed | 'not kept' | null;
  /** Why its list of requests could not be read when it was asked last; null = it could. */
  unread: string | null;
}

/** What the canary left on its way: at each rebuilder that was named, or in CloudWatch's sums of the minutes since. */
export type Evidence =
  | { readonly from: 'rebuilders'; readonly sent: Sent; readonly witnesses: readonly Witness[] }
  | {
    readonly from: 'CloudWatch';
    readonly sent: Sent;
    readonly packets: number;
    readonly requests: number;
    readonly delivered: number;
    readonly lost: number;
  };

/** Sends one marked request, and looks for it at the rebuilders' metrics addresses. */
export async function canaryAt(
  probe: Probe,
  addresses: readonly string[],
  waitMs = SEEN_MS,
): Promise<Evidence> {
  const witnesses = await Promise.all(
    addresses.map(async (address): Promise<Witness> => ({
      address, before: await reading(address), after: '', listed: null, unread: null,
    })),
  );
  const sent = await send(probe);
  const answering = witnesses.filter(({ before }) => typeof before !== 'string');
  const isOver = (): boolean =>
    answering.length === 0 ||
    answering.some(({ listed }) => listed !== null && listed !== 'not kept' && listed.end !== null) ||
    Date.now() > sent.atMs + waitMs;
  while (typeof sent.answer === 'number') {
    for (const witness of answering) {
      try {
        // What is pushed out of the list by others was seen all the same.
        witness.listed = (await find(witness.address, sent.mark)) ?? witness.listed;
        witness.unread = null;
      } catch (error) {
        witness.unread = messageOf(error);
      }
    }
    if (isOver()) break;
    await sleep(LOOK_EVERY_MS);
  }
  await Promise.all(
    witnesses.map(async (witness) => {
      witness.after = await reading(witness.address);
    }),
  );
  return { from: 'rebuilders', sent, witnesses };
}

/** Sends one marked request, and waits until CloudWatch's sums of the minutes since have moved, or should have. */
export async function canaryByCloudWatch(
  account: Account,
  rebuild: RebuildSettings,
  probe: Probe,
  waitMs = CLOUDWATCH_MS,
): Promise<Evidence> {
  const sent = await send(probe);
  const names = ['packets_in', 'requests_in', 'requests_out', 'requests_lost'];
  const metrics = names.map((name) => ({
    namespace: rebuild.metrics_namespace,
    name: `rebuilder_${name}_total`,
    dimensions: { deployment: rebuild.name_prefix },
    stat: 'Sum' as const,
  }));
  // A minute's datapoint bears the time of its beginning.
  const fromMs = Math.floor(sent.atMs / 60_000) * 60_000;
  for (;;) {
    const series = await readMetrics(account, metrics, { fromMs, toMs: Date.now() + 60_000, period: 60 });
    const [packets = 0, requests = 0, delivered = 0, lost = 0] = series.map((points) =>
      points.reduce((sum, { value }) => sum + value, 0),
    );
    const isOver = typeof sent.answer === 'string' || delivered > 0 || Date.now() > sent.atMs + waitMs;
    if (isOver) return { from: 'CloudWatch', sent, packets, requests, delivered, lost };
    await sleep(waitMs / CLOUDWATCH_LOOKS);
  }
}

async function send(probe: Probe): Promise<Sent> {
  const mark = `vpc-mirror-${randomBytes(4).toString('hex')}`;
  const { pathname, search } = probe.url;
  const target = `${pathname}${search === '' ? '?' : `${search}&`}${mark}=${VALUE}`;
  const atMs = Date.now();
  try {
    const { status } = await ask(probe, target, 'vpc-mirror canary', ANSWER_MS);
    return { probe, mark, atMs, answer: status };
  } catch (error) {
    return { probe, mark, atMs, answer: whyUnanswered(error) };
  }
}

const reading = (address: string): Promise<Reading | string> =>
  read(address).catch(messageOf);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
