import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { SoftwareMirror } from '../../rebuilder/demo/software-mirror.ts';
import { TcpFlag } from '../../rebuilder/wire/packet.ts';
import { halves, segmentOf, type Segment } from './segments.ts';

interface Setup { readonly mirror: SoftwareMirror; readonly segments: Segment[]; ended(count: number): Promise<void> }

/** A mirror in front of `app`, and what its copy says. */
async function setUp(t: TestContext, app: (socket: Socket) => void): Promise<Setup> {
  const server = createServer({ allowHalfOpen: true }, app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const segments: Segment[] = [];
  const udp = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 }).bind(0, '127.0.0.1');
  await once(udp, 'listening');
  const isEnd = ({ flags }: Segment): boolean => (flags & (TcpFlag.fin | TcpFlag.rst)) !== 0;
  const heard = new EventTarget();
  udp.on('message', (datagram) => {
    segments.push(segmentOf(datagram));
    heard.dispatchEvent(new Event('segment'));
  });
  const mirror = await SoftwareMirror.start({
    listen: { host: '127.0.0.1', port: 0 }, app: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    rebuilder: { host: '127.0.0.1', port: udp.address().port }, vni: 5,
  });
  t.after(async () => {
    await mirror.stop();
    server.close();
    udp.close();
  });
  return {
    mirror,
    segments,
    async ended(count) {
      while (segments.filter(isEnd).length < count) await new Promise((resolve) => heard.addEventListener('segment', resolve, { once: true }));
    },
  };
}

/**
 * All that comes until the other side's end; the socket stays open for writing (an async iterator would destroy it).
 */
async function drain(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

test('what passed is what the copy says, byte for byte, both ways, to a half-closed end', { timeout: 60_000 }, async (t) => {
  const answer = randomBytes(50_000);
  let got = Buffer.alloc(0);
  const { mirror, segments, ended } = await setUp(t, (socket) => {
    drain(socket).then((bytes) => {
      got = Buffer.from(bytes);
      socket.end(answer);
    }, () => undefined);
  });
  const sent = randomBytes(200_000);
  const client = connect({ host: '127.0.0.1', port: mirror.port, allowHalfOpen: true });
  client.end(sent);
  assert.ok((await drain(client)).equals(answer));
  assert.ok(got.equals(sent));
  await ended(2);
  const { toServer, toClient } = halves(segments, mirror.port);
  assert.ok(toServer.equals(sent));
  assert.ok(toClient.equals(answer));
});

test('the app is gone: the client is told, and so is the copy', { timeout: 60_000 }, async (t) => {
  const { mirror, ended } = await setUp(t, (socket) => socket.resetAndDestroy());
  const client = connect({ host: '127.0.0.1', port: mirror.port });
  client.on('error', () => undefined);
  client.write('GET / HTTP/1.1\r\n\r\n');
  await once(client, 'close');
  await ended(1);
});

test('nobody listens for the copy: the traffic goes on', { timeout: 60_000 }, async (t) => {
  const udp = createSocket('udp4').bind(0, '127.0.0.1');
  await once(udp, 'listening');
  const { port } = udp.address();
  udp.close();
  const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const mirror = await SoftwareMirror.start({
    listen: { host: '127.0.0.1', port: 0 }, app: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    rebuilder: { host: '127.0.0.1', port }, vni: 5,
  });
  t.after(async () => {
    await mirror.stop();
    server.close();
  });
  const client = connect({ host: '127.0.0.1', port: mirror.port });
  const sent = randomBytes(100_000);
  client.end(sent);
  assert.ok((await drain(client)).equals(sent));
});
