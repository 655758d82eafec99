import { loadLibc } from '../capture/libc.ts';
import type { Settings } from '../config/settings.ts';
import { EndpointProbe } from './endpoint-probe.ts';
import { watchEndpoints } from './endpoint-watch.ts';
import { FreedMemory } from './freed-memory.ts';
import { readLoopKey } from '../forward/loop-marker.ts';
import { startInProcess } from './in-process.ts';
import { startInWorkers } from './in-workers.ts';
import { COUNTER_NAMES, Ledger } from '../ledger.ts';
import { openExchangeFiles } from '../output/exchange-files.ts';
import type { Logger } from '../output/log.ts';
import type { RebuildingThreads } from './rebuilding-threads.ts';
import { endpointUrls } from './service-thread.ts';
import type { ObserverOf } from '../output/request-observer.ts';
import { StatusServer } from '../status/server.ts';
import { shownConfiguration } from '../status/shown-configuration.ts';
import type { EndpointState, GaugeLimits, StatusSource } from '../status/status-source.ts';
import { VERSION } from './version.ts';

export interface Service {
  readonly vxlanPort: number;
  /** `host:port` of metrics and the status page; null = off. */
  readonly statusAddress: string | null;
  ledger(): Ledger;
  endpoints(): readonly EndpointState[];
  /** Requests and exchanges that are not delivered yet. */
  undelivered(): number;
  stop(): Promise<void>;
}

export interface ServiceOptions {
  readonly log: Logger;
  /** Who is told about each request; with workers it is that of `runWorker`. */
  readonly observerOf: ObserverOf | null;
  /** What the demo's stand-in for a node has flagged, for the status page. */
  readonly attackIn?: NonNullable<StatusSource['attackIn']>;
}

/** Far less than it takes a flood to fill the limits. */
const FREED_MEMORY_MS = 1000;

/** Starts everything a configuration asks for. Rejects with an Error of one sentence, with nothing left running. */
export async function startService(
  settings: Settings, { log, observerOf, attackIn }: ServiceOptions,
): Promise<Service> {
  const startedMs = Date.now();
  const loopKey = readLoopKey(settings.forward.loopKeyFile);
  const notice = (sentence: string): void => log.warn(sentence);
  const ofFiles = new Ledger();
  const files = await openExchangeFiles(settings.exchanges, ofFiles, notice);
  const writeLines = files?.write ?? null;
  let threads: RebuildingThreads;
  try {
    threads = (settings.workers > 0 ? await startInWorkers(settings, loopKey, notice, writeLines) : null)
      ?? await startInProcess(settings, loopKey, observerOf, notice, writeLines);
  } catch (error) {
    await files?.close(0);
    throw error;
  }
  const ledger = (): Ledger => threads.ledger().plus(ofFiles);
  let server: StatusServer;
  const probe = new EndpointProbe(settings.forward, (key) => {
    const [counted, { inFlightRequests, inFlightExchanges }] = [threads.ledger(), threads.gauges()];
    return key === 'forward.ext_proc.endpoint'
      ? { delivered: counted.get('ext_proc.delivered') + counted.get('ext_proc.delivered_incomplete'), waiting: inFlightExchanges }
      : { delivered: counted.get('forward.delivered') + counted.get('forward.delivered_incomplete'), waiting: inFlightRequests };
  });
  const endpoints = (): readonly EndpointState[] => probe.merge(threads.endpoints());
  try {
    const source: StatusSource = {
      ...threads, ledger, endpoints, version: VERSION, startedMs, limits: limitsOf(settings),
      configuration: shownConfiguration(settings),
      ...(attackIn === undefined ? {} : { attackIn }),
    };
    server = await StatusServer.start(source, settings.metrics, settings.healthCheck);
  } catch (error) {
    probe.stop();
    await threads.stop(0);
    await files?.close(0);
    throw error;
  }
  for (const { description } of threads.sources()) log.info(`capturing: ${description}`);
  if (server.metricsAddress !== null) log.info(`status page on http://${server.metricsAddress}/, metrics on /metrics`);
  for (const url of endpointUrls(settings.forward)) if (url !== null) log.info(`delivering to ${url}`);
  if (files !== null) log.info(`writing exchanges to ${settings.exchanges.file}${uploadsTo(settings.exchanges.s3)}`);
  const libc = await loadLibc();
  const memory = libc === undefined ? null : new FreedMemory(libc.trim);
  const memoryTimer = setInterval(() => memory?.look(), FREED_MEMORY_MS);
  const endWatch = watchEndpoints(endpoints, settings.forward.deadlineMs, notice);
  return {
    vxlanPort: threads.vxlanPort,
    statusAddress: server.metricsAddress,
    ledger,
    endpoints,
    undelivered: () => {
      const { inFlightRequests, inFlightExchanges } = threads.gauges();
      return inFlightRequests + inFlightExchanges;
    },
    stop: async () => {
      await threads.stop(settings.forward.drainTimeoutMs);
      endWatch();
      clearInterval(memoryTimer);
      probe.stop();
      await files?.close(settings.forward.drainTimeoutMs);
      await server.close();
    },
  };
}

const uploadsTo = ({ bucket, prefix }: Settings['exchanges']['s3']): string => bucket === '' ? '' : `, full ones to s3://${bucket}/${prefix}`;

/** What the threads may hold together. */
function limitsOf({ limits, forward, exchanges, workers }: Settings): GaugeLimits {
  const threads = Math.max(1, workers);
  return {
    flows: threads * limits.flows,
    queueBytes: threads * forward.queueBytes,
    memoryBytes: threads * (
      limits.memoryBytes + limits.reorderBytes + limits.correctionBytes + forward.queueBytes + exchanges.queueBytes),
  };
}

/** The ledger as one line: every counter that is not 0. */
export function ledgerLine(ledger: Ledger): string {
  return JSON.stringify(ledgerEntries(ledger));
}

/** Every counter that is not 0. */
export function ledgerEntries(ledger: Ledger): Record<string, number> {
  const counted = COUNTER_NAMES.filter((name) => ledger.get(name) !== 0);
  return Object.fromEntries(counted.map((name) => [name, ledger.get(name)]));
}
