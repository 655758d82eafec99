import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressBytes, encodeIpv4, encodeUdp } from '../../rebuilder/wire/encode.ts';
import { fold, swap, WordSum } from '../../rebuilder/wire/checksum.ts';

// What the encoders write is read by tshark in tshark.test.ts; here is what it does not judge.

test('an IPv4 header with its checksum sums up to all ones', () => {
  const packet = encodeIpv4({ source: '10.1.2.3', destination: '10.4.5.6', options: Uint8Array.of(1, 1, 1) }, new Uint8Array(3));
  assert.equal(packet.length, 27);
  assert.equal(swap(new WordSum().sum(packet, 0, 24)), 0xffff);
});

test('a UDP checksum of zero is sent as all ones', () => {
  const ports = { source: '0.0.0.0', destination: '0.0.0.0', sourcePort: 0, destinationPort: 0 };
  // Length 10 counts twice, protocol 17: the payload completes the sum to 0xffff.
  const datagram = encodeUdp(ports, Uint8Array.of(0xff, 0xff - 10 - 10 - 17));
  assert.equal(fold(10 + 10 + 17 + 0xff00 + (0xff - 37)), 0xffff);
  assert.deepEqual([...datagram.subarray(6, 8)], [0xff, 0xff]);
});

test('addresses of both families', () => {
  assert.deepEqual([...addressBytes('10.0.0.255')], [10, 0, 0, 255]);
  assert.deepEqual([...addressBytes('2001:db8::1')], [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
});
