// Connections that pause for longer than limits.idle_timeout, as servers that wait for ever let them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { TcpStream } from '../tcp-stream.ts';

const IDLE_MS = 2_000;
const LIVE = {
  limits: { ...REPLAY_OPTIONS.limits, idleTimeoutMs: IDLE_MS, gapTimeoutMs: 100, reorderMs: 20, stallTimeoutMs: 1_000 },
};

function told(stream: TcpStream): string[] {
  assert.deepEqual(stream.end(), []);
  return stream.exchanges.filter(({ request }) => request.complete).map(({ request }) => `${request.method} ${request.target} ${request.bodySize}`);
}

test('a request that pauses in its middle is told whole, and so is the next one', () => {
  for (const at of [7, 25, 60]) {
    const text = 'POST /attack HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789';
    const stream = new TcpStream(LIVE).open().send(text.slice(0, at)).wait(5 * IDLE_MS).send(text.slice(at)).send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.deepEqual(told(stream), ['POST /attack 10', 'GET /next 0'], `pause behind ${at} bytes`);
  }
});

/** HTTP/2: HEADERS that end their stream. */
function headers(streamId: number, block: string): string {
  return `\0\0${String.fromCharCode(block.length)}\x01\x05\0\0\0${String.fromCharCode(streamId)}${block}`;
}

test('HTTP/2 that pauses between two requests is read on, with its table of fields', () => {
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0';
  const stream = new TcpStream(LIVE).open().send(preface + headers(1, '\x82\x86\x41\x01a\x44\x07/attack')).wait(5 * IDLE_MS);
  stream.send(headers(3, '\x82\x86\xbf\xbe'));
  assert.deepEqual(told(stream), ['GET /attack 0', 'GET /attack 0']);
});

test('one between two messages of HTTP/1 is forgotten, and in the end so is any', () => {
  const stream = new TcpStream(LIVE).open().send('GET /a HTTP/1.1\r\nHost: a\r\n\r\n').wait(2 * IDLE_MS);
  assert.equal(stream.pipeline.gauges().flows, 0);
  stream.nextConnection().open().send('GET /b HT').wait(23 * IDLE_MS);
  assert.equal(stream.pipeline.gauges().flows, 1);
  stream.wait(2 * IDLE_MS);
  assert.equal(stream.pipeline.gauges().flows, 0);
  assert.equal(stream.ledger.get('tcp.flow_idle_timeout'), 2);
});
