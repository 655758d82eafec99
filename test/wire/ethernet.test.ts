import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeEthernet } from '../../rebuilder/wire/encode.ts';
import { Packet } from '../../rebuilder/wire/packet.ts';
import { tcpFrame } from '../frames.ts';
import { decode } from './outcomes.ts';

test('what is no IP is counted', () => {
  assert.equal(decode(encodeEthernet({ type: 0x0806 }, new Uint8Array(28))), 'wire.ethernet.unknown_type');
  assert.equal(decode(encodeEthernet({ type: 0x0026 }, new Uint8Array(46))), 'wire.ethernet.unknown_type');
});

test('a frame shorter than its header is counted', () => {
  assert.equal(decode(new Uint8Array(13)), 'wire.ethernet.pkt_too_small');
  assert.equal(decode(new Uint8Array(0)), 'wire.ethernet.pkt_too_small');
  assert.equal(decode(tcpFrame('10.0.0.1:1', '10.0.0.2:2')), 'segment');
});

test('a frame goes to a group of hosts, or to one', () => {
  const packet = new Packet();
  const segment = tcpFrame('10.0.0.1:1', '10.0.0.2:2');
  for (const [first, isToGroup] of [[2, false], [1, true], [0xff, true]] as const) {
    segment[0] = first;
    assert.equal(decode(segment, packet), 'segment');
    assert.equal(packet.isToGroup, isToGroup);
  }
});
