// A stream of which every segment is doubted, joined in the middle: there is nothing else to begin with, and whoever
// reads it reads them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TcpStream } from '../tcp-stream.ts';

/** TCP MD5 signature (RFC 2385): who has the key takes the segment. */
const SIGNED = Uint8Array.from([19, 18, ...new Array<number>(16).fill(7), 1, 1]);
const REQUEST = 'GET /signed HTTP/1.1\r\nHost: a\r\n\r\n';
const HALF = 20;
/** The request's first sequence number, also the one that a new stream stands at. */
const BEGINS = [1_001, 0, 1, -1, -HALF];

const ORDERS: readonly (readonly [why: string, pieces: readonly (readonly [from: number, to: number])[]])[] = [
  ['whole', [[0, REQUEST.length]]],
  ['in two', [[0, HALF], [HALF, REQUEST.length]]],
  ['the second half first', [[HALF, REQUEST.length], [0, HALF]]],
  ['each twice', [[0, HALF], [0, HALF], [HALF, REQUEST.length], [HALF, REQUEST.length]]],
];

for (const [why, pieces] of ORDERS) {
  test(`told, ${why}, wherever its numbers begin`, () => {
    for (const first of BEGINS) {
      const stream = new TcpStream({ parseResponses: false }, first - 1);
      for (const [from, to] of pieces) stream.send(REQUEST.slice(from, to), { at: from, options: SIGNED });
      assert.deepEqual(stream.end(), [], 'ledger');
      const told = stream.exchanges.filter(({ request }) => request.target === '/signed' && request.complete);
      assert.equal(told.length, 1, `from ${first}`);
    }
  });
}
