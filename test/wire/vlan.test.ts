import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OTHER_LINK, Packet } from '../../rebuilder/wire/packet.ts';
import { tcpFrame, vlan } from '../frames.ts';
import { decode } from './outcomes.ts';

const frame = tcpFrame('10.0.0.1:1', '10.0.0.2:2');

test('the id is the low twelve bits: priority is no part of it', () => {
  const packet = new Packet();
  const tagged = vlan(0xfff, frame);
  tagged[14] = tagged[14]! | 0xf0;
  assert.equal(decode(tagged, packet), 'segment');
  assert.equal(packet.vlan, 0xfff);
});

test('a tag cut short, or with no IP behind it, is counted', () => {
  assert.equal(decode(vlan(1, frame).subarray(0, 17)), 'wire.vlan.header_too_small');
  const arp = vlan(1, frame);
  arp.set([0x08, 0x06], 16);
  assert.equal(decode(arp), 'wire.vlan.unknown_type');
});

test('a tag of VLAN 0 names no network, however many there are; one that only switches know does', () => {
  const packet = new Packet();
  let tagged = frame;
  for (let i = 0; i < 20; i++) tagged = vlan(0, tagged);
  assert.equal(decode(tagged, packet), 'segment');
  assert.equal(packet.vlanTags, -1);
  const old = vlan(0, frame);
  old.set([0x91, 0x00], 12);
  assert.equal(decode(old, packet), 'segment');
  assert.equal(packet.vlanTags, OTHER_LINK);
});
