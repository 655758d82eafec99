import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Settings } from '../config/settings.ts';
import { readLoopKey } from '../forward/loop-marker.ts';
import { Ledger } from '../ledger.ts';
import { makeFolder, pathError } from '../output/named-path.ts';
import { Pipeline } from '../pipeline.ts';
import { watchEndpoints } from '../service/endpoint-watch.ts';
import { ServiceThread } from '../service/service-thread.ts';
import { ledgerLine } from '../service/service.ts';
import { exchangeOutput, type OutputFormat } from './exchange-output.ts';
import { patient, readCaptures, REPLAY_OPTIONS } from './replay.ts';
import { ReplayProgress } from './replay-progress.ts';
import { deliveredOf, deliveredText, replaySummary } from './replay-summary.ts';
import { forTerminal } from './terminal-text.ts';

interface ReplayOptions {
  /** Whose rules and limits apply; null = none. */
  readonly settings: Settings | null;
  readonly defaults: Settings;
  readonly format: OutputFormat;
  /** Deliver here instead of printing. */
  readonly to?: string;
  /** File for the ledger as JSON; `-` = standard error. */
  readonly ledger?: string;
}

/** A file does not get younger: an endpoint that nobody answers at is given up soon. */
const GIVE_UP_MS = 10_000;
const LOOK_MS = 200;

const say = (sentence: string): void => void process.stderr.write(`${sentence}\n`);

/** What a person has named is where captures go, and nowhere else. */
const onlyTo = (settings: Settings, endpoint: string): Settings => (
  { ...settings, forward: { ...settings.forward, endpoint, extProc: { ...settings.forward.extProc, endpoint: '' } } }
);

/**
 * Prints exchanges, or delivers them with `to`; rules and limits of a configuration apply when one is given. On stderr:
 * progress and a summary for people, the ledger as one line for programs.
 */
export async function replayCommand(
  files: readonly string[], { settings, defaults, format, to, ledger: ledgerFile }: ReplayOptions,
): Promise<void> {
  // Not found out behind hours of reading, and not the file itself: a pipe is opened once.
  if (ledgerFile !== undefined && ledgerFile !== '-') named(ledgerFile, () => makeFolder(dirname(ledgerFile)));
  const ledger = new Ledger();
  const isWatched = process.stderr.isTTY === true;
  const progress = new ReplayProgress(files, isWatched);
  let isFailed = true;
  try {
    const longestSilenceMs = Math.max(GIVE_UP_MS, settings?.forward.responseTimeoutMs ?? 0);
    if (to !== undefined) await deliver(files, onlyTo(settings ?? defaults, to), ledger, progress, longestSilenceMs);
    else await print(files, settings, format, ledger, progress);
    isFailed = false;
  } finally {
    progress.stop();
    // Of files that could not be read there is nothing to tell.
    tell(!isFailed || ledger.get('capture.frames') > 0);
  }

  function tell(isAnythingRead: boolean): void {
    if (ledgerFile !== undefined && ledgerFile !== '-') named(ledgerFile, () => writeFileSync(ledgerFile, `${ledgerLine(ledger)}\n`));
    if (!isAnythingRead) return;
    if (isWatched) say(replaySummary(ledger, progress.bytes, progress.elapsedMs, to ?? null));
    else if (to !== undefined) say(`delivered ${deliveredText(ledger, to)}`);
    if (ledgerFile === '-' || (!isWatched && ledgerFile === undefined)) say(ledgerLine(ledger));
  }
}

/** Does what the file of `--ledger` takes. Throws an Error of one sentence. */
function named(file: string, task: () => void): void {
  try {
    task();
  } catch (error) {
    throw pathError('--ledger', file, error);
  }
}

async function print(
  files: readonly string[], settings: Settings | null, format: OutputFormat, ledger: Ledger, progress: ReplayProgress,
): Promise<void> {
  const isTerminal = process.stdout.isTTY === true;
  const write = (text: string | Buffer): void => {
    process.stdout.write(isTerminal ? forTerminal(text, format) : text);
  };
  const output = exchangeOutput(format, write, ledger);
  // Whoever reads the output may be slower than a file is read.
  const options = {
    onRead: (bytes: number): void => progress.read(bytes),
    betweenBatches: async (): Promise<void> => {
      if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
    },
  };
  try {
    if (settings === null) {
      await readCaptures(files, new Pipeline(REPLAY_OPTIONS, ledger, output), options, say);
    } else {
      const thread = new ServiceThread(onlyTo(settings, ''), ledger, randomBytes(32), null, { limits: patient(settings.limits), exchanges: output });
      try {
        await readCaptures(files, thread.pipeline, options, say);
      } finally {
        await thread.drain(0);
      }
    }
  } finally {
    // What could be read of a broken file is a whole output.
    output.end();
  }
}

/** @param longestSilenceMs without any answer, while requests wait for one */
async function deliver(
  files: readonly string[], settings: Settings, ledger: Ledger, progress: ReplayProgress, longestSilenceMs: number,
): Promise<void> {
  const { forward } = settings;
  const loopKey = readLoopKey(forward.loopKeyFile);
  const thread = new ServiceThread(settings, ledger, loopKey, null, { limits: patient(settings.limits) });
  const state = (): string => thread.endpointStates()[0]?.detail ?? '';
  let failingMs = 0;
  let silentMs = 0;
  let before = 0;
  const watch = setInterval(() => {
    failingMs = thread.endpointStates()[0]?.condition === 'failing' ? failingMs + LOOK_MS : 0;
    const inFlight = thread.gauges().inFlightRequests;
    silentMs = inFlight > 0 && deliveredOf(ledger) === before ? silentMs + LOOK_MS : 0;
    before = deliveredOf(ledger);
  }, LOOK_MS);
  const givenUpAfterMs = (): number | null => {
    if (failingMs >= GIVE_UP_MS) return GIVE_UP_MS;
    return silentMs >= longestSilenceMs ? longestSilenceMs : null;
  };
  const isGivenUp = (): boolean => givenUpAfterMs() !== null;
  const endWatch = watchEndpoints(() => thread.endpointStates(), Math.min(GIVE_UP_MS, forward.deadlineMs), say);
  const options = {
    onRead: (bytes: number): void => progress.read(bytes),
    betweenBatches: async (): Promise<void> => {
      do await setTimeout(1); while (!isGivenUp() && thread.gauges().queueBytes > forward.queueBytes / 4);
      const waitedMs = givenUpAfterMs();
      if (waitedMs !== null) throw new Error(`${forward.endpoint}: ${state()}; given up after ${waitedMs / 1000} s`);
    },
  };
  try {
    await readCaptures(files, thread.pipeline, options, say);
    const end = Date.now() + forward.deadlineMs;
    while (thread.gauges().inFlightRequests > 0 && !isGivenUp() && Date.now() < end) await setTimeout(20);
  } finally {
    clearInterval(watch);
    endWatch();
    await thread.drain(0);
  }
  const submitted = ledger.get('forward.submitted');
  const left = submitted - deliveredOf(ledger);
  const waitedMs = givenUpAfterMs();
  const waited = waitedMs === null ? '' : `; given up after ${waitedMs / 1000} s without an answer`;
  if (left > 0) throw new Error(`${left} of ${submitted} requests were not delivered to ${forward.endpoint}: ${state()}${waited}`);
}
