/**
 * The detection node's place in a measurement: `node sink.ts COUNT [--verify | --discard]`, started with an IPC
 * channel. An HTTP/1.1 server on 127.0.0.1 that notes which request ids arrived when, and answers each with an empty
 * 200. Its first message is its port; it answers any message with its totals, and on SIGTERM writes the arrivals to the
 * file that RESULT names.
 *
 * --verify   checks the digests each request carries (slow; for tests of identity, not of speed)
 * --discard  only counts bytes: for the floor, whose bytes are no stream
 */
import { createServer } from 'node:net';
import { writeFileSync } from 'node:fs';
import { type RequestObserver, RequestStream } from './request-stream.ts';

const count = Number(process.argv[2]);
const verify = process.argv.includes('--verify');
const discard = process.argv.includes('--discard');
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

/** When each id arrived first, 0 = never; and how often. */
const arrivedAt = new Float64Array(count);
const times = new Uint8Array(count);
const totals = { requests: 0, duplicates: 0, foreign: 0, altered: 0, unreadable: 0, bytes: 0 };

const observer: RequestObserver = {
  request: (id, altered, nowMs) => {
    totals.requests++;
    if (id < 0 || id >= count) {
      totals.foreign++;
      return;
    }
    if (altered) totals.altered++;
    if (times[id]! > 0) totals.duplicates++;
    else arrivedAt[id] = nowMs;
    if (times[id]! < 255) times[id]!++;
  },
  unreadable: () => { totals.unreadable++; },
};

const server = createServer({ noDelay: true }, (socket) => {
  const stream = new RequestStream(observer, verify);
  socket.on('data', (bytes: Buffer) => {
    totals.bytes += bytes.length;
    if (discard) return;
    const complete = stream.push(bytes);
    if (complete > 0) socket.write(ANSWER.repeat(complete), 'latin1');
  });
  socket.on('error', () => {});
});

process.on('SIGTERM', () => {
  const result = process.env['RESULT'];
  if (result) writeFileSync(result, new Uint8Array(arrivedAt.buffer));
  process.exit(0);
});
process.on('message', () => process.send?.(totals));

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' && address ? address.port : 0 });
});
