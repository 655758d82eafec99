import type { Settings } from './config/settings.ts';
import type { FrameSource } from './capture/frame-source.ts';
import { GeneveSocket } from './capture/geneve-socket.ts';
import { VxlanSocket } from './capture/vxlan-socket.ts';
import { readLoopKey } from './forward/loop-marker.ts';
import { COUNTER_NAMES, Ledger } from './ledger.ts';
import type { Logger } from './log.ts';
import { type RequestObserver, ServiceThread } from './service-thread.ts';
import { StatusServer } from './status/server.ts';
import type { StatusSource } from './status/status-source.ts';

export const VERSION = '0.1.0';

export interface Service {
  /** Port of the VXLAN socket; 0 = none. */
  readonly vxlanPort: number;
  /** `host:port` of metrics and the status page; null = off. */
  readonly statusAddress: string | null;
  readonly ledger: () => Ledger;
  readonly gauges: StatusSource['gauges'];
  /** Stops capture, delivers what is there for up to `forward.drain_timeout`, and frees everything. */
  stop(): Promise<void>;
}

export interface ServiceOptions {
  readonly log: Logger;
  readonly observer?: RequestObserver | null;
  /** What the demo's stand-in received, for the status page. */
  readonly received?: NonNullable<StatusSource['received']>;
}

/** Starts everything a configuration asks for. Rejects with an Error of one sentence, with nothing left running. */
export async function startService(settings: Settings, options: ServiceOptions): Promise<Service> {
  const { log } = options;
  const ledger = new Ledger();
  const thread = new ServiceThread(settings, ledger, readLoopKey(settings.forward.loopKeyFile), options.observer ?? null);
  const startedMs = Date.now();
  const sources: FrameSource[] = [];
  const started: FrameSource[] = [];
  let vxlan: VxlanSocket | null = null;
  const { fromVxlan, fromGeneve } = settings.tcpStream;
  if (fromVxlan.enabled) sources.push(vxlan = new VxlanSocket({ ...fromVxlan.listen, receiveBufferBytes: fromVxlan.receiveBufferBytes, ledger }));
  if (fromGeneve.enabled) sources.push(new GeneveSocket({ ...fromGeneve.listen, receiveBufferBytes: fromGeneve.receiveBufferBytes, ledger }));
  const status: StatusSource = {
    version: VERSION,
    startedMs,
    ledger: () => ledger,
    gauges: () => thread.gauges(),
    sources: () => sources.map((source) => ({ description: source.describe(), bound: started.includes(source) })),
    endpoint: () => thread.endpointState(),
    lastPacketMs: () => thread.pipeline.lastFrameMs,
    ...(options.received === undefined ? {} : { received: options.received }),
  };
  let server: StatusServer | null = null;
  const stopSources = async (): Promise<void> => {
    for (const source of started.splice(0)) await source.stop();
  };
  try {
    for (const source of sources) {
      await source.start(thread.pipeline);
      started.push(source);
      log.info(`capturing from ${source.describe()}`);
    }
    server = await StatusServer.start(status, settings.metrics, settings.healthCheck);
  } catch (error) {
    await stopSources();
    await thread.drain(0);
    throw error;
  }
  if (server.metricsAddress !== null) log.info(`status page on http://${server.metricsAddress}/, metrics on /metrics`);
  if (settings.forward.endpoint !== '') log.info(`delivering to ${settings.forward.endpoint}`);
  return {
    vxlanPort: vxlan?.port ?? 0,
    statusAddress: server.metricsAddress,
    ledger: () => ledger,
    gauges: () => thread.gauges(),
    stop: async () => {
      await stopSources();
      await thread.drain(settings.forward.drainTimeoutMs);
      await server.close();
    },
  };
}

/** The ledger as one line: every counter that is not 0. */
export function ledgerLine(ledger: Ledger): string {
  return JSON.stringify(Object.fromEntries(COUNTER_NAMES.filter((name) => ledger.get(name) !== 0).map((name) => [name, ledger.get(name)])));
}
