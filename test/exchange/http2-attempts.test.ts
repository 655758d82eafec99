// What begins like HTTP/2 and is none, and another attempt behind it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRequest } from '../../rebuilder/http/http-request.ts';
import { BEGIN, GET, SETTINGS, data, headers } from '../http2/http2-frames.ts';
import { TcpStream } from '../tcp-stream.ts';

const UPGRADE = 'Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\n\r\n';
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n';

type Begun = Pick<HttpRequest, 'seq' | 'ack' | 'ipId' | 'timeMs'> & { readonly target: string };

/** Where each request began, by what `play` plays. */
function began(play: (stream: TcpStream) => void): Begun[] {
  const requests: Begun[] = [];
  const stream = new TcpStream({ parseResponses: false }, 1_000, {
    exchange: ({ seq, ack, ipId, timeMs, bytes, targetStart, targetEnd }) => {
      stream.ledger.count('http.exchanges');
      requests.push({ seq, ack, ipId, timeMs, target: Buffer.from(bytes.subarray(targetStart, targetEnd)).toString() });
    },
  });
  play(stream.open());
  assert.deepEqual(stream.end(), []);
  return requests;
}

test('a request whose first byte may have been HTTP/2 began with the packet of that byte', () => {
  assert.deepEqual(began((stream) => stream.send('P').wait(40).send('O').wait(40).send('ST /a HTTP/1.1\r\nHost: a\r\n\r\n')), [
    { target: '/a', seq: 1_001, ack: 7_001, ipId: 3, timeMs: 1_000 },
  ]);
});

test('so does one behind a request for h2c', () => {
  const ask = `GET /ask HTTP/1.1\r\n${UPGRADE}`;
  const [, second] = began((stream) => stream.send(ask).wait(40).send('P').wait(40).send('OST /b HTTP/1.1\r\nHost: a\r\n\r\n'));
  assert.deepEqual(second, { target: '/b', seq: 1_001 + ask.length, ack: 7_001, ipId: 4, timeMs: 1_040 });
});

test('a first byte P takes no response from HTTP/2 that begins behind it', () => {
  const stream = new TcpStream().open();
  stream.send('P').send(`OST /ask HTTP/1.1\r\n${UPGRADE}`).answer(SWITCHING).send(BEGIN).send(headers(3, GET))
    .answer(Buffer.concat([SETTINGS, headers(1, [[':status', '204']]), headers(3, [[':status', '404']], 0), data(3, 'no')]));
  assert.deepEqual(stream.end(), []);
  const statuses = stream.exchanges.map(({ request, response }) => `${request.target} ${response?.status ?? 'none'}`);
  assert.deepEqual(statuses.sort(), ['/a 404', '/ask 101']);
  assert.equal(stream.pipeline.gauges().memoryBytes, 0);
});

test('what could not be read before the server agreed to h2c is told, and given back', () => {
  const plain = 'GET /plain HTTP/1.1\r\nHost: a\r\n\r\n';
  const junk = '\x01\x02 no request\r\n';
  const stream = new TcpStream().open();
  stream.send(`GET /ask HTTP/1.1\r\n${UPGRADE}`).send(plain).send(junk).answer(SWITCHING).send(plain).send(junk);
  assert.deepEqual(stream.end(), []);
  assert.equal(stream.pipeline.gauges().memoryBytes, 0);
  assert.equal(stream.exchanges.filter(({ request }) => request.lost?.includes('http.unreadable')).length, 2);
});
