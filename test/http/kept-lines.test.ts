// Header lines of a request whose body comes later: kept for some heads at a time, read again for the others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TcpStream } from '../tcp-stream.ts';

const lines = (count: number): string => Array.from({ length: count }, (_, i) => `X-${i}: ${i * 7}\r\n`).join('');
const head = (count: number): string => `POST /${count} HTTP/1.1\r\nHost: a\r\n${lines(count)}Content-Length: 4\r\n\r\n`;

for (const count of [1, 61, 62, 63, 200]) {
  test(`a head of ${count + 2} lines is told alike, whether its body comes with it or later`, () => {
    const whole = new TcpStream().open().send(`${head(count)}body`);
    assert.deepEqual(whole.end(), []);
    const expected = whole.exchanges[0]?.request.headers;
    assert.equal(expected?.length, count + 2);
    const cuts = [head(count).length, head(count).length + 1, 30];
    for (const cut of cuts) {
      const text = `GET /before HTTP/1.1\r\nHost: a\r\n\r\n${head(count)}body`;
      const at = text.length - 4 - head(count).length + cut;
      const stream = new TcpStream().open().send(text.slice(0, at)).send(text.slice(at, -1)).send(text.slice(-1));
      assert.deepEqual(stream.end(), []);
      const request = stream.exchanges[1]?.request;
      assert.deepEqual([request?.target, request?.headers, request?.bodySize], [`/${count}`, expected, 4], `cut at ${cut}`);
    }
  });
}

test('more bodies on their way than heads are kept', () => {
  const stream = new TcpStream();
  const firstPort = stream.clientPort + 1;
  const count = 1500;
  for (let i = 0; i < count; i++) stream.nextConnection().open().send(head(i % 5));
  for (let i = 0; i < count; i++) {
    stream.clientPort = firstPort + i;
    stream.send('body', { at: head(i % 5).length });
  }
  assert.deepEqual(stream.end(), []);
  assert.equal(stream.exchanges.length, count);
  for (const { request } of stream.exchanges) assert.equal(request.headers.length, Number(request.target.slice(1)) + 2);
});
