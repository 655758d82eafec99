import type { Settings } from './config/settings.ts';
import { readLoopKey } from './forward/loop-marker.ts';
import { startInProcess } from './in-process.ts';
import { startInWorkers } from './in-workers.ts';
import { COUNTER_NAMES, type Ledger } from './ledger.ts';
import type { Logger } from './log.ts';
import type { RequestObserver } from './service-thread.ts';
import { StatusServer } from './status/server.ts';
import type { StatusSource } from './status/status-source.ts';

export const VERSION = '0.1.0';

/** What rebuilds: the main thread alone, or workers. */
export interface RebuildingThreads extends Pick<StatusSource, 'ledger' | 'gauges' | 'sources' | 'endpoint' | 'lastPacketMs'> {
  /** Port of the VXLAN socket; 0 = none. */
  readonly vxlanPort: number;
  /** Stops capture, delivers what is there for up to `timeoutMs`, and frees everything. */
  stop(timeoutMs: number): Promise<void>;
}

export interface Service {
  readonly vxlanPort: number;
  /** `host:port` of metrics and the status page; null = off. */
  readonly statusAddress: string | null;
  ledger(): Ledger;
  stop(): Promise<void>;
}

export interface ServiceOptions {
  readonly log: Logger;
  readonly observer: RequestObserver | null;
  /** What the demo's stand-in received, for the status page. */
  readonly received?: NonNullable<StatusSource['received']>;
}

/** Starts everything a configuration asks for. Rejects with an Error of one sentence, with nothing left running. */
export async function startService(settings: Settings, { log, observer, received }: ServiceOptions): Promise<Service> {
  const startedMs = Date.now();
  const loopKey = readLoopKey(settings.forward.loopKeyFile);
  const notice = (sentence: string): void => log.warn(sentence);
  const threads = (settings.workers > 0 ? await startInWorkers(settings, loopKey, notice) : null)
    ?? await startInProcess(settings, loopKey, observer, notice);
  let server: StatusServer;
  try {
    const source: StatusSource = { ...threads, version: VERSION, startedMs, ...(received === undefined ? {} : { received }) };
    server = await StatusServer.start(source, settings.metrics, settings.healthCheck);
  } catch (error) {
    await threads.stop(0);
    throw error;
  }
  for (const { description } of threads.sources()) log.info(`capturing: ${description}`);
  if (server.metricsAddress !== null) log.info(`status page on http://${server.metricsAddress}/, metrics on /metrics`);
  if (settings.forward.endpoint !== '') log.info(`delivering to ${settings.forward.endpoint}`);
  return {
    vxlanPort: threads.vxlanPort,
    statusAddress: server.metricsAddress,
    ledger: () => threads.ledger(),
    stop: async () => {
      await threads.stop(settings.forward.drainTimeoutMs);
      await server.close();
    },
  };
}

/** The ledger as one line: every counter that is not 0. */
export function ledgerLine(ledger: Ledger): string {
  return JSON.stringify(Object.fromEntries(COUNTER_NAMES.filter((name) => ledger.get(name) !== 0).map((name) => [name, ledger.get(name)])));
}
