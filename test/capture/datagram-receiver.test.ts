import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { GeneveSocket } from '../../rebuilder/capture/geneve-socket.ts';
import { loadLibc } from '../../rebuilder/capture/libc.ts';
import { openUdpSocket } from '../../rebuilder/capture/udp-socket.ts';
import { VxlanSocket } from '../../rebuilder/capture/vxlan-socket.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { RecordingSink } from './recording-sink.ts';

const LOOPBACK = 0x7f000001;
const libc = await loadLibc();
const noLibc = libc ? false : 'recvmmsg needs Linux and koffi';

/** Bytes that differ between datagrams and positions. */
function pattern(length: number, salt: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 31 + salt + (i >> 8)) & 0xff));
}

async function send(socket: Socket, datagram: Uint8Array, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.send(datagram, port, host, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

function openSockets(): number {
  if (process.platform !== 'linux') return 0;
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      return false; // closed meanwhile: the descriptor of the listing itself
    }
  }).length;
}

test('recvmmsg is what Linux gets', { skip: process.platform === 'linux' ? false : 'not Linux' }, () => {
  assert.ok(libc, 'koffi did not load');
});

for (const recvmmsg of [true, false]) {
  const way = recvmmsg ? 'recvmmsg' : 'node:dgram';
  const skip = recvmmsg && noLibc;

  test(`${way}: datagrams of every size arrive whole and in order, with their sender`, { skip }, async () => {
    const sink = new RecordingSink();
    const source = new VxlanSocket({ host: '127.0.0.1', port: 0, ledger: new Ledger(), recvmmsg });
    await source.start(sink);
    assert.ok(source.port > 0);
    assert.match(source.describe(), new RegExp(`^vxlan 127\\.0\\.0\\.1:${source.port} \\(${way}, .* receive buffer`));
    const socket = createSocket('udp4');
    const sent = [0, 1, 8, 64, 1508, 9001, 9300, 65_507].map((size, i) => pattern(size, i));
    const before = Date.now();
    for (const datagram of sent) await send(socket, datagram, source.port, '127.0.0.1');
    await sink.until(() => sink.frames.length === sent.length);
    sink.frames.forEach((frame, i) => {
      assert.deepEqual(frame.bytes, sent[i]);
      assert.equal(frame.originalLength, sent[i]!.length);
      assert.equal(frame.link, LinkType.vxlan);
      assert.equal(frame.outerSource, LOOPBACK);
      assert.ok(frame.timeMs >= before && frame.timeMs <= Date.now());
      if (recvmmsg) assert.equal((frame.address + 22) % 4, 0, 'inner IPv4 header is not aligned');
    });
    socket.close();
    await source.stop();
    await source.done;
  });

  test(`${way}: a burst of more datagrams than one call holds`, { skip }, async () => {
    const sink = new RecordingSink();
    const source = new VxlanSocket({ host: '127.0.0.1', port: 0, ledger: new Ledger(), recvmmsg });
    await source.start(sink);
    const socket = createSocket('udp4');
    const count = 300;
    await Promise.all(Array.from({ length: count }, (_, i) => send(socket, pattern(200, i), source.port, '127.0.0.1')));
    await sink.until(() => sink.frames.length === count);
    sink.frames.forEach((frame, i) => assert.deepEqual(frame.bytes, pattern(200, i)));
    socket.close();
    await source.stop();
  });

  test(`${way}: what is read together ends as a batch before anything else is done`, { skip }, async () => {
    const sink = new RecordingSink();
    let open = 0;
    const source = new VxlanSocket({ host: '127.0.0.1', port: 0, ledger: new Ledger(), recvmmsg });
    await source.start({
      frame: (...frame) => {
        sink.frame(...frame);
        const { batchEnds } = sink;
        // Behind the turn of the event loop that reads.
        setTimeout(() => setImmediate(() => { if (sink.batchEnds === batchEnds) open++; }), 0);
      },
      batchEnd: () => sink.batchEnd(),
    });
    const socket = createSocket('udp4');
    for (let i = 0; i < 5; i++) await send(socket, pattern(100, i), source.port, '127.0.0.1');
    await sink.until(() => sink.frames.length === 5);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(open, 0);
    socket.close();
    await source.stop();
  });

  test(`${way}: IPv6, and IPv4 senders of a socket for both families`, { skip }, async (t) => {
    const sink = new RecordingSink();
    const source = new GeneveSocket({ host: '', port: 0, ledger: new Ledger(), recvmmsg });
    try {
      await source.start(sink);
    } catch (error) {
      t.skip(`no IPv6 here: ${String(error)}`);
      return;
    }
    assert.match(source.describe(), /^geneve \[::\]:\d+ /);
    const six = createSocket('udp6');
    const four = createSocket('udp4');
    await send(six, pattern(50, 6), source.port, '::1');
    await sink.until(() => sink.frames.length === 1);
    await send(four, pattern(50, 4), source.port, '127.0.0.1');
    await sink.until(() => sink.frames.length === 2);
    assert.deepEqual(sink.frames.map((frame) => frame.outerSource), [0, LOOPBACK]);
    assert.deepEqual(sink.frames.map((frame) => frame.bytes), [pattern(50, 6), pattern(50, 4)]);
    assert.ok(sink.frames.every((frame) => frame.link === LinkType.geneve));
    six.close();
    four.close();
    await source.stop();
  });

  test(`${way}: batchEnd comes also when nothing is captured`, { skip }, async () => {
    const sink = new RecordingSink();
    const source = new VxlanSocket({ host: '127.0.0.1', port: 0, ledger: new Ledger(), recvmmsg });
    await source.start(sink);
    await sink.until(() => sink.batchEnds >= 3);
    assert.equal(sink.frames.length, 0);
    await source.stop();
  });

  test(`${way}: what cannot be bound is told in one sentence`, { skip }, async () => {
    const other = createSocket('udp4');
    other.bind(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address();
    const options = { host: '127.0.0.1', port, ledger: new Ledger(), recvmmsg };
    await assert.rejects(new VxlanSocket(options).start(new RecordingSink()), {
      message: `cannot listen on UDP 127.0.0.1:${port}: another process already does (\`ss -ulnp\` names it); stop it or choose another tcp_stream.from_vxlan.listen_addr`,
    });
    await assert.rejects(new VxlanSocket({ ...options, host: '192.0.2.1' }).start(new RecordingSink()), {
      message: `cannot listen on UDP 192.0.2.1:${port}: no interface of this machine has that address; 0.0.0.0 listens on all`,
    });
    other.close();
  });

  test(`${way}: stop() frees the socket and calls the sink no more`, { skip }, async () => {
    let before = -1;
    for (let round = 0; round < 5; round++) {
      const sink = new RecordingSink();
      const source = new VxlanSocket({ host: '127.0.0.1', port: 0, ledger: new Ledger(), recvmmsg });
      await source.start(sink);
      const { port } = source;
      const socket = createSocket('udp4');
      await send(socket, pattern(10, round), port, '127.0.0.1');
      await sink.until(() => sink.frames.length === 1);
      await source.stop();
      await source.stop();
      await source.done;
      const { batchEnds } = sink;
      const again = createSocket('udp4');
      again.bind(port, '127.0.0.1');
      await once(again, 'listening');
      await send(socket, pattern(10, 0), port, '127.0.0.1');
      await once(again, 'message');
      assert.equal(sink.frames.length, 1);
      assert.equal(sink.batchEnds, batchEnds);
      await new Promise<void>((resolve) => { socket.close(resolve); });
      await new Promise<void>((resolve) => { again.close(resolve); });
      if (round === 0) before = openSockets();
    }
    assert.equal(openSockets(), before);
  });
}

test('what the kernel dropped is in the ledger, and the receive buffer that was got is told', { skip: noLibc }, async () => {
  const ledger = new Ledger();
  const bound = openUdpSocket(libc!, { tunnel: 'vxlan', host: '127.0.0.1', port: 0, receiveBufferBytes: 64 * 1024 });
  const socket = createSocket('udp4');
  const count = 1000;
  for (let i = 0; i < count; i++) await send(socket, pattern(600, 0), bound.port, '127.0.0.1');
  const sink = new RecordingSink();
  const source = new VxlanSocket({
    host: '127.0.0.1', port: bound.port, ledger, socket: bound, receiveBufferBytes: 1024 * 1024,
  });
  await source.start(sink);
  assert.equal(source.describe(), `vxlan 127.0.0.1:${bound.port} (recvmmsg, 0.1 MiB receive buffer of the 1 MiB wanted: raise net.core.rmem_max or give CAP_NET_ADMIN)`);
  await sink.until(() => sink.frames.length + ledger.get('capture.kernel_drops') === count);
  assert.ok(ledger.get('capture.kernel_drops') > 0);
  await source.stop();
  // The socket belongs to whoever opened it: another reader goes on with it.
  const next = new VxlanSocket({ host: '127.0.0.1', port: bound.port, ledger: new Ledger(), socket: bound });
  const nextSink = new RecordingSink();
  await next.start(nextSink);
  await send(socket, pattern(600, 7), bound.port, '127.0.0.1');
  await nextSink.until(() => nextSink.frames.length === 1);
  await next.stop();
  libc!.close(bound.fd);
  socket.close();
});
