import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { ResourceLimits } from 'node:worker_threads';
import { loadLibc } from '../../rebuilder/capture/libc.ts';
import { openSocketGroup } from '../../rebuilder/capture/socket-group.ts';
import { balance } from '../../rebuilder/status/balance.ts';
import { YOUNG_MIB } from '../../rebuilder/service/worker-heap.ts';
import { Workers } from '../../rebuilder/service/workers.ts';

const libc = await loadLibc();
const skip = libc ? false : 'socket groups need Linux and koffi';
const ENTRY = new URL('../worker.js', import.meta.url);
const NOTHING = { packets: 0, bytes: 0, requests: 0 };

/** A VXLAN datagram too short to hash goes to worker 0, one of this flow to worker 1. */
function datagram(worker: 0 | 1, first: string): Buffer {
  if (worker === 0) return Buffer.from(first);
  const bytes = Buffer.alloc(70);
  bytes.write(first, 0);
  bytes.writeUInt16BE(0x0800, 20);
  bytes[22] = 0x45;
  bytes[31] = 6;
  bytes.writeUInt32BE(1, 34); // 1 * 0x9e3779b1 >> 16 = 0x9e37, odd
  return bytes;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setTimeout(5);
}

interface Pair {
  workers: Workers;
  send(worker: 0 | 1, text: string): Promise<void>;
  close(): Promise<void>;
}

async function pair(onDeath: (sentence: string) => void, pingMs?: number): Promise<Pair> {
  const group = openSocketGroup(libc!, 'vxlan', 2, { host: '127.0.0.1', port: 0, receiveBufferBytes: 1 << 20 });
  const inputs = group.sockets.map((vxlan) => ({ vxlan }));
  const workers = new Workers({ entry: ENTRY, inputs, data: 'ok', heapMib: 256, onDeath, ...pingMs === undefined ? {} : { pingMs } });
  await workers.start();
  const socket = createSocket('udp4');
  return {
    workers,
    send: (worker, text) => new Promise((resolve) => { socket.send(datagram(worker, text), group.port, '127.0.0.1', () => resolve()); }),
    close: async () => {
      await workers.stop(5000);
      group.close();
      socket.close();
    },
  };
}

test('each worker reads its own socket, and their counters and gauges are summed', { skip }, async () => {
  const { workers, send, close } = await pair(() => {});
  for (let i = 0; i < 30; i++) await send(i % 3 === 0 ? 0 : 1, '.');
  await until(() => workers.ledger().get('tcp.segments') === 30);
  assert.equal(workers.gauge('flows'), 30);
  assert.ok(workers.gauge('lastPacketMs') > 1e12 && workers.gauge('lastPacketMs') <= Date.now());
  assert.deepEqual(
    workers.states().map(({ running, deaths }) => ({ running, deaths })),
    [
      { running: true, deaths: 0 },
      { running: true, deaths: 0 },
    ],
  );
  await close();
  assert.ok(workers.states().every(({ running }) => !running));
  assert.equal(workers.ledger().get('tcp.segments'), 30);
});

test('a worker that dies is replaced, what it held is counted as lost, and its socket loses nothing', { skip }, async () => {
  const sentences: string[] = [];
  const { workers, send, close } = await pair((sentence) => sentences.push(sentence));
  for (let i = 0; i < 5; i++) await send(1, '.');
  await until(() => workers.ledger().get('tcp.segments') === 5);
  await send(1, '!');
  await until(() => sentences.length === 1);
  // While it is away and starting again.
  for (let i = 0; i < 7; i++) await send(1, '.');
  for (let i = 0; i < 2; i++) await send(0, '.');
  await until(() => workers.ledger().get('tcp.segments') === 14);
  assert.deepEqual(sentences, ['worker 1 died and is replaced: a byte that kills']);
  assert.deepEqual(workers.states().map(({ deaths, lastFault }) => ({ deaths, lastFault })), [{ deaths: 0, lastFault: '' }, { deaths: 1, lastFault: 'a byte that kills' }]);
  const ledger = workers.ledger();
  assert.equal(ledger.get('workers.died'), 1);
  assert.equal(ledger.get('workers.lost_packets'), 1, 'the packet it died of');
  for (const { imbalance } of balance(ledger, NOTHING)) assert.equal(imbalance, 0);
  // The second time it is replaced after a pause.
  await send(1, '!');
  await until(() => sentences.length === 2);
  assert.equal(sentences[1], 'worker 1 died and is replaced in 100 ms: a byte that kills');
  await send(1, '.');
  await until(() => workers.ledger().get('tcp.segments') === 15);
  await close();
});

test('a worker that does not come back from a packet is replaced, and what it held is counted as lost', { skip }, async () => {
  const sentences: string[] = [];
  const { workers, send, close } = await pair((sentence) => sentences.push(sentence), 100);
  await send(1, '@');
  await until(() => sentences.length > 0);
  assert.match(sentences[0]!, /^worker 1 died and is replaced: it has not answered 30 times$/);
  await send(1, 'x');
  await until(() => workers.ledger().get('tcp.segments') === 1);
  assert.equal(workers.ledger().get('workers.lost_packets'), 1);
  assert.deepEqual(workers.states().map(({ deaths }) => deaths), [0, 1]);
  await close();
});

test('a segment is handed to the worker of its connection', { skip }, async () => {
  const { workers, send, close } = await pair(() => {});
  await send(0, '>');
  await until(() => workers.states()[1]!.report !== undefined);
  assert.equal(workers.states()[1]!.report, '4711 from 0');
  await send(1, '>');
  await until(() => workers.states()[0]!.report !== undefined);
  assert.equal(workers.states()[0]!.report, '4711 from 1');
  // A worker tells its counters a moment after what it reports.
  await until(() => workers.ledger().get('workers.taken_over') === 2);
  await until(() => workers.ledger().get('workers.handed_over') === 2);
  await close();
});

test('a segment on its way to a worker that dies is taken by the next, or counted as lost', { skip }, async () => {
  const sentences: string[] = [];
  const { workers, send, close } = await pair((sentence) => sentences.push(sentence));
  await send(1, '~');
  // It does nothing else from here on, until the segment is under way.
  await until(() => workers.states()[1]!.report === 'in hand');
  await send(0, '>');
  await until(() => sentences.length === 1);
  await until(() => workers.ledger().get('workers.taken_over') === 1);
  await until(() => workers.ledger().get('workers.handed_over') === 1);
  await close();
});

test('neither generation of the heap of a worker is as large as V8 would let it grow', { skip }, async () => {
  const { workers, send, close } = await pair(() => {});
  await send(0, '#');
  await until(() => workers.states()[0]!.report !== undefined);
  const { maxOldGenerationSizeMb, maxYoungGenerationSizeMb } = workers.states()[0]!.report as ResourceLimits;
  assert.deepEqual([maxOldGenerationSizeMb, maxYoungGenerationSizeMb], [256, YOUNG_MIB]);
  await close();
});

test('what keeps all workers from starting is told once, in its own words, and none is left behind', async () => {
  const sentences: string[] = [];
  const workers = new Workers({
    entry: ENTRY, inputs: [{}, {}, {}], data: 'fail at start', heapMib: 256, onDeath: (sentence) => sentences.push(sentence),
  });
  await assert.rejects(workers.start(), /^Error: no licence to work$/);
  await until(() => workers.states().every(({ running }) => !running));
  assert.deepEqual(sentences, []);
});
