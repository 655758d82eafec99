import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Packet } from '../../rebuilder/wire/packet.ts';
import { Protocol } from '../../rebuilder/wire/protocol.ts';
import { erspan, ipFrame, outerIpv4, tcpFrame } from '../frames.ts';
import { dataOf, decode } from './outcomes.ts';

const frame = tcpFrame('10.0.0.1:1', '10.0.0.2:2', {}, 'mirrored');
const outcome = (header: Uint8Array, packet = new Packet()): string =>
  decode(ipFrame(outerIpv4(Protocol.gre, header)), packet);

test('all three types, the subheader of type III included', () => {
  for (const [type, subheader] of [[1, false], [2, false], [3, false], [3, true]] as const) {
    const packet = new Packet();
    assert.equal(outcome(erspan(type, frame, 1023, subheader), packet), 'segment', `type ${type}`);
    assert.equal(dataOf(packet), 'mirrored');
  }
});

test('unknown versions and cut headers are counted', () => {
  const header = new Uint8Array(erspan(2, frame));
  header[8] = 0x70;
  assert.equal(outcome(header), 'wire.erspan.unsupported_version');
  assert.equal(outcome(erspan(2, new Uint8Array(0)).subarray(0, 14)), 'wire.erspan.header_too_small');
  assert.equal(outcome(erspan(3, new Uint8Array(0)).subarray(0, 18)), 'wire.erspan.header_too_small');
  assert.equal(outcome(erspan(3, new Uint8Array(0), 1, true).subarray(0, 24)), 'wire.erspan.header_too_small');
});
