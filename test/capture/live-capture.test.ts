import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { InterfaceError } from '../../rebuilder/capture/interface-error.ts';
import { loadLibpcap } from '../../rebuilder/capture/libpcap.ts';
import { LiveCapture } from '../../rebuilder/capture/live-capture.ts';
import { CollectedFrames } from '../collected-frames.ts';
import { absent } from '../installed.ts';

test('datagrams of the loopback are read in batches, bounded by the slab', async (t) => {
  const libpcap = await loadLibpcap();
  if (libpcap === null) {
    absent(t, 'libpcap is not installed: apt-get install libpcap0.8');
    return;
  }
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    absent(t, 'raw packets can be read by root only');
    return;
  }
  const receiver = createSocket('udp4').bind(0, '127.0.0.1');
  await once(receiver, 'listening');
  const { port }: AddressInfo = receiver.address();
  const options = { device: 'lo', filter: `udp dst port ${port}`, snapLengthBytes: 65_535, promiscuous: true, bufferBytes: 8 << 20 };
  const capture = LiveCapture.open(libpcap, options);
  t.after(() => capture.close());
  const sender = createSocket('udp4');
  // More datagrams than a batch holds.
  const count = 200;
  for (let i = 0; i < count; i++) await new Promise((resolve) => sender.send(Buffer.alloc(100 + i, i), port, '127.0.0.1', resolve));
  sender.close();
  receiver.close();
  const sink = new CollectedFrames();
  let full = 0;
  for (let waited = 0; sink.frames.length < count && waited < 100; waited++) {
    const batch = capture.read(sink);
    if (batch.full) full++;
    if (batch.count === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.deepEqual(sink.frames.map(({ bytes }) => `${bytes.length} ${bytes.at(-1)}`), Array.from({ length: count }, (_, i) => `${142 + i} ${i}`));
  assert.ok(full >= 1, 'a batch was full');
  assert.deepEqual(capture.drops(), { ring: 0, interface: 0 });
});

test('what cannot be opened is said', async (t) => {
  const libpcap = await loadLibpcap();
  if (libpcap === null) {
    absent(t, 'libpcap is not installed: apt-get install libpcap0.8');
    return;
  }
  const options = { device: 'nowhere', filter: '', snapLengthBytes: 100, promiscuous: false, bufferBytes: 1 << 20 };
  assert.throws(() => LiveCapture.open(libpcap, options), InterfaceError);
});
