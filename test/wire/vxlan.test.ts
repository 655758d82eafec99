import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { encodeVxlan } from '../../rebuilder/wire/encode.ts';
import { Packet } from '../../rebuilder/wire/packet.ts';
import { tcpFrame } from '../frames.ts';
import { decode } from './outcomes.ts';

const frame = tcpFrame('10.0.0.1:1', '10.0.0.2:2');

test('the VNI has 24 bits; reserved bits are ignored (RFC 7348 5)', () => {
  for (const vni of [0, 1, 4096, 0xffffff]) {
    const packet = new Packet();
    const datagram = encodeVxlan(vni, frame);
    datagram.set([0xff, 0xff, 0xff, 0xff], 0);
    datagram[7] = 0xff;
    assert.equal(decode(datagram, packet, LinkType.vxlan), 'segment');
    assert.equal(packet.vni, vni);
  }
});

test('a header without the flag of the VNI, or cut short, is counted', () => {
  const datagram = encodeVxlan(1, frame);
  assert.equal(decode(datagram.subarray(0, 7), new Packet(), LinkType.vxlan), 'wire.vxlan.pkt_too_small');
  datagram[0] = 0xf7;
  assert.equal(decode(datagram, new Packet(), LinkType.vxlan), 'wire.vxlan.invalid_header');
});
