// A server is gone with all that it has started, also when a worker of it does not end by itself.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { absent } from '../installed.ts';
import { processesOf } from '../process-group.ts';
import { SERVER_NAMES as HTTP1, missing as missingHttp1, startServer as startHttp1 } from './http/servers.ts';
import { SERVER_NAMES as HTTP2, missing as missingHttp2, startServer as startHttp2 } from './http2/servers.ts';
import type { Server } from './real-server.ts';

/** gunicorn 20 waits without a pause for the line end behind a chunk, even when its client has left. */
const CHUNK_WITHOUT_END = 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc';

async function endsWhole(t: TestContext, start: () => Promise<Server>): Promise<void> {
  const server = await start();
  let isStopped = false;
  t.after(async () => { if (!isStopped) await server.stop(); });
  const socket = net.connect(server.port, '127.0.0.1');
  socket.end(CHUNK_WITHOUT_END, 'latin1');
  socket.resume();
  await Promise.race([once(socket, 'close'), new Promise((resolve) => { setTimeout(resolve, 300); })]);
  socket.destroy();
  assert.ok(processesOf(server.group).length > 0, 'it runs');
  await server.stop();
  isStopped = true;
  assert.deepEqual(processesOf(server.group), []);
}

for (const name of HTTP1) {
  test(`${name}, HTTP/1`, async (t) => {
    const sentence = missingHttp1(name);
    if (sentence === null) await endsWhole(t, () => startHttp1(name));
    else absent(t, sentence);
  });
}

for (const name of HTTP2) {
  test(`${name}, HTTP/2`, async (t) => {
    const sentence = missingHttp2(name);
    if (sentence === null) await endsWhole(t, () => startHttp2(name));
    else absent(t, sentence);
  });
}
