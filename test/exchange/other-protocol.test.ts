import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TcpStream } from '../tcp-stream.ts';

const ATTACK = 'GET /attack HTTP/1.1\r\nHost: a\r\n\r\n';

test('a record of TLS that is longer than all that follows hides no request that begins a packet', () => {
  const stream = new TcpStream().open();
  stream.send('\x17\x03\x03\x40\x00hell\n').send('xyz').send(ATTACK).end();
  assert.deepEqual(stream.exchanges.map(({ request }) => [request.target, request.found]), [['/attack', true]]);
  assert.equal(stream.ledger.get('http.tls_bytes'), 13);
});

test('TLS that no line ends in is TLS', () => {
  const stream = new TcpStream().open().send('\x16\x03\x01\x00\x05he').send('llo').close();
  assert.deepEqual(stream.end(), []);
  assert.equal(stream.ledger.get('http.tls_bytes'), 10);
  assert.equal(stream.ledger.get('http.tls_flow'), 1);
});

test('what no request line begins with, behind a request, is told where no line ends it either', () => {
  const stream = new TcpStream().open().send(ATTACK).send('\x01\x02').send('abc').close();
  assert.deepEqual(stream.end(), []);
  assert.deepEqual(stream.exchanges.map(({ request }) => request.irregular ?? []), [[], ['unreadable']]);
});
