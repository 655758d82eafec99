// Segments that another thread put together, or found the ports of, and handed over: those that came later were read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { decapsulate } from '../../rebuilder/wire/decapsulate.ts';
import { Packet, TcpFlag } from '../../rebuilder/wire/packet.ts';
import { tcpFrame } from '../frames.ts';
import { TcpStream } from '../tcp-stream.ts';

const FIRST = 'GET /first HTTP/1.1\r\nHost: shop.example\r\n\r\n';
const OTHER = FIRST.replace('first', 'other');

/** A segment of the client's that came before all that were read, at `at` of its stream. */
function handOver(stream: TcpStream, at: number, data: string): void {
  const segment = tcpFrame(`10.0.1.7:${stream.clientPort}`, `10.0.2.9:${stream.serverPort}`, {
    seq: stream.isn + 1 + at, ack: stream.serverIsn + 1, flags: TcpFlag.ack,
  }, data);
  const packet = new Packet();
  decapsulate(LinkType.ethernet, segment, 0, segment.length, segment.length, 0, packet);
  stream.pipeline.segment(packet, stream.nowMs);
  stream.ledger.count('workers.taken_over');
}

function told(stream: TcpStream): unknown[] {
  assert.deepEqual(stream.end(), [], 'ledger');
  assert.equal(stream.pipeline.gauges().memoryBytes, 0, 'all memory is given back');
  return stream.exchanges.map(({ request: { target, reading, complete } }) => [target, reading ?? 1, complete]).sort();
}

test('others were read in its place: it is another reading', () => {
  const stream = new TcpStream().open().send(OTHER).answer('');
  handOver(stream, 0, FIRST);
  stream.send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n').answer('');
  assert.deepEqual(told(stream), [['/first', 2, true], ['/next', 1, true], ['/other', 1, true]]);
  assert.equal(stream.ledger.get('tcp.overlap_forgotten'), 1);
});

test('others wait behind a hole in its place: it is another reading', () => {
  const stream = new TcpStream().open().send(OTHER.slice(5), { at: 5 });
  handOver(stream, 5, FIRST.slice(5));
  stream.send(FIRST.slice(0, 5), { at: 0 }).send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n').answer('');
  assert.deepEqual(told(stream), [['/first', 2, true], ['/next', 1, true], ['/other', 1, true]]);
});

test('the same again, which is not remembered, is told again with the id of the first', () => {
  const stream = new TcpStream().open().send(FIRST).answer('');
  handOver(stream, 0, FIRST);
  handOver(stream, 9, FIRST.slice(9));
  stream.send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n').answer('');
  assert.deepEqual(told(stream), [['/first', 1, true], ['/first', 2, true], ['/next', 1, true]]);
  const ids = stream.exchanges.filter(({ request: { target } }) => target === '/first').map(({ id }) => id);
  assert.equal(new Set(ids).size, 1);
});

test('in its turn, or before what waits, it is read as any other', () => {
  const stream = new TcpStream().open();
  handOver(stream, 0, FIRST.slice(0, 9));
  stream.send(FIRST.slice(20), { at: 20 });
  handOver(stream, 9, FIRST.slice(9, 20));
  stream.answer('');
  assert.deepEqual(told(stream), [['/first', 1, true]]);
});
