// Which of several FINs ends a stream, and what is behind one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fins } from '../../rebuilder/reassembly/fins.ts';
import { TcpStream } from '../tcp-stream.ts';

const NEAR_END = 0xffff_fff0 | 0;

test('the first one counts, in whatever order they come, across the wrap of the numbers', () => {
  const fins = new Fins(NEAR_END + 40 | 0);
  fins.add(NEAR_END);
  fins.add(NEAR_END + 20 | 0);
  assert.equal(fins.seq, NEAR_END);
});

test('data that cover one leave the next; one at their end is not covered', () => {
  const fins = new Fins(7);
  for (const seq of [24, 30, 24]) fins.add(seq);
  assert.equal(fins.cover(24), true);
  assert.equal(fins.seq, 24);
  assert.equal(fins.cover(31), false);
});

test('of a flood of them the first eight are kept', () => {
  const fins = new Fins(1000);
  for (let seq = 999; seq > 0; seq--) fins.add(seq);
  assert.equal(fins.cover(8), true);
  assert.equal(fins.cover(9), false);
});

const REQUEST = 'GET /last HTTP/1.1\r\nHost: a\r\n\r\n';
const FLAG_FIN = 1;
const FLAG_ACK = 16;

/** The last request, the client's FIN, and what it acknowledges behind that. */
const LAST: Readonly<Record<string, (stream: TcpStream) => unknown>> = {
  data: (stream) => stream.send(REQUEST, { at: 0 }),
  FIN: (stream) => stream.send('', { at: REQUEST.length, flags: FLAG_ACK | FLAG_FIN }),
  ACK: (stream) => stream.send('', { at: REQUEST.length + 1 }),
};

for (const order of [['data', 'FIN', 'ACK'], ['data', 'ACK', 'FIN'], ['FIN', 'data', 'ACK'], ['FIN', 'ACK', 'data'], ['ACK', 'data', 'FIN'], ['ACK', 'FIN', 'data']]) {
  test(`a FIN takes a number, and no byte is missing there: ${order.join(', ')}`, () => {
    const stream = new TcpStream().open();
    for (const one of order) LAST[one]!(stream);
    stream.wait(20_000);
    assert.deepEqual(stream.end(), []);
    assert.deepEqual(stream.exchanges.map(({ request }) => [request.target, request.complete]), [['/last', true]]);
    assert.equal(stream.ledger.get('tcp.reassembly_gap'), 0);
  });
}
