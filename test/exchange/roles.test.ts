// Connections joined in the middle: nobody has said who the client is, and neither end may become the other by what it
// writes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TcpStream } from '../tcp-stream.ts';

const OPTIONS = { parseResponses: true };

/** Source, method and target of each request, and its response's status. */
function told(stream: TcpStream): string[] {
  assert.deepEqual(stream.end(), []);
  return stream.exchanges.map(({ src, request, response }) => `${src} ${request.method} ${request.target}${response === null ? '' : ` ${response.status}`}`);
}

test('a client with the lower port is known by its request line, of any method, and its response is paired', () => {
  const stream = new TcpStream(OPTIONS);
  stream.clientPort = 1_500;
  stream.serverPort = 8_080;
  stream.answer('rest of a body').send('QUERY /a HTTP/1.1\r\nHost: a\r\n\r\n').answer('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  assert.deepEqual(told(stream), ['10.0.1.7:1500 QUERY /a 200']);
  assert.equal(stream.ledger.get('http.roles_swapped'), 1);
});

test('a request line in a response ends nothing of what its client says, and what stands there is told as found', () => {
  const stream = new TcpStream(OPTIONS);
  const head = 'POST /attack HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n';
  stream.send('GET /first HTTP/1.1\r\nHost: a\r\n\r\n').answer('HTTP/1.1 200 OK\r\nContent-Length: 41\r\n\r\n');
  stream.send(`${head}half`);
  stream.answer('GET /phantom HTTP/1.1\r\nHost: echo.test\r\n\r\n');
  stream.send('half').send('FOO /odd HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.deepEqual(told(stream).sort(), [
    '10.0.1.7:41000 FOO /odd', '10.0.1.7:41000 GET /first 200', '10.0.1.7:41000 POST /attack', '10.0.2.9:80 GET /phantom',
  ]);
  assert.deepEqual(stream.exchanges.map(({ request }) => request.complete), [true, true, true, true]);
  assert.deepEqual(stream.exchanges.filter(({ request }) => request.found).map(({ request }) => request.target), ['/first', '/phantom']);
  assert.equal(stream.ledger.get('http.roles_swapped'), 0);
  assert.equal(stream.ledger.get('http.roles_unknown'), 1);
});

test('where a response was the first to show a request line, the true client is heard all the same, and its next request too', () => {
  const stream = new TcpStream(OPTIONS);
  stream.answer('GET /phantom HTTP/1.1\r\nHost: a\r\n\r\n').send('FOO /odd HTTP/1.1\r\nHost: a\r\n\r\n').send('BAR /odd2 HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.deepEqual(told(stream).sort(), ['10.0.1.7:41000 BAR /odd2', '10.0.1.7:41000 FOO /odd', '10.0.2.9:80 GET /phantom']);
});

test('a client that writes a status line is heard behind it', () => {
  const stream = new TcpStream(OPTIONS);
  stream.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n').send('FOO /odd HTTP/1.1\r\nHost: a\r\n\r\n').send('BAR /odd2 HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.deepEqual(told(stream), ['10.0.1.7:41000 FOO /odd', '10.0.1.7:41000 BAR /odd2']);
});

test('neither takes the other over where each has sent a request: both are clients from then on, for ever', () => {
  const stream = new TcpStream(OPTIONS);
  for (let i = 0; i < 5; i++) {
    stream.send(`GET /client${i} HTTP/1.1\r\nHost: a\r\n\r\n`).answer(`GET /echo${i} HTTP/1.1\r\nHost: a\r\n\r\n`);
  }
  const all = [0, 1, 2, 3, 4].flatMap((i) => [`10.0.1.7:41000 GET /client${i}`, `10.0.2.9:80 GET /echo${i}`]);
  assert.deepEqual(told(stream).sort(), all.sort());
});

test('what a record of TLS takes of a piece is not the other role\'s as well', () => {
  const stream = new TcpStream(OPTIONS);
  stream.clientPort = 1_500;
  stream.serverPort = 8_080;
  stream.answer('\x16\x03\x01\x00\x01\x00HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok').send('GET /a HTTP/1.1\r\nHost: a\r\n\r\n')
    .answer('HTTP/1.1 204 No Content\r\n\r\n');
  assert.deepEqual(told(stream), ['10.0.1.7:1500 GET /a 204']);
  assert.equal(stream.ledger.get('http.tls_bytes'), 6);
  assert.equal(stream.ledger.get('http.roles_swapped'), 1);
});

test('an end that its port makes the server is a client by its lines alone: they are told as found until an answer', () => {
  const stream = new TcpStream(OPTIONS);
  const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
  stream.answer(get('/echo0')).answer(get('/echo1')).answer(get('/echo2'));
  // The first of these was found by a search itself.
  for (let i = 0; i < 2; i++) stream.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  stream.answer(get('/asked')).send('');
  told(stream);
  assert.deepEqual(stream.exchanges.map(({ request }) => [request.target, request.found === true]),
    [['/echo0', true], ['/echo1', true], ['/echo2', true], ['/asked', false]]);
});
