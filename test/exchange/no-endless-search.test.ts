// A line that one place takes for a message's first and another does not must not be found for ever.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TcpStream } from '../tcp-stream.ts';

const STATUS_LINE = 'HTTP/1.1 200 OK';
const REQUEST_LINE = 'GET /a HTTP/1.1';
const BEHIND = '\r\nContent-Length: 0\r\n\r\n';
/** What means something somewhere in a line. */
const BYTES = [0, 9, 10, 11, 12, 13, 32, 47, 48, 57, 58, 65, 97, 127, 128, 255];

/** Each line with one byte of it another, or one more. */
function* damaged(line: string): Generator<Buffer> {
  for (let at = 0; at <= line.length; at++) {
    for (const byte of BYTES) {
      for (const rest of [line.slice(at), line.slice(at + 1)]) {
        yield Buffer.concat([Buffer.from(line.slice(0, at)), Buffer.of(byte), Buffer.from(rest + BEHIND)]);
      }
    }
  }
}

/** The server says it, the client, or who of the two is not known; behind a message, or a hole. */
const WAYS: Readonly<Record<string, (stream: TcpStream, data: Buffer) => void>> = {
  'the server says': (stream, data) => {
    stream.open().send('GET /before HTTP/1.1\r\nHost: a\r\n\r\n').answer(data);
  },
  'behind a hole the server says': (stream, data) => {
    stream.open().send('GET /before HTTP/1.1\r\nHost: a\r\n\r\n').answer(data, { at: 700 });
    stream.wait(30_000);
  },
  'the client says': (stream, data) => { stream.open().send(data); },
  'behind a hole the client says': (stream, data) => {
    stream.open().send(data, { at: 700 });
    stream.wait(30_000);
  },
  'in a connection that was joined one end says': (stream, data) => { stream.send(data); },
};

for (const [way, say] of Object.entries(WAYS)) {
  test(`${way} what is nearly a first line, and what follows it is read`, () => {
    for (const line of [STATUS_LINE, REQUEST_LINE]) {
      for (const data of damaged(line)) {
        const stream = new TcpStream();
        say(stream, data);
        stream.send('GET /behind HTTP/1.1\r\nHost: a\r\n\r\n');
        stream.end();
        assert.ok(stream.exchanges.some(({ request }) => request.target === '/behind'), JSON.stringify(data.toString('latin1')));
      }
    }
  });
}
