// Readers beside the first one: where one comes to a place between two messages that another has come to, it reads
// nothing that is new.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TcpStream } from '../tcp-stream.ts';

/** By its coding the body is empty, by its length it is the last chunk: both readings meet behind it. */
const twoWays = (target: string): string =>
  `POST ${target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`;

/** A head that can be framed in six ways. */
const sixWays = (target: string): string =>
  `PUT ${target} HTTP/1.1\r\nHost: a\r\nX-A: 1\rContent-Length: 3\r\nX-A: b\r\nContent-Length: 6\n\r\n\r\nb=mk1s`;

const bodiesOf = (stream: TcpStream, target: string): string[] =>
  stream.exchanges.filter(({ request }) => request.target === target)
    .map(({ request }) => Buffer.from(request.body, 'base64').toString()).sort();

for (const pieceBytes of [1, 60, 1400]) {
  test(`pipelined requests of two readings each are all followed, in pieces of ${pieceBytes} bytes`, () => {
    const stream = new TcpStream().open();
    const text = Array.from({ length: 12 }, (_, i) => twoWays(`/${i}`)).join('');
    for (let at = 0; at < text.length; at += pieceBytes) stream.send(text.slice(at, at + pieceBytes));
    assert.deepEqual(stream.end(), []);
    for (let i = 0; i < 12; i++) assert.deepEqual(bodiesOf(stream, `/${i}`), ['', '0\r\n\r\n'], `/${i}`);
    assert.equal(stream.exchanges.length, 24);
    assert.equal(stream.ledger.get('http.readings_limit'), 0);
    assert.equal(stream.pipeline.gauges().memoryBytes, 0);
  });
}

test('six readings of a message that others have led to are told', () => {
  const stream = new TcpStream().open().send(twoWays('/1') + twoWays('/2') + sixWays('/3'));
  assert.deepEqual(stream.end(), []);
  assert.deepEqual(bodiesOf(stream, '/3'), ['', '', '\r\nb', '\r\nb=mk', 'b=m', 'b=mk1s']);
});

test('there is an end to the readings that are followed, and it is counted', () => {
  const stream = new TcpStream().open();
  // Each length swallows another number of the requests behind it, so that no two readers meet.
  const requests = Array.from({ length: 24 }, (_, i) =>
    `POST /${i} HTTP/1.1\r\nHost: a\r\nContent-Length: ${3000 + i}, ${9000 + 100 * i}\r\n\r\n`);
  stream.send(requests.join(''));
  assert.deepEqual(stream.end(), []);
  assert.ok(stream.ledger.get('http.readings_limit') > 0);
  assert.ok(stream.exchanges.length <= 2 * requests.length, `${stream.exchanges.length}`);
  assert.equal(stream.pipeline.gauges().memoryBytes, 0);
});

/** For one server a body up to the end of the connection, or a very long one, for another no body at all. */
const CROWDS: readonly (readonly [why: string, head: (i: number) => string])[] = [
  ['codings that nobody knows', (i) => `Transfer-Encoding: x${i}`],
  ['lengths below zero', (i) => `Content-Length: -${i + 1}`],
  ['long lengths beside none', (i) => `Content-Length: 0, ${900_000 + i}`],
  ['lengths beside chunks', () => 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0'],
];
const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';
const AS_CHUNK = `${(HIDDEN.length + 12).toString(16)}\r\n0123456789\r\n${HIDDEN}\r\n0\r\n\r\n`;
/** For whoever reads its length another request begins in its chunk. */
const SMUGGLING = `POST /s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: ${AS_CHUNK.indexOf(HIDDEN)}\r\n\r\n${AS_CHUNK}`;

for (const [why, head] of CROWDS) {
  for (const pieceBytes of [60, 1400, 9000]) {
    test(`however many requests with ${why} come before one, it is read in both ways, in pieces of ${pieceBytes} bytes`, () => {
      const stream = new TcpStream().open();
      const crowd = Array.from({ length: 40 }, (_, i) => `GET /${i} HTTP/1.1\r\nHost: a\r\n${head(i)}\r\n\r\n`);
      const text = crowd.join('') + SMUGGLING;
      for (let at = 0; at < text.length; at += pieceBytes) stream.send(text.slice(at, at + pieceBytes));
      assert.deepEqual(stream.end(), []);
      assert.equal(bodiesOf(stream, '/hidden').length, 1);
      assert.equal(stream.pipeline.gauges().memoryBytes, 0);
    });
  }
}

test('of bodies up to the end of the connection those that began first are told', () => {
  const stream = new TcpStream().open();
  for (let i = 0; i < 40; i++) stream.send(`GET /${i} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x${i}\r\n\r\n`);
  assert.deepEqual(stream.end(), []);
  assert.ok(bodiesOf(stream, '/0').some((body) => body.includes('GET /39 ')));
  assert.ok(stream.ledger.get('http.readings_limit') > 0);
});
