// A lossy mirror: what would prove a segment was lost, and so was what stands before it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TcpStream } from '../tcp-stream.ts';

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const LOST = get('/2').length;

/** The second request and its answer were not captured; the third acknowledges that answer. */
function lossy(): TcpStream {
  const stream = new TcpStream({ parseResponses: true }).open();
  stream.send(get('/1')).answer(OK);
  return stream.send(get('/3'), { at: get('/1').length + LOST, ack: stream.serverIsn + 1 + 2 * OK.length });
}

const told = (stream: TcpStream): unknown[] => {
  assert.deepEqual(stream.end(), []);
  return stream.exchanges.map(({ request, response }) => [request.target, request.complete, response?.status ?? null]);
};

test('a request that acknowledges what was not captured, behind a hole, is read when the hole is given up', () => {
  const stream = lossy();
  stream.wait(3000);
  assert.deepEqual(told(stream), [['/1', true, 200], ['/3', true, null]]);
});

test('the same at the end of the input', () => {
  assert.deepEqual(told(lossy()), [['/1', true, 200], ['/3', true, null]]);
});

test('the same where its receiver has said that it has it', () => {
  const stream = lossy();
  stream.answer(OK, { at: 2 * OK.length });
  stream.wait(3000);
  assert.deepEqual(told(stream), [['/1', true, 200], ['/3', true, 200]]);
});

test('several of them, each behind a hole of its own', () => {
  const stream = lossy();
  const at = (n: number): number => get('/1').length + LOST + n * (get('/3').length + LOST);
  stream.send(get('/5'), { at: at(1), ack: stream.serverIsn + 1 + 4 * OK.length }).send(get('/7'), { at: at(2), ack: stream.serverIsn + 1 + 6 * OK.length });
  stream.wait(3000);
  assert.deepEqual(told(stream).map((one) => (one as unknown[])[0]), ['/1', '/3', '/5', '/7']);
});

test('what its receiver says it waits for is not read: it dropped that', () => {
  const stream = lossy();
  stream.answer('', { ack: stream.isn + 1 + get('/1').length });
  stream.wait(3000);
  assert.deepEqual(told(stream), [['/1', true, 200]]);
});

test('a response that the mirror shows behind the next request makes a decoy of that one no certain part of it', () => {
  const stream = new TcpStream({ parseResponses: true }).open();
  const next = get('/attack');
  const [first, at] = [get('/1').length, get('/1').length + 4];
  const ack = stream.serverIsn + 1 + OK.length;
  stream.send(get('/1')).send(next.slice(0, 4), { ack });
  stream.answer(OK, { ack: stream.isn + 1 + first });
  // TCP MD5 (RFC 2385), which the server drops.
  stream.send(get('/normal').slice(4), { at, options: Uint8Array.from([19, 18, ...new Uint8Array(16), 1, 1]) });
  stream.send(next.slice(4), { at }).answer(OK);
  told(stream);
  const attack = stream.exchanges.find(({ request }) => request.target === '/attack')?.request;
  assert.deepEqual([attack?.complete, attack?.reading ?? 1], [true, 1]);
  assert.deepEqual(stream.exchanges.filter(({ request }) => request.target === '/normal' && request.reading === undefined), []);
});
