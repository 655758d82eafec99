import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { EtherType } from '../../rebuilder/wire/ethertype.ts';
import { Packet } from '../../rebuilder/wire/packet.ts';
import { gatewayOptions, geneve, ipFrame, tcpFrame, tcpPacket, vxlanFrame } from '../frames.ts';
import { decode } from './outcomes.ts';

const frame = tcpFrame('10.0.0.1:1', '10.0.0.2:2');

test('options are skipped by their length, critical ones and the longest included', () => {
  const options = [
    { optionClass: 0x0102, type: 0x80, data: new Uint8Array(124) },
    { optionClass: 0xffff, type: 1, data: new Uint8Array(0) },
    { optionClass: 1, type: 0xff, data: new Uint8Array(116) },
  ];
  const packet = new Packet();
  assert.equal(decode(geneve(0xabcdef, frame, options), packet, LinkType.geneve), 'segment');
  assert.equal(packet.vni, 0xabcdef);
  assert.equal(packet.geneveVni, 0xabcdef);
  assert.equal(packet.frameEnd - packet.frameStart, frame.length);
});

test('the packets of a Gateway Load Balancer are read behind its options', () => {
  const packet = new Packet();
  const inner = tcpPacket('10.0.0.1:1', '10.0.0.2:2');
  const datagram = geneve(
    0, inner, gatewayOptions(0x0123456789abcdefn, 0xfedcba9876543210n, 0x80000001), EtherType.ipv4,
  );
  assert.equal(decode(datagram, packet, LinkType.geneve), 'segment');
  assert.equal(packet.frameEnd - packet.frameStart, inner.length);
});

test('the VNI of VXLAN inside GENEVE is the packet\'s; that of GENEVE is kept beside it', () => {
  const packet = new Packet();
  assert.equal(decode(geneve(5, vxlanFrame(6, frame)), packet, LinkType.geneve), 'segment');
  assert.equal(packet.vni, 6);
  assert.equal(packet.geneveVni, 5);
});

test('broken headers are counted', () => {
  const datagram = geneve(1, ipFrame(tcpPacket('10.0.0.1:1', '10.0.0.2:2')), gatewayOptions(1n, 2n, 3));
  const changed = (at: number, value: number): Uint8Array => {
    const copy = new Uint8Array(datagram);
    copy[at] = value;
    return copy;
  };
  const outcome = (bytes: Uint8Array): string => decode(bytes, new Packet(), LinkType.geneve);
  assert.equal(outcome(datagram.subarray(0, 7)), 'wire.geneve.pkt_too_small');
  assert.equal(outcome(changed(0, 0x48)), 'wire.geneve.wrong_version');
  assert.equal(outcome(changed(1, 0x80)), 'wire.geneve.control_packet');
  assert.equal(outcome(changed(0, 0x3f).subarray(0, 250)), 'wire.geneve.trunc_options');
  assert.equal(outcome(changed(2, 0x12)), 'wire.geneve.unknown_payload_type');
});
