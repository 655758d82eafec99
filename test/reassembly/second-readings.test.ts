// How many readings one stream is given, and what they cost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Budget } from '../../rebuilder/reassembly/budget.ts';
import { SecondReading } from '../../rebuilder/reassembly/second-reading.ts';
import { NOWHERE } from '../../rebuilder/reassembly/stream-sink.ts';
import { NOT_URGENT } from '../../rebuilder/reassembly/urgent-byte.ts';
import { LIVE_OPTIONS } from '../oracle/kernel/live-options.ts';
import { TcpStream } from '../tcp-stream.ts';

const HOLES = 20;

test('a body full of holes, each filled after it was given up, is told whole in the end, and few readers follow it', () => {
  const stream = new TcpStream({ ...LIVE_OPTIONS, parseResponses: false }).open();
  const head = `POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${HOLES * 100}\r\n\r\n`;
  stream.send(head);
  for (let at = head.length; at < head.length + HOLES * 100; at += 100) {
    stream.send('b'.repeat(90), { at: at + 10 }).answer('', { ack: stream.isn + 1 + at + 100 }).wait(300).send('a'.repeat(10), { at });
  }
  assert.deepEqual(stream.exchanges.map(({ request }) => [request.complete, request.correction]),
    [[false, undefined], [true, true], [false, true], [false, true], [false, true]]);
  assert.equal(stream.exchanges[1]?.request.bodySize, HOLES * 100);
  assert.deepEqual(stream.end(), []);
});

test('bytes that come again and again otherwise are read anew as often as what came allows', () => {
  const stream = new TcpStream({ ...LIVE_OPTIONS, parseResponses: false });
  const head = 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n';
  stream.send('', { at: -1, flags: 2 }).send(head, { at: 0 });
  for (let i = 0; i < 3000; i++) stream.send('a', { at: head.length + i }).send('b', { at: head.length + i });
  assert.ok(stream.ledger.get('tcp.readings_limit') > 2000, 'what is left out is counted');
  assert.deepEqual(stream.end(), []);
});

// Where memory is short, the reader that a segment begins may push out one that the same segment is still to reach.
test('a reading that made room takes nothing more', () => {
  const budget = new Budget(1 << 20);
  const reading = new SecondReading('reading', NOWHERE, 0, budget, 1 << 20, new Ledger());
  const bytes = new Uint8Array(100);
  const from = { ack: 0, timeMs: 0, ipId: 0, headerBytes: 40 };
  reading.add(bytes, 0, 100, 50, from, NOT_URGENT);
  assert.ok(budget.usedBytes > 0, 'it waits');
  reading.discard();
  assert.equal(reading.add(bytes, 0, 100, 50, from, NOT_URGENT), false);
  const doubted = { seq: 50, bytes, ...from, arrival: 0, doubts: 0, denied: false, timestamp: 0, urgent: NOT_URGENT };
  reading.waitFor(null, [doubted]);
  assert.equal(budget.usedBytes, 0);
});
