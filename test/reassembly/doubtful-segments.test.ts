import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Budget } from '../../rebuilder/reassembly/budget.ts';
import { alternatives, DoubtfulSegments } from '../../rebuilder/reassembly/doubtful-segments.ts';
import { Doubt } from '../../rebuilder/reassembly/receiver.ts';
import { TcpStream } from '../tcp-stream.ts';

/** `3:abc` = the bytes abc at sequence number 3. */
function held(...segments: `${number}:${string}`[]): DoubtfulSegments {
  const doubtful = new DoubtfulSegments(new Budget(10_000), new Ledger());
  for (const text of segments) {
    const [at, bytes] = text.split(':') as [string, string];
    const from = { ack: 0, timeMs: 0, ipId: 0, headerBytes: 40 };
    doubtful.add(Buffer.from(bytes), 0, bytes.length, Number(at), from, Doubt.checksum, -1);
  }
  return doubtful;
}

describe('what is set aside goes on without a hole', () => {
  test('in any order, also where segments overlap', () => {
    assert.deepEqual([held().endOfRun(5), held('0:ab', '2:cd').endOfRun(0), held('2:cd', '0:ab').endOfRun(0), held('0:abcd', '2:cdef', '1:b').endOfRun(0)], [5, 4, 4, 6]);
  });

  test('up to a hole, and from a place that was reached already', () => {
    assert.deepEqual([held('0:ab', '3:de').endOfRun(0), held('3:de').endOfRun(0), held('0:ab', '2:cd').endOfRun(3), held('0:ab').endOfRun(7)], [2, 0, 4, 7]);
  });

  test('without what its receiver still waits for', () => {
    const doubtful = held('0:ab', '2:cd');
    doubtful.acknowledged(2);
    assert.deepEqual([doubtful.endOfRun(0), doubtful.awaits], [2, true]);
    doubtful.acknowledged(0);
    assert.deepEqual([doubtful.endOfRun(0), doubtful.awaits], [0, false]);
  });
});

test('sets that agree: one where all do, else four at most that each begin with another', () => {
  const sets = (...segments: Parameters<typeof held>): string[] => alternatives(held(...segments).all())
    .map((some) => some.map(({ seq, bytes }) => `${seq}:${Buffer.from(bytes).toString()}`).join(' '));
  assert.deepEqual(sets(), []);
  assert.deepEqual(sets('0:ab', '1:bc', '9:z'), ['0:ab 1:bc 9:z']);
  assert.deepEqual(sets('0:ab', '1:x', '9:z'), ['0:ab 9:z', '1:x 9:z', '9:z 0:ab']);
  assert.equal(sets('0:a', '0:b', '0:c', '0:d', '0:e').length, 4);
});

const LIVE = {
  limits: { ...REPLAY_OPTIONS.limits, gapTimeoutMs: 1000, reorderMs: 200, stallTimeoutMs: 1500 },
  parseResponses: false,
};
const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const targets = (stream: TcpStream): string[] => stream.exchanges.map(({ request }) => request.target);

describe('segments with a wrong checksum', () => {
  test('a true copy wins, and the other is told as another reading', () => {
    const stream = new TcpStream(LIVE).open();
    stream.send(get('/decoy'), { badChecksum: true }).send(get('/truth'), { at: 0 });
    assert.deepEqual(stream.exchanges.map(({ request }) => [request.target, request.reading ?? 1]), [['/truth', 1], ['/decoy', 2]]);
    assert.deepEqual(stream.end(), []);
    assert.equal(stream.exchanges.length, 2);
  });

  test('one right sum among wrong ones (offload) loses nothing, one-way', () => {
    const stream = new TcpStream(LIVE).open();
    stream.send(get('/1'));
    for (let i = 2; i < 20; i++) stream.send(get(`/${i}`), { badChecksum: true }).wait(100);
    stream.wait(1500);
    assert.deepEqual(targets(stream), Array.from({ length: 19 }, (_, i) => `/${i + 1}`));
    assert.deepEqual(stream.end(), []);
  });

  test('a decoy that is waited for, then the true bytes: both are inspected', () => {
    const stream = new TcpStream(LIVE).open();
    stream.send(get('/decoy'), { badChecksum: true }).wait(1500);
    stream.send(get('/truth'), { at: 0 }).wait(200);
    assert.deepEqual(targets(stream), ['/decoy', '/truth']);
    assert.deepEqual(stream.end(), []);
  });

  test('also behind several decoys', () => {
    const stream = new TcpStream(LIVE).open();
    stream.send(get('/decoy1'), { badChecksum: true }).wait(1500);
    stream.send(get('/decoy2'), { badChecksum: true }).wait(1500);
    stream.send(get('/truth1'), { at: 0 }).send(get('/truth2'), { at: get('/truth1').length }).wait(200);
    assert.deepEqual(targets(stream), ['/decoy1', '/decoy2', '/truth1', '/truth2']);
    assert.deepEqual(stream.end(), []);
  });

  test('where no sum was ever right, none is looked at', () => {
    const stream = new TcpStream(LIVE);
    stream.send(get('/1'), { badChecksum: true }).send(get('/2'), { badChecksum: true }).wait(300);
    assert.deepEqual(targets(stream), ['/1', '/2']);
    assert.equal(stream.ledger.get('tcp.invalid_checksum'), 0);
    assert.deepEqual(stream.end(), []);
  });
});

// A server's window moves by its packets: a capture that loses those for longer must not lose requests with them.
test('no packet of the server is captured any more: what goes beyond its last window is read, however much it is', () => {
  for (const waits of [false, true]) {
    const stream = new TcpStream(LIVE).open();
    for (let i = 0; i < 4000; i++) {
      stream.send(get(`/${i}`.padEnd(60, 'x')));
      if (waits && i % 100 === 0) stream.wait(100);
    }
    stream.wait(3000);
    assert.deepEqual(targets(stream), Array.from({ length: 4000 }, (_, i) => `/${i}`.padEnd(60, 'x')));
    assert.equal(stream.ledger.get('tcp.segment_memcap_drop'), 0);
    assert.deepEqual(stream.end(), []);
  }
});
