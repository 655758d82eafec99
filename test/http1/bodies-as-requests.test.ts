// Bodies that a server leaves where they are: it reads them as the next requests.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TcpStream } from '../tcp-stream.ts';

const ATTACK = 'GET /attack HTTP/1.1\r\nHost: a\r\n\r\n';
const BEHIND = 'GET /behind HTTP/1.1\r\nHost: a\r\n\r\n';
const post = (length: number, line = ''): string => `POST / HTTP/1.1\r\nHost: a\r\n${line}Content-Length: ${length}\r\n\r\n`;

/** Method, target and body's length of each request; the number of its reading, if that is not the first. */
function told(stream: TcpStream): string[] {
  assert.deepEqual(stream.end(), []);
  return stream.exchanges.map(({ request }) => `${request.method} ${request.target} ${request.bodySize}${request.reading === undefined ? '' : ` ${request.reading}`}`).sort();
}

const cuts: readonly (readonly [string, (text: string) => string[]])[] = [
  ['whole', (text) => [text]], ['head and body apart', (text) => [text.slice(0, text.indexOf('\r\n\r\n') + 4), text.slice(text.indexOf('\r\n\r\n') + 4)]],
  ['byte by byte', (text) => [...text]],
];

for (const [name, cut] of cuts) {
  test(`a body that begins as a request is one for a server that reads no bodies (python -m http.server): ${name}`, () => {
    const stream = new TcpStream().open();
    for (const piece of cut(`${post(ATTACK.length)}${ATTACK}${BEHIND}`)) stream.send(piece);
    assert.deepEqual(told(stream), ['GET /attack 0 2', 'GET /behind 0', 'POST / 0 2', `POST / ${ATTACK.length}`]);
  });
}

test('… behind empty lines, and where the body is never whole', () => {
  const stream = new TcpStream().open().send(`${post(1000)}\r\n${ATTACK}`);
  assert.deepEqual(told(stream), ['GET /attack 0 2', 'POST / 0 2', 'POST / 1000']);
});

test('… whose line goes on behind the body, or is long', () => {
  const cutOff = new TcpStream().open().send(`${post(8)}${ATTACK}`).send(BEHIND);
  assert.deepEqual(told(cutOff).filter((one) => one.startsWith('GET')), ['GET /attack 0 2', 'GET /behind 0']);
  for (const length of [1, 2, 3]) {
    const cutInMethod = new TcpStream().open().send(`${post(length)}${ATTACK}`).send(BEHIND);
    assert.ok(told(cutInMethod).includes('GET /attack 0 2'), `a body of ${length}`);
    const head = post(length);
    const bodyApart = new TcpStream().open().send(head).send(ATTACK.slice(0, length)).send(`${ATTACK.slice(length)}${BEHIND}`);
    assert.ok(told(bodyApart).includes('GET /attack 0 2'), `a body of ${length} in a packet of its own`);
  }
  const target = `/${'a'.repeat(20_000)}`;
  const long = `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const stream = new TcpStream().open().send(`${post(long.length)}${long.slice(0, 9000)}`).send(long.slice(9000));
  assert.deepEqual(told(stream), [`GET ${target} 0 2`, 'POST / 0 2', `POST / ${long.length}`]);
});

test('other bodies are read in one way', () => {
  const stream = new TcpStream().open();
  for (const body of ['a=b HTTP/1.1\r\n', '{"a": "GET / HTTP/1.1\n"}', 'GETS / HTTP/1.1', 'two words\nGET / HTTP/1.1\n', 'GET /a\r\n']) {
    stream.send(post(body.length)).send(body);
  }
  assert.equal(told(stream).length, 5);
  assert.equal(stream.ledger.get('http.second_readings'), 0);
});

for (const line of ['Connection: Upgrade\r\nUpgrade: foo\r\n', '']) {
  const method = line === '' ? 'CONNECT' : 'POST';
  test(`uvicorn drops what came with the head of a body behind ${method} that asks for another protocol, and reads the rest`, () => {
    const stream = new TcpStream().open();
    const head = post(ATTACK.length + 4, line).replace('POST', method);
    stream.send(`${head}{"a"`).send(ATTACK.slice(0, 9)).send(ATTACK.slice(9)).send(BEHIND).send(BEHIND);
    const seen = told(stream);
    assert.deepEqual(seen.filter((one) => one.startsWith('GET')), ['GET /attack 0 2', 'GET /behind 0', 'GET /behind 0']);
    assert.deepEqual(stream.exchanges.filter(({ request }) => request.target === '/behind').map(({ request }) => request.found), [undefined, undefined]);
  });
}

test('a client that offers HTTP/2 with each body (Java) is read in one way, and nothing behind it is doubted', () => {
  const stream = new TcpStream().open();
  const line = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n';
  for (let i = 0; i < 20; i++) stream.send(post(14, line)).send('{"key": ').send('"GET"}');
  assert.deepEqual(told(stream), new Array<string>(20).fill('POST / 14'));
  assert.deepEqual(stream.exchanges.filter(({ request }) => request.found === true), []);
  assert.equal(stream.ledger.get('http.second_readings'), 0);
  assert.equal(stream.ledger.get('http.readings_limit'), 0);
});
