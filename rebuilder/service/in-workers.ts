import assert from 'node:assert/strict';
import { loadLibc } from '../capture/libc.ts';
import { openSocketGroup, type SocketGroup } from '../capture/socket-group.ts';
import { mergeSources, type SeenSource } from '../capture/source-table.ts';
import { bindAddress } from '../capture/udp-socket.ts';
import type { Settings } from '../config/settings.ts';
import type { LineWriter } from '../output/exchange-lines.ts';
import { type RebuildingThreads, SHOWN_SENDERS } from './rebuilding-threads.ts';
import type { ObserverOf } from '../output/request-observer.ts';
import { ServiceThread } from './service-thread.ts';
import { Sources } from './sources.ts';
import { RecentList } from '../status/recent-list.ts';
import type { RecentRequest } from '../status/recent-requests.ts';
import type { EndpointState, SourceState } from '../status/status-source.ts';
import { workerHeapMib } from './worker-heap.ts';
import type { WorkerInputs, WorkerShare } from './worker-share.ts';
import { Workers } from './workers.ts';

/** What each worker is told. */
interface Orders {
  readonly settings: Settings;
  readonly loopKey: Uint8Array;
}

/** What each worker tells, once a second. */
interface Report {
  readonly sources: readonly SourceState[];
  readonly endpoints: readonly EndpointState[];
  readonly senders: readonly SeenSource[];
  /** Those that have changed since the last report. */
  readonly recent: readonly RecentRequest[];
}

const isOrders = (data: unknown): data is Orders =>
  typeof data === 'object' && data !== null && 'settings' in data && 'loopKey' in data && data.loopKey instanceof Uint8Array;

const isReport = (report: unknown): report is Report =>
  typeof report === 'object' && report !== null && ['sources', 'endpoints', 'senders', 'recent'].every((key) => key in report);

const REPORT_MS = 1000;
/** Beyond the drain timeout: for a worker to say that it is done. */
const STOP_GRACE_MS = 2000;

/**
 * The service in several threads: the main thread binds the sockets and holds them, each worker reads its own of the
 * group and is a whole service for the connections the kernel gives it. null = not on this system (no libc to call):
 * run in the main thread.
 */
export async function startInWorkers(
  settings: Settings, loopKey: Uint8Array, notice: (sentence: string) => void, writeLines: LineWriter | null,
): Promise<RebuildingThreads | null> {
  const libc = await loadLibc();
  if (libc === undefined) return null;
  const groups: SocketGroup[] = [];
  const closeGroups = (): void => groups.splice(0).forEach((group) => group.close());
  const { fromVxlan, fromGeneve } = settings.tcpStream;
  let vxlan: SocketGroup | null = null;
  let geneve: SocketGroup | null = null;
  try {
    const open = (tunnel: 'vxlan' | 'geneve', { listen, receiveBufferBytes }: typeof fromVxlan): SocketGroup => {
      const options = { host: bindAddress(listen.host), port: listen.port, receiveBufferBytes };
      const group = openSocketGroup(libc, tunnel, settings.workers, options);
      groups.push(group);
      return group;
    };
    if (fromVxlan.enabled) vxlan = open('vxlan', fromVxlan);
    if (fromGeneve.enabled) geneve = open('geneve', fromGeneve);
  } catch (error) {
    closeGroups();
    throw error;
  }
  const inputs = Array.from({ length: settings.workers }, (_, i): WorkerInputs => {
    const [forVxlan, forGeneve] = [vxlan?.sockets[i], geneve?.sockets[i]];
    return {
      ...forVxlan === undefined ? {} : { vxlan: forVxlan }, ...forGeneve === undefined ? {} : { geneve: forGeneve },
    };
  });
  const orders: Orders = { settings, loopKey };
  const { enabled, recentRequests } = settings.metrics;
  const recent = enabled && recentRequests > 0 ? new RecentList(recentRequests) : null;
  const workers = new Workers({
    entry: process.argv[1] ?? assert.fail('Node was started without a file'), inputs, data: orders, onDeath: notice,
    heapMib: workerHeapMib(settings),
    onReport: (report) => {
      assert(isReport(report), 'a worker reports what is no report');
      recent?.merge(report.recent);
    },
    ...(writeLines === null ? {} : { writeLines }),
  });
  try {
    await workers.start();
  } catch (error) {
    await workers.stop(0);
    closeGroups();
    throw error;
  }
  const reports = (): Report[] => workers.states().map(({ report }) => report).filter(isReport);
  return {
    vxlanPort: vxlan?.port ?? 0,
    ledger: () => workers.ledger(),
    measures: () => workers.measures(),
    gauges: () => ({
      flows: workers.gauge('flows'),
      pendingPackets: workers.gauge('pendingPackets'),
      pendingBytes: workers.gauge('pendingBytes'),
      inFlightRequests: workers.gauge('inFlightRequests'),
      inFlightExchanges: workers.gauge('inFlightExchanges'),
      queueBytes: workers.gauge('queueBytes'),
      openConnections: workers.gauge('openConnections'),
      memoryBytes: workers.gauge('memoryBytes'),
    }),
    sources: () => workers.states().flatMap(({ index, running, report }) => (isReport(report) ? report.sources : [])
      .map(({ description, bound }) => ({ description: `worker ${index}: ${description}`, bound: bound && running }))),
    senders: () => mergeSources(reports().map(({ senders }) => senders), SHOWN_SENDERS),
    endpoints: () => mergeEndpoints(reports().map(({ endpoints }) => endpoints)),
    recent: (revision) => recent?.since(revision) ?? null,
    lastPacketMs: () => workers.gauge('lastPacketMs') || null,
    stop: async (timeoutMs) => {
      await workers.stop(timeoutMs + STOP_GRACE_MS);
      closeGroups();
    },
  };
}

/** A worker's life. */
export async function runWorker(share: WorkerShare, observerOf: ObserverOf): Promise<void> {
  const { data } = share;
  assert(isOrders(data), 'a worker was started without orders');
  const { settings, loopKey } = data;
  const thread = new ServiceThread(settings, share.ledger, loopKey, observerOf(settings, share.ledger), {
    share, ...(settings.exchanges.file === '' ? {} : { writeLines: (lines: Uint8Array) => share.writeLines(lines) }),
  });
  // libpcap's captures are one worker's: their packets would have to be copied to reach another.
  const sources = new Sources(settings, share.ledger, share.inputs, share.index === 0, () => {});
  const tell = (): void => share.tell({ ...thread.gauges(), lastPacketMs: thread.pipeline.lastFrameMs ?? 0 });
  let revision = 0;
  const report = (): void => {
    const recent = thread.recent?.since(revision);
    revision = recent?.revision ?? 0;
    share.report({
      sources: sources.states(), endpoints: thread.endpointStates(), senders: thread.pipeline.senders.list(),
      recent: recent?.requests ?? [],
    } satisfies Report);
  };
  share.onSegment((segment) => thread.pipeline.segment(segment, Date.now()));
  await sources.start(thread.pipeline);
  const timers = [setInterval(tell, 100), setInterval(report, REPORT_MS)];
  share.onStop(() => void (async () => {
    await sources.stop();
    await thread.drain(settings.forward.drainTimeoutMs);
    timers.forEach(clearInterval);
    tell();
    report();
    process.exit();
  })());
  report();
  share.ready();
}

/** Of each endpoint the worst that a worker has met, else the best: one that was never asked knows nothing. */
function mergeEndpoints(states: readonly (readonly EndpointState[])[]): EndpointState[] {
  const merged = new Map<string, EndpointState>();
  for (const state of states.flat()) {
    const known = merged.get(state.key);
    if (known === undefined || known.condition === 'untried' || state.condition === 'failing') merged.set(state.key, state);
  }
  return [...merged.values()];
}
