// How a stream whose server is not seen is read where there are more ways than are read on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TcpStream } from '../tcp-stream.ts';

const REQUESTS = 3;
const request = (i: number, letter: string): string => `GET /${i}${letter.repeat(8)} HTTP/1.1\r\nHost: a\r\n\r\n`;
const all = (letter: string): string => Array.from({ length: REQUESTS }, (_, i) => request(i, letter)).join('');
const targets = (stream: TcpStream): (string | undefined)[] => stream.exchanges.map((one) => one.request.target);

test('each request is told in each of its versions, though together they come to more ways than are read on', () => {
  const stream = new TcpStream({ parseResponses: false });
  stream.send('', { at: -1, flags: 2 });
  const { length } = request(0, 'a');
  const versions = 'abcd';
  for (let i = REQUESTS - 1; i >= 0; i--) {
    for (const [j, letter] of [...versions.slice(1)].entries()) {
      const at = i * length + 6;
      stream.send(all(letter).slice(at, (i + 1) * length), { at, ack: 7101 + 10 * i + j });
    }
  }
  const first = all('a');
  for (let at = 0; at < first.length; at += 6) stream.send(first.slice(at, at + 6), { at });
  const told = targets(stream);
  for (let i = 0; i < REQUESTS; i++) {
    for (const letter of versions) assert.ok(told.includes(`/${i}${letter.repeat(8)}`), `${i}${letter}: ${told.join()}`);
  }
  assert.deepEqual(stream.end(), []);
});

test('more acknowledgment numbers than are looked at one by one: only the true one, or one like it, was taken', () => {
  const stream = new TcpStream({ parseResponses: false });
  stream.send('', { at: -1, flags: 2 });
  for (let i = 0; i < 100; i++) stream.send('bcdefgh'[i % 7]!.repeat(8), { at: 6, ack: 7101 + i });
  const first = request(0, 'a');
  stream.send(first.slice(0, 6), { at: 0 }).send(first.slice(6), { at: 6 });
  assert.ok(targets(stream).includes(`/0${'a'.repeat(8)}`), targets(stream).join());
  assert.deepEqual(stream.end(), []);
});

test('a request in more segments than are compared: that it may have been another is counted', () => {
  for (const [bytes, isTold] of [[3000, true], [5000, false]] as const) {
    const stream = new TcpStream({ parseResponses: false });
    stream.send('', { at: -1, flags: 2 }).send(request(0, 'a'));
    const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n`;
    const at = request(0, 'a').length + head.length;
    stream.send(head);
    for (let i = 0; i < bytes; i++) {
      if (i === bytes - 50) stream.send('b', { at: at + i, badChecksum: true });
      stream.send('a', { at: at + i });
    }
    assert.deepEqual(stream.end(), []);
    const others = stream.exchanges.filter(({ request: { reading } }) => reading === 2);
    assert.equal(others.length, isTold ? 1 : 0);
    assert.equal(stream.ledger.get('tcp.readings_limit') > 0, !isTold);
  }
});
