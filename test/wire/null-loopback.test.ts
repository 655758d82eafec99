import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { Packet } from '../../rebuilder/wire/packet.ts';
import { loopback, tcpPacket } from '../frames.ts';
import { decode } from './outcomes.ts';

const six = tcpPacket('[2001:db8::1]:1', '[2001:db8::2]:2');

test('the IPv6 family of every system, in both byte orders', () => {
  for (const family of [10, 24, 28, 30]) {
    for (const order of ['big', 'little'] as const) {
      assert.equal(decode(loopback(six, order, family), new Packet(), LinkType.null), 'segment', `${family} ${order}`);
    }
  }
});

test('other families and cut headers are counted', () => {
  assert.equal(decode(loopback(six, 'little', 7), new Packet(), LinkType.null), 'wire.null.unsupported_type');
  assert.equal(decode(Buffer.of(2, 0, 0), new Packet(), LinkType.null), 'wire.null.pkt_too_small');
});

test('a raw link with something else than IP is counted', () => {
  assert.equal(decode(Buffer.of(0x50, 1, 2, 3), new Packet(), LinkType.raw), 'wire.raw.wrong_ip_version');
  assert.equal(decode(Buffer.of(), new Packet(), LinkType.raw), 'wire.raw.pkt_too_small');
});
