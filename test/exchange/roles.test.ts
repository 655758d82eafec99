// Connections joined in the middle: nobody has said who the client is, and neither end may become the other by what it
// writes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BEGIN, GET, SETTINGS, headers } from '../http2/http2-frames.ts';
import { LIVE_OPTIONS } from '../oracle/kernel/live-options.ts';
import { TcpStream } from '../tcp-stream.ts';

const OPTIONS = { parseResponses: true };
/** Of a connection whose SYN was not captured, or that is none. */
const SYN_ACK = { at: -1, flags: 18 };

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

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const ATTACK = 'POST /attack HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\ncmd=evil';
/** The segments in which a client may send its request. */
const SHAPES = {
  'in one segment': [ATTACK],
  'behind an empty line': [`\r\n${ATTACK}`],
  'split in its method': [ATTACK.slice(0, 3), ATTACK.slice(3)],
  'split in its version': [ATTACK.slice(0, 18), ATTACK.slice(18)],
  'split before its line end': [ATTACK.slice(0, 21), ATTACK.slice(21)],
  'byte by byte': [...ATTACK],
  'right behind a body': [`xyz${ATTACK}`],
  'behind a line of a body': [`rest of a body\r\n\r\n${ATTACK}`],
  'behind a status line': [`HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n${ATTACK}`],
  'behind a status line in two segments': ['HTTP/1.1 2', `00 OK\r\n${ATTACK}`],
  'behind a switch to another protocol': [`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n${ATTACK}`],
  'behind what may be a frame of HTTP/2': [`\0\0\x40\x00\0\0\0\0\0${ATTACK}`, ATTACK],
  'with other blanks': [ATTACK.replace(' ', '\t')],
};
/** What the server is seen to do. */
const SERVERS = ['nothing', 'a response first', 'acknowledgments', 'answers'] as const;

function playShape(stream: TcpStream, parts: readonly string[], server: typeof SERVERS[number]): string[] {
  if (server === 'a response first') stream.answer(OK);
  for (const part of parts) {
    stream.send(part);
    if (server !== 'nothing') stream.answer('');
  }
  if (server === 'answers') stream.answer(OK);
  stream.send('GET /second HTTP/1.1\r\nHost: a\r\n\r\n');
  if (server !== 'nothing') stream.answer(server === 'answers' ? OK : '');
  stream.wait(1_500);
  assert.deepEqual(stream.end(), []);
  return stream.exchanges.map(({ src, request, response }) =>
    `${src.split(':')[0]} ${request.target} ${request.complete ? 'whole' : 'part'}${response === null ? '' : ` ${response.status}`}`);
}

/** A SYN-ACK may fit, or be of another place in either stream: its sequence number, how far on it acknowledges. */
const PLACES = [[-1, 0], [-1, 70_000], [4_999, 0], [-5_001, 70_000], [200_000_000, 0], [-200_000_000, 0]] as const;
const LIVE_AND_PAIRED = { ...LIVE_OPTIONS, parseResponses: true };

for (const [shape, parts] of Object.entries(SHAPES)) {
  test(`a client is heard from whichever port: a request ${shape}`, () => {
    for (const server of SERVERS) {
      const [higher, lower] = [41_000, 1_500].map((port) => {
        const stream = new TcpStream(LIVE_AND_PAIRED);
        stream.clientPort = port;
        stream.serverPort = 8_080;
        return playShape(stream, parts, server);
      });
      const where = `the server: ${server}`;
      assert.ok(higher!.includes(`10.0.1.7 /attack whole${server === 'answers' ? ' 200' : ''}`), `${where}: ${higher!.join(', ')}`);
      assert.deepEqual(lower, higher, where);
    }
  });

  test(`a SYN-ACK that the client writes makes it no server: a request ${shape}`, () => {
    for (const server of SERVERS) {
      for (const clientPort of [41_000, 1_500]) {
        for (const [at, ackAhead] of PLACES) {
          const stream = new TcpStream(LIVE_AND_PAIRED, 1_000_000_000);
          stream.clientPort = clientPort;
          stream.serverPort = 8_080;
          stream.send('', { ...SYN_ACK, at, ack: stream.serverIsn + 1 + ackAhead });
          const heard = playShape(stream, parts, server);
          for (const target of ['/attack', '/second']) {
            assert.ok(heard.some((one) => one.startsWith(`10.0.1.7 ${target} whole`)),
              `${target}, port ${clientPort}, numbers ${at} ${ackAhead}, the server: ${server}: ${heard.join(', ')}`);
          }
        }
      }
    }
  });
}

test('a connection whose SYN was not captured is read from its beginning, in HTTP/1', () => {
  const stream = new TcpStream(OPTIONS).answer('', SYN_ACK).send(ATTACK).answer(OK).send('FOO\t/odd HTTP/1.1\r\nHost: a\r\n\r\n').answer(OK);
  assert.deepEqual(told(stream), ['10.0.1.7:41000 POST /attack 200', '10.0.1.7:41000 FOO /odd 200']);
  assert.deepEqual(stream.exchanges.map(({ request }) => request.found === true), [false, false]);
  assert.equal(stream.ledger.get('http.roles_swapped'), 0);
});

test('… in HTTP/2, whichever end says first what it can', () => {
  for (const isServerFirst of [false, true]) {
    const stream = new TcpStream(OPTIONS).answer('', SYN_ACK);
    if (isServerFirst) stream.answer(SETTINGS);
    stream.send(Buffer.concat([BEGIN, headers(1, GET)]));
    if (!isServerFirst) stream.answer(SETTINGS);
    stream.answer(headers(1, [[':status', '204']]));
    assert.deepEqual(told(stream), ['10.0.1.7:41000 GET /a 204']);
    assert.equal(stream.exchanges[0]!.request.found, undefined);
  }
});

test('… and behind the line of a balancer', () => {
  const clients: (string | undefined)[] = [];
  const stream = new TcpStream({ ...OPTIONS, expectsProxyHeader: () => true }, 1_000, {
    exchange: ({ endpoints, isFound }) => {
      stream.ledger.count('http.exchanges');
      clients.push(`${endpoints.proxied?.clientAddress} ${isFound}`);
    },
  });
  stream.answer('', SYN_ACK).send(`PROXY TCP4 198.51.100.7 10.0.0.9 50000 80\r\n${ATTACK}`).answer(OK);
  assert.deepEqual(stream.end(), []);
  assert.deepEqual(clients, ['198.51.100.7 false']);
});

test('a request line that a server sends back ends no pairing of what it answers next', () => {
  const stream = new TcpStream(OPTIONS);
  stream.send('GET /file HTTP/1.1\r\nHost: a\r\n\r\n').answer('HTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\n');
  stream.answer('GET /phantom HTTP/1.1\r\nHost: a\r\n\r\n'.padEnd(33)).send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n').answer(OK);
  assert.deepEqual(told(stream).sort(), ['10.0.1.7:41000 GET /file 200', '10.0.1.7:41000 GET /next 200', '10.0.2.9:80 GET /phantom']);
});

test('what a server sends back inside of a segment of its response is no request', () => {
  const stream = new TcpStream(OPTIONS);
  const echo = 'asked:\r\nGET /phantom HTTP/1.1\r\nHost: a\r\n\r\n';
  for (let i = 0; i < 2; i++) {
    stream.send(`GET /echo${i} HTTP/1.1\r\nHost: a\r\n\r\n`).answer(`HTTP/1.1 200 OK\r\nContent-Length: ${echo.length}\r\n\r\n${echo}`);
  }
  assert.deepEqual(told(stream), ['10.0.1.7:41000 GET /echo0 200', '10.0.1.7:41000 GET /echo1 200']);
});
