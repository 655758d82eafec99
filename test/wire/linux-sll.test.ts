import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { Packet } from '../../rebuilder/wire/packet.ts';
import { linuxSll, linuxSll2, tcpPacket } from '../frames.ts';
import { decode } from './outcomes.ts';

const packet = tcpPacket('10.0.0.1:1', '10.0.0.2:2');

test('cooked frames of both versions', () => {
  assert.equal(decode(linuxSll(packet), new Packet(), LinkType.linuxSll), 'segment');
  assert.equal(decode(linuxSll2(packet), new Packet(), LinkType.linuxSll2), 'segment');
});

test('cooked frames cut short, or without IP, are counted', () => {
  assert.equal(decode(linuxSll(packet).subarray(0, 15), new Packet(), LinkType.linuxSll), 'wire.sll.pkt_too_small');
  assert.equal(decode(linuxSll2(packet).subarray(0, 19), new Packet(), LinkType.linuxSll2), 'wire.sll.pkt_too_small');
  const arp = linuxSll(packet);
  arp.set([0x08, 0x06], 14);
  assert.equal(decode(arp, new Packet(), LinkType.linuxSll), 'wire.sll.unknown_type');
});
