import type { Settings } from '../config/settings.ts';
import { EndpointProbe } from './endpoint-probe.ts';
import { watchEndpoints } from './endpoint-watch.ts';
import { readTrustedCertificates } from '../forward/ext-proc/trusted-certificates.ts';
import { readLoopKey } from '../forward/loop-marker.ts';
import { startInProcess } from './in-process.ts';
import { startInWorkers } from './in-workers.ts';
import { COUNTER_NAMES, type Ledger } from '../ledger.ts';
import type { Logger } from '../output/log.ts';
import type { RebuildingThreads } from './rebuilding-threads.ts';
import { endpointUrls } from './service-thread.ts';
import type { ObserverOf } from '../output/request-observer.ts';
import { RotatingFile } from '../output/rotating-file.ts';
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
  stop(): Promise<void>;
}

export interface ServiceOptions {
  readonly log: Logger;
  /** Who is told about each request; with workers it is that of `runWorker`. */
  readonly observerOf: ObserverOf | null;
  /** What the demo's stand-in for a node has flagged, for the status page. */
  readonly attackIn?: NonNullable<StatusSource['attackIn']>;
}

/** Starts everything a configuration asks for. Rejects with an Error of one sentence, with nothing left running. */
export async function startService(settings: Settings, { log, observerOf, attackIn }: ServiceOptions): Promise<Service> {
  const startedMs = Date.now();
  const loopKey = readLoopKey(settings.forward.loopKeyFile);
  // Each thread reads them for itself; what is wrong with them is said once, before any is started.
  readTrustedCertificates(settings.forward.extProc.caFile);
  const notice = (sentence: string): void => log.warn(sentence);
  const file = await openExchangeFile(settings.exchanges, notice);
  const writeLines = file === null ? null : (lines: Uint8Array) => file.append(lines);
  let threads: RebuildingThreads;
  try {
    threads = (settings.workers > 0 ? await startInWorkers(settings, loopKey, notice, writeLines) : null)
      ?? await startInProcess(settings, loopKey, observerOf, notice, writeLines);
  } catch (error) {
    await file?.close();
    throw error;
  }
  let server: StatusServer;
  const probe = new EndpointProbe(settings.forward, () => {
    const ledger = threads.ledger();
    return ledger.get('forward.delivered') + ledger.get('forward.delivered_incomplete');
  });
  const endpoints = (): readonly EndpointState[] => probe.merge(threads.endpoints());
  try {
    const source: StatusSource = {
      ...threads, endpoints, version: VERSION, startedMs, limits: limitsOf(settings), configuration: shownConfiguration(settings),
      ...(attackIn === undefined ? {} : { attackIn }),
    };
    server = await StatusServer.start(source, settings.metrics, settings.healthCheck);
  } catch (error) {
    probe.stop();
    await threads.stop(0);
    await file?.close();
    throw error;
  }
  for (const { description } of threads.sources()) log.info(`capturing: ${description}`);
  if (server.metricsAddress !== null) log.info(`status page on http://${server.metricsAddress}/, metrics on /metrics`);
  for (const url of endpointUrls(settings.forward)) if (url !== null) log.info(`delivering to ${url}`);
  if (file !== null) log.info(`writing exchanges to ${settings.exchanges.file}`);
  const endWatch = watchEndpoints(endpoints, settings.forward.deadlineMs, notice);
  return {
    vxlanPort: threads.vxlanPort,
    statusAddress: server.metricsAddress,
    ledger: () => threads.ledger(),
    endpoints,
    stop: async () => {
      await threads.stop(settings.forward.drainTimeoutMs);
      endWatch();
      probe.stop();
      await file?.close();
      await server.close();
    },
  };
}

async function openExchangeFile({ file, maxSizeBytes, maxFiles }: Settings['exchanges'], notice: (sentence: string) => void): Promise<RotatingFile | null> {
  if (file === '') return null;
  const onFault = (error: Error | null): void => notice(error === null
    ? `exchanges.file ${file} is written again`
    : `exchanges.file ${file} cannot be written, requests are left out of it until it can: ${error.message}`);
  try {
    return await RotatingFile.open({ file, maxSizeBytes, maxFiles, onFault });
  } catch (error) {
    throw new Error(`exchanges.file ${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** What the threads may hold together. */
function limitsOf({ limits, forward, exchanges, workers }: Settings): GaugeLimits {
  const threads = Math.max(1, workers);
  return {
    flows: threads * limits.flows,
    queueBytes: threads * forward.queueBytes,
    memoryBytes: threads * (limits.memoryBytes + limits.reorderBytes + limits.correctionBytes + forward.queueBytes + exchanges.queueBytes),
  };
}

/** The ledger as one line: every counter that is not 0. */
export function ledgerLine(ledger: Ledger): string {
  return JSON.stringify(ledgerEntries(ledger));
}

/** Every counter that is not 0. */
export function ledgerEntries(ledger: Ledger): Record<string, number> {
  return Object.fromEntries(COUNTER_NAMES.filter((name) => ledger.get(name) !== 0).map((name) => [name, ledger.get(name)]));
}
