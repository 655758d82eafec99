// What nginx serves of what no honest client sends in HTTP/2: whatever it serves is told.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { FrameFlag, FrameType } from '../../rebuilder/http2/frame.ts';
import { startNginx } from '../http-mirror/nginx.ts';
import { scratch } from '../http-mirror/program.ts';
import { freePort } from '../free-port.ts';
import { installed } from '../installed.ts';
import { TcpStream } from '../tcp-stream.ts';
import { PREFACE, SETTINGS, data, frame, headers } from './http2-frames.ts';

const UNKNOWN = 0xfa;
const get = (streamId: number, target: string): Buffer =>
  headers(streamId, [[':method', 'GET'], [':scheme', 'http'], [':path', target], [':authority', 'a.example']]);

/** What comes between the preface and a request, and on which stream that is. */
const CASES: readonly (readonly [name: string, before: Buffer, streamId?: number])[] = [
  ['nothing odd', SETTINGS],
  ['no SETTINGS at all', Buffer.alloc(0)],
  ['PING before SETTINGS', Buffer.concat([frame(FrameType.ping, 0, 0, Buffer.alloc(8)), SETTINGS])],
  ['WINDOW_UPDATE before SETTINGS', Buffer.concat([frame(FrameType.windowUpdate, 0, 0, Buffer.from([0, 0, 1, 0])), SETTINGS])],
  ['an unknown frame before SETTINGS', Buffer.concat([frame(UNKNOWN, 0, 0, Buffer.alloc(5)), SETTINGS])],
  ['an acknowledgment of SETTINGS first', frame(FrameType.settings, FrameFlag.ack, 0)],
  ['SETTINGS of a stream', frame(FrameType.settings, 0, 1)],
  ['SETTINGS with the flag of an acknowledgment and another', Buffer.concat([SETTINGS, frame(FrameType.settings, FrameFlag.ack | 2, 0, Buffer.from([0, 4, 0, 0, 0xff, 0xff]))])],
  ['PING of a stream', Buffer.concat([SETTINGS, frame(FrameType.ping, 0, 1, Buffer.alloc(8))])],
  ['PING of 9 bytes', Buffer.concat([SETTINGS, frame(FrameType.ping, 0, 0, Buffer.alloc(9))])],
  ['GOAWAY of a stream', Buffer.concat([SETTINGS, frame(FrameType.goaway, 0, 1, Buffer.alloc(8))])],
  ['GOAWAY with much to say', Buffer.concat([SETTINGS, frame(FrameType.goaway, 0, 0, Buffer.alloc(20_000))])],
  ['GOAWAY that is too short', Buffer.concat([SETTINGS, frame(FrameType.goaway, 0, 0, Buffer.alloc(4))])],
  ['many settings', frame(FrameType.settings, 0, 0, Buffer.alloc(6 * 3000))],
  ['half a setting', frame(FrameType.settings, 0, 0, Buffer.alloc(7))],
  ['an unknown frame of 16,385 bytes', Buffer.concat([SETTINGS, frame(UNKNOWN, 0, 0, Buffer.alloc(16_385))])],
  ['an unknown frame of 1 MiB', Buffer.concat([SETTINGS, frame(UNKNOWN, 0xff, 77, Buffer.alloc(1 << 20))])],
  ['an unknown frame of 4,000,000 bytes first', frame(UNKNOWN, 0, 0, Buffer.alloc(4_000_000))],
  ['an unknown frame beyond 4 MiB', Buffer.concat([SETTINGS, frame(UNKNOWN, 0, 0, Buffer.alloc(0x41_4141))])],
  ['GOAWAY beyond 4 MiB', Buffer.concat([SETTINGS, frame(FrameType.goaway, 0, 0, Buffer.alloc(0x40_0008))])],
  ['DATA of a stream never opened', Buffer.concat([SETTINGS, data(1, 'GET /')]), 3],
  ['DATA of a stream never opened, which is opened then', Buffer.concat([SETTINGS, data(1, 'GET /')]), 1],
  ['DATA of a stream of the server\'s', Buffer.concat([SETTINGS, data(2, 'GET /')])],
  ['DATA beyond 4 MiB of a stream never opened', Buffer.concat([SETTINGS, data(1, Buffer.alloc(0x41_4141))]), 3],
  ['DATA of no stream', Buffer.concat([SETTINGS, data(0, 'GET /')])],
  ['RST_STREAM of a stream never opened', Buffer.concat([SETTINGS, frame(FrameType.rstStream, 0, 5, Buffer.alloc(4))])],
  ['RST_STREAM of no stream', Buffer.concat([SETTINGS, frame(FrameType.rstStream, 0, 0, Buffer.alloc(4))])],
  ['RST_STREAM of 5 bytes', Buffer.concat([SETTINGS, frame(FrameType.rstStream, 0, 5, Buffer.alloc(5))])],
  ['PRIORITY of no stream', Buffer.concat([SETTINGS, frame(FrameType.priority, 0, 0, Buffer.from([0, 0, 0, 3, 1]))])],
  ['PRIORITY of a stream never opened', Buffer.concat([SETTINGS, frame(FrameType.priority, 0, 9, Buffer.from([0, 0, 0, 3, 1]))])],
  ['WINDOW_UPDATE of a stream never opened', Buffer.concat([SETTINGS, frame(FrameType.windowUpdate, 0, 9, Buffer.from([0, 0, 1, 0]))])],
  ['a stream of the server\'s', SETTINGS, 2],
  ['flags that nobody knows', Buffer.concat([SETTINGS, frame(FrameType.ping, 0xfe, 0, Buffer.alloc(8))])],
  ['PUSH_PROMISE of a client', Buffer.concat([SETTINGS, frame(FrameType.pushPromise, 4, 1, Buffer.alloc(4))])],
  ['CONTINUATION of nothing', Buffer.concat([SETTINGS, frame(FrameType.continuation, 4, 1)])],
];

test('whatever frames nginx takes, its requests are told', async (t) => {
  if (!installed(t, 'nginx')) return;
  const folder = scratch(t);
  const port = await freePort();
  const log = join(folder, 'served.log');
  await startNginx(t, folder, `log_format served '$status $request_uri'; server { listen 127.0.0.1:${port} http2; access_log ${log} served; location / { return 200; } }`, [port]);
  const sent = CASES.map(([, before, streamId], i) => Buffer.concat([PREFACE, before, get(streamId ?? 1, `/case-${i}`)]));
  for (const bytes of sent) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    await once(socket, 'connect');
    // Closed behind the bytes: nginx serves what it has read, and its end says that it has.
    socket.end(bytes);
    await Promise.race([once(socket, 'close'), new Promise((resolve) => { setTimeout(resolve, 2000).unref(); })]);
    socket.destroy();
  }
  const served = new Set(readFileSync(log, 'latin1').split('\n').filter((line) => line.startsWith('200 ')).map((line) => line.slice(4)));
  t.diagnostic(`served ${served.size} of ${CASES.length}`);
  assert.ok(served.has('/case-0') && served.size > CASES.length / 2, 'nginx serves most of them');
  const hidden = CASES.filter(([, ,], i) => {
    const stream = new TcpStream({ parseResponses: false }).open();
    for (let at = 0; at < sent[i]!.length; at += 1460) stream.send(sent[i]!.subarray(at, at + 1460)).answer('');
    stream.end();
    return served.has(`/case-${i}`) && !stream.exchanges.some(({ request }) => request.target === `/case-${i}` && request.complete);
  }).map(([name]) => name);
  assert.deepEqual(hidden, []);
});
