import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadLibc } from '../../rebuilder/capture/libc.ts';
import { openSocketGroup } from '../../rebuilder/capture/socket-group.ts';
import { openUdpSocket } from '../../rebuilder/capture/udp-socket.ts';

// Which socket gets which datagram is in flow-hash.test.ts.
const libc = await loadLibc();
const skip = libc ? false : 'socket groups need Linux and koffi';
const options = { host: '127.0.0.1', port: 0, receiveBufferBytes: 1 << 16 };

test('the sockets of a group share one port', { skip }, () => {
  const group = openSocketGroup(libc!, 'vxlan', 4, options);
  assert.equal(new Set(group.sockets.map(({ fd }) => fd)).size, 4);
  assert.deepEqual(group.sockets.map(({ port }) => port), new Array(4).fill(group.port));
  group.close();
});

test('a port that another process holds is not shared with it', { skip }, () => {
  const first = openSocketGroup(libc!, 'vxlan', 2, options);
  const again = { ...options, port: first.port };
  assert.throws(() => openSocketGroup(libc!, 'vxlan', 2, again), /^Error: cannot listen on UDP .*another process already does/);
  first.close();
  openSocketGroup(libc!, 'vxlan', 2, again).close();
});

test('one worker has an ordinary socket, which no other process can join', { skip }, () => {
  const alone = openSocketGroup(libc!, 'vxlan', 1, options);
  assert.equal(alone.sockets.length, 1);
  const again = { ...options, port: alone.port };
  for (const reusePort of [true, false]) assert.throws(() => openUdpSocket(libc!, { ...again, tunnel: 'vxlan', reusePort }), /another process already does/);
  alone.close();
  openSocketGroup(libc!, 'vxlan', 1, again).close();
});

test('GENEVE groups take their program too, for as many workers as machines have cores', { skip }, () => {
  openSocketGroup(libc!, 'geneve', 64, options).close();
});
