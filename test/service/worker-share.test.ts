import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { COUNTER_NAMES } from '../../rebuilder/ledger.ts';
import { Packet } from '../../rebuilder/wire/packet.ts';
import { MOST_UNDER_WAY, SegmentsUnderWay } from '../../rebuilder/service/segments-under-way.ts';
import {
  GAUGE_NAMES, type GaugeName, NUMBERS_BYTES, type Segment, WorkerNumbers, WorkerShare, workerShare,
} from '../../rebuilder/service/worker-share.ts';

const WORKERS = 3;

function share(): { share: WorkerShare; numbers: SharedArrayBuffer; underWay: SegmentsUnderWay; main: MessageChannel['port1'] } {
  const { port1, port2 } = new MessageChannel();
  const numbers = new SharedArrayBuffer(NUMBERS_BYTES);
  const underWay = SegmentsUnderWay.buffer(WORKERS);
  const data = { rebuilderWorker: true, index: 1, workers: WORKERS, numbers, underWay, inputs: {}, data: 'settings' } as const;
  return { share: new WorkerShare(data, port2), numbers, underWay: new SegmentsUnderWay(underWay), main: port1 };
}

/** Each gauge has a value of its own. */
const gauges = (first: number): Record<GaugeName, number> =>
  Object.fromEntries(GAUGE_NAMES.map((name, i) => [name, i + first])) as Record<GaugeName, number>;

test('the main thread has no share', () => {
  assert.equal(workerShare(), undefined);
});

test('counters, gauges and measures lie in shared memory, beside each other', () => {
  const { share: worker, numbers, main } = share();
  worker.ledger.count('workers.taken_over', 7);
  worker.tell(gauges(1));
  const all = new Float64Array(numbers);
  assert.equal(all[COUNTER_NAMES.indexOf('workers.taken_over')], 7);
  assert.deepEqual(
    [...all.subarray(COUNTER_NAMES.length, COUNTER_NAMES.length + GAUGE_NAMES.length)],
    GAUGE_NAMES.map((_, i) => i + 1),
  );
  worker.measures.delay.observe(0);
  assert.equal(all[COUNTER_NAMES.length + GAUGE_NAMES.length], 1);
  main.close();
});

test('what the main thread reads is of one moment: counted or not, until the worker tells', () => {
  const { share: worker, numbers, main } = share();
  const shown = new WorkerNumbers(numbers);
  for (const round of [1, 2, 3]) {
    worker.ledger.count('http.requests');
    worker.tell(gauges(round));
    worker.ledger.count('http.requests', 100);
    const { ledger, gauges: [flows] } = shown.told();
    assert.deepEqual([ledger.get('http.requests'), flows], [1 + 101 * (round - 1), round]);
  }
  main.close();
});

test('a segment that is handed over arrives with all its fields and a copy of its own bytes', async () => {
  const { share: worker, main } = share();
  const packet = new Packet();
  Object.assign(packet, {
    bytes: Buffer.from('xxdata'), vni: 1377, outerSource: -5, version: 6, src0: 1, src3: -2, dst0: 3, dst3: 4, srcPort: 41_000, dstPort: 80,
    seq: 0xfffffff0, ack: 9, flags: 24, window: 502, payloadStart: 2, payloadEnd: 6, optionsStart: 2, dataStart: 2, dataEnd: 6, extensionBytes: 8, checksum: 'correct', ipId: 77, protocol: 6,
  });
  worker.handOver(2, packet);
  packet.bytes.fill(0);
  const [message] = await once(main, 'message') as [{ kind: string; to: number; segment: Segment }];
  assert.deepEqual([message.kind, message.to], ['segment', 2]);
  // What the other end does with it.
  const received = new Promise<Segment>((resolve) => { worker.onSegment(resolve); });
  main.postMessage({ kind: 'segment', segment: message.segment });
  const copy = Object.assign(new Packet(), await received);
  assert.deepEqual(Buffer.from(copy.bytes.subarray(copy.dataStart, copy.dataEnd)).toString(), 'data');
  assert.equal(copy.bytes.length, 4);
  const places = { payloadStart: 0, payloadEnd: 4, optionsStart: 0, dataStart: 0, dataEnd: 4 };
  assert.deepEqual({ ...copy, bytes: null }, { ...packet, ...places, bytes: null });
  assert.equal(worker.ledger.get('workers.handed_over'), 1);
  assert.equal(worker.ledger.get('workers.taken_over'), 1);
  main.close();
});

test('more segments than a worker takes are not handed over, and counted', async () => {
  const { share: worker, underWay, main } = share();
  const packet = Object.assign(new Packet(), { bytes: Buffer.alloc(60_000), payloadEnd: 60_000 });
  const [handed, full] = [(): number => worker.ledger.get('workers.handed_over'), (): number => worker.ledger.get('workers.queue_full')];
  while (full() === 0) worker.handOver(1, packet);
  assert.ok(underWay.bytes(1) >= MOST_UNDER_WAY && underWay.bytes(1) < MOST_UNDER_WAY + 65_536);
  const most = handed();
  worker.handOver(1, packet);
  assert.deepEqual([handed(), full()], [most, 2]);
  worker.handOver(2, packet);
  assert.deepEqual([handed(), full()], [most + 1, 2], 'what is under way to others does not count');
  // One is taken: there is room for one.
  const taken = new Promise<Segment>((resolve) => { worker.onSegment(resolve); });
  const [message] = await once(main, 'message') as [{ segment: Segment }];
  main.postMessage({ kind: 'segment', segment: message.segment });
  await taken;
  worker.handOver(1, packet);
  worker.handOver(1, packet);
  assert.deepEqual([handed(), full()], [most + 2, 3]);
  main.close();
});
