import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EtherType } from '../../rebuilder/wire/ethertype.ts';
import { Protocol } from '../../rebuilder/wire/protocol.ts';
import { gre, ipFrame, outerIpv4, tcpFrame, tcpPacket } from '../frames.ts';
import { decode } from './outcomes.ts';

const packet = tcpPacket('10.0.0.1:1', '10.0.0.2:2');
const outcome = (header: Uint8Array): string => decode(ipFrame(outerIpv4(Protocol.gre, header)));

test('each combination of optional fields has its length', () => {
  for (let fields = 0; fields < 8; fields++) {
    const header = gre(EtherType.transparentEthernet, tcpFrame('10.0.0.1:1', '10.0.0.2:2'), {
      ...((fields & 1) !== 0 && { checksum: 1 }), ...((fields & 2) !== 0 && { key: 2 }),
      ...((fields & 4) !== 0 && { sequence: 3 }),
    });
    assert.equal(outcome(header), 'segment', String(fields));
  }
});

test('what is not read is counted', () => {
  const changed = (at: number, value: number): Uint8Array => {
    const copy = new Uint8Array(gre(EtherType.ipv4, packet));
    copy[at] = value;
    return copy;
  };
  assert.equal(outcome(changed(1, 1)), 'wire.gre.wrong_version');
  assert.equal(outcome(changed(0, 0x40)), 'wire.gre.version0_flags');
  assert.equal(outcome(changed(2, 0x99)), 'wire.gre.unknown_payload_type');
  assert.equal(outcome(gre(EtherType.ipv4, packet).subarray(0, 3)), 'wire.gre.pkt_too_small');
  assert.equal(outcome(changed(0, 0xb0).subarray(0, 15)), 'wire.gre.pkt_too_small');
});
