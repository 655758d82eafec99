/**
 * `node --import tsx bench/in-process.ts [--kind get] [--workers 1,2] [--flows 1000,…]`: the pipeline alone, from
 * packets in memory to a sink that only counts: what rebuilding costs without sockets, and whether it scales with
 * cores and stays flat with the number of connections.
 */
import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { Command, Option } from 'commander';
import { LinkType } from '../rebuilder/capture/frame-source.ts';
import { workerOf } from '../rebuilder/capture/flow-hash.ts';
import { Ledger } from '../rebuilder/ledger.ts';
import { Pipeline } from '../rebuilder/pipeline.ts';
import { REPLAY_OPTIONS } from '../rebuilder/cli/replay.ts';
import { buildLoad, NO_FAULTS } from './load.ts';
import type { RequestKind } from './requests.ts';

interface Share {
  readonly kind: RequestKind;
  readonly connections: number;
  readonly requests: number;
  readonly worker: number;
  readonly workers: number;
  readonly allocations: boolean;
}

interface Cost {
  readonly requests: number;
  readonly packets: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly mebibytes: number;
  readonly flows: number;
}

/** Datagrams between two calls of batchEnd, as a socket at full load has them. */
const BATCH = 256;

async function measure(share: Share): Promise<Cost> {
  const { packets } = buildLoad({
    seed: 3,
    kind: share.kind,
    requests: share.requests,
    connections: share.connections,
    requestsPerConnection: 1e6,
    mtu: 1500,
    responses: false,
    faults: NO_FAULTS,
  });
  // Offsets in the pipeline are signed words of 32 bits; what sources read into has megabytes.
  if (packets.bytes.length > 0x7fff_ffff) throw new Error('the load takes more than 2 GiB: ask for fewer --requests');
  const mine: number[] = [];
  for (let i = 0; i < packets.count; i++) {
    const packet = packets.packet(i);
    // The requests are used up: what follows is the end of all connections at once, which is another load.
    if ((packet[55]! & 1) !== 0) break;
    const addresses = packet.readUInt32BE(34) ^ packet.readUInt32BE(38);
    if (workerOf(addresses, packet.readUInt16BE(42), packet.readUInt16BE(44), share.workers) === share.worker) {
      mine.push(i);
    }
  }
  let requests = 0;
  const { limits } = REPLAY_OPTIONS;
  const pipeline = new Pipeline(
    { ...REPLAY_OPTIONS, parseResponses: false, limits: { ...limits, gapTimeoutMs: 1000, reorderMs: 200 } },
    new Ledger(),
    {
      exchange: () => {
        requests++;
      },
    },
  );
  const { bytes, starts, lengths } = packets;
  const heldBefore = heldBytes();
  const run = (from: number, to: number): void => {
    for (let k = from; k < to; k++) {
      const i = mine[k]!;
      const start = starts[i]!;
      const length = lengths[i]!;
      pipeline.frame(LinkType.vxlan, bytes, start, start + length, length, 1_800_000_000_000 + (k >> 7), 0x0a010101);
      if (k % BATCH === BATCH - 1) pipeline.batchEnd(1_800_000_000_000 + (k >> 7));
    }
  };
  const warm = mine.length >> 1;
  run(0, warm);
  requests = 0;
  parentPort?.postMessage('warm');
  if (parentPort) await new Promise((resolve) => { parentPort?.once('message', resolve); });
  const session = share.allocations ? new Session() : undefined;
  session?.connect();
  await session?.post('HeapProfiler.startSampling', {
    samplingInterval: 4096, includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true,
  });
  const cpu = threadCpuSeconds();
  const begin = performance.now();
  run(warm, mine.length);
  const seconds = (performance.now() - begin) / 1000;
  const cpuSeconds = threadCpuSeconds() - cpu;
  if (session) await printAllocations(session, mine.length - warm);
  return {
    requests, packets: mine.length - warm, seconds, cpuSeconds,
    mebibytes: (heldBytes() - heldBefore) / 2 ** 20, flows: pipeline.gauges().flows,
  };
}

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** What the JavaScript heap holds, garbage collected before. */
function heldBytes(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** CPU time of this thread alone (the helpers of the garbage collector are others). */
function threadCpuSeconds(): number {
  return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0]) / 1e9;
}

async function printAllocations(session: Session, packets: number): Promise<void> {
  const { profile } = await session.post('HeapProfiler.stopSampling');
  const own = new Map<string, number>();
  const visit = (node: typeof profile.head): void => {
    const { functionName, url, lineNumber } = node.callFrame;
    const name = `${functionName || '(anonymous)'} ${url.replace(/^.*\/(?=[^/]+\/[^/]+$)/, '')}:${lineNumber + 1}`;
    own.set(name, (own.get(name) ?? 0) + node.selfSize);
    node.children.forEach(visit);
  };
  visit(profile.head);
  for (const [name, size] of [...own].sort((a, b) => b[1] - a[1]).slice(0, 25)) {
    console.log(`${(size / packets).toFixed(0).padStart(6)} bytes a packet  ${name}`);
  }
}

/** Runs shares in threads that begin together; the slowest decides. */
async function together(shares: Share[]): Promise<Cost[]> {
  const threads = shares.map((share) => new Worker(new URL('./in-process.js', import.meta.url), { workerData: share }));
  await Promise.all(threads.map((thread) => new Promise((resolve, reject) => { thread.once('message', resolve).once('error', reject); })));
  const costs = Promise.all(threads.map((thread) => new Promise<Cost>((resolve) => { thread.once('message', resolve); })));
  for (const thread of threads) thread.postMessage('go');
  return costs;
}

async function main(): Promise<void> {
  const options = new Command('bench/in-process.ts')
    .addOption(new Option('--kind <kind>', 'of requests').choices(['get', 'mix', 'chunked']).default('get'))
    .option('--requests <n>', 'requests, half of them to warm up', '200000')
    .option('--workers <list>', 'numbers of threads', '1,2')
    .option('--flows <list>', 'numbers of connections', '1000')
    .option('--allocations', 'where memory is allocated, in the main thread')
    .parse().opts<{ kind: RequestKind; requests: string; workers: string; flows: string; allocations?: true }>();
  for (const connections of options.flows.split(',').map(Number)) {
    // Some more than are measured, see above.
    const requests = Math.max(Number(options.requests), connections * 2) + connections;
    const share = { kind: options.kind, connections, requests, allocations: options.allocations === true };
    if (share.allocations) await measure({ ...share, worker: 0, workers: 1 });
    for (const workers of options.workers.split(',').map(Number)) {
      const costs = await together(
        Array.from({ length: workers }, (_, worker) => ({ ...share, worker, workers, allocations: false })),
      );
      const seconds = Math.max(...costs.map((cost) => cost.seconds));
      const packets = costs.reduce((sum, cost) => sum + cost.packets, 0);
      const cpu = costs.reduce((sum, cost) => sum + cost.cpuSeconds, 0);
      const done = costs.reduce((sum, cost) => sum + cost.requests, 0);
      console.log(`${connections} connections, ${workers} worker(s): ${Math.round(done / seconds)} requests/s, ${Math.round(packets / seconds)} packets/s, `
        + `CPU ${(cpu / packets * 1e6).toFixed(2)} us a packet, ${(cpu / done * 1e6).toFixed(2)} us a request, `
        + `${Math.round(costs.reduce((sum, { mebibytes }) => sum + mebibytes, 0) * 2 ** 20 / costs.reduce((sum, { flows }) => sum + flows, 0))} bytes a connection`);
    }
  }
}

if (isMainThread) await main();
else parentPort?.postMessage(await measure(workerData as Share));
