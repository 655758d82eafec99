import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeVxlan } from '../../rebuilder/wire/encode.ts';
import { Packet } from '../../rebuilder/wire/packet.ts';
import { geneve, ipFrame, tcpFrame, udpPacket } from '../frames.ts';
import { decode } from './outcomes.ts';

const frame = tcpFrame('10.0.0.1:1', '10.0.0.2:2');
const vxlan = encodeVxlan(1, frame);

test('a tunnel is what goes to its port, and nothing else', () => {
  assert.equal(decode(ipFrame(udpPacket('192.0.2.1:1', '192.0.2.2:4789', vxlan))), 'segment');
  assert.equal(decode(ipFrame(udpPacket('192.0.2.1:1', '192.0.2.2:6081', geneve(1, frame)))), 'segment');
  assert.equal(decode(ipFrame(udpPacket('192.0.2.1:4789', '192.0.2.2:53', vxlan))), 'wire.udp.not_a_tunnel');
  assert.equal(decode(ipFrame(udpPacket('192.0.2.1:1', '192.0.2.2:8472', vxlan))), 'wire.udp.not_a_tunnel');
});

test('further ports can be named', () => {
  const packet = new Packet({ vxlanPorts: [8472], genevePorts: [6082] });
  assert.equal(decode(ipFrame(udpPacket('192.0.2.1:1', '192.0.2.2:8472', vxlan)), packet), 'segment');
  assert.equal(decode(ipFrame(udpPacket('192.0.2.1:1', '192.0.2.2:6082', geneve(1, frame))), packet), 'segment');
  assert.equal(decode(ipFrame(udpPacket('192.0.2.1:1', '192.0.2.2:6083', vxlan)), packet), 'wire.udp.not_a_tunnel');
});

test('bytes behind the UDP length are no part of the tunnel', () => {
  const packet = new Packet();
  const trailing = udpPacket('192.0.2.1:1', '192.0.2.2:4789', Buffer.concat([vxlan, Buffer.alloc(10)]));
  trailing.set([0, 8 + vxlan.length - 4], 24);
  assert.equal(decode(ipFrame(trailing), packet), 'wire.tcp.trunc_pkt');
});

test('a length of 0 (offload) means all that is there; one below the header is counted', () => {
  const offload = udpPacket('192.0.2.1:1', '192.0.2.2:4789', vxlan);
  offload.set([0, 0], 24);
  assert.equal(decode(ipFrame(offload)), 'segment');
  offload.set([0, 7], 24);
  assert.equal(decode(ipFrame(offload)), 'wire.udp.hlen_invalid');
  assert.equal(decode(ipFrame(offload.subarray(0, 27))), 'wire.udp.pkt_too_small');
});
