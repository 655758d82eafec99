// Heads with bytes changed, put in and taken out, each on a connection of its own: whatever they say, nothing throws and every byte is accounted for.
// `HEADS=1000000 npm test http1/mutated-heads` reads a million.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Messages } from '../oracle/http/messages.ts';
import { randomNumbers } from '../random-numbers.ts';
import { TcpStream } from '../tcp-stream.ts';

const HEADS = Number(process.env['HEADS'] ?? '10000');
const SEED = Number(process.env['SEED'] ?? '1');
/** Connections that one pipeline reads; a new one begins at port 1. */
const CONNECTIONS = 10_000;

test(`${HEADS} mutated heads, seed ${SEED}`, () => {
  const messages = new Messages(SEED);
  const below = randomNumbers(SEED);
  let told = 0;
  for (let left = HEADS; left > 0; left -= CONNECTIONS) {
    const stream: TcpStream = new TcpStream({}, 1000, { exchange: () => {
      stream.ledger.count('http.exchanges');
      told++;
    } });
    for (let i = Math.min(left, CONNECTIONS); i > 0; i--) {
      const bytes = Buffer.from(messages.next(), 'latin1');
      for (let n = 1 + below(4); n > 0; n--) bytes[below(bytes.length)] = below(256);
      stream.clientPort = 10_000 + i;
      stream.send('', { flags: 2, at: -1 });
      const cut = below(bytes.length + 1);
      stream.send(bytes.subarray(0, cut), { at: 0 }).send(bytes.subarray(cut), { at: cut });
      stream.send('', { at: bytes.length, flags: 17 });
    }
    assert.deepEqual(stream.end(), [], 'ledger');
    assert.equal(stream.ledger.get('pipeline.faults'), 0);
    assert.equal(stream.pipeline.gauges().memoryBytes, 0, 'all memory is given back');
  }
  assert.ok(told > HEADS / 2, `they are read: ${told}`);
});
