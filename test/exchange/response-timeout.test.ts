import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BEGIN, GET, SETTINGS, headers } from '../http2/http2-frames.ts';
import { TcpStream } from '../tcp-stream.ts';

test('each request that waited too long is counted, not each look', () => {
  const stream = new TcpStream({ parseResponses: true, responseTimeoutMs: 5_000 }).open();
  for (let i = 0; i < 3; i++) stream.send(`GET /${i} HTTP/1.1\r\nHost: a\r\n\r\n`);
  stream.answer('').wait(120_000);
  assert.equal(stream.ledger.get('http.response_timeout'), 3);
  stream.nextConnection().open().send(Buffer.concat([BEGIN, headers(1, GET), headers(3, GET)]));
  stream.answer(SETTINGS).wait(120_000);
  assert.equal(stream.ledger.get('http.response_timeout'), 5);
  assert.deepEqual(stream.end(), []);
});
