import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Protocol } from '../../rebuilder/wire/protocol.ts';
import { ipFrame, outerIpv4 } from '../frames.ts';
import { decode } from './outcomes.ts';

test('protocols that hold no TCP are counted as such', () => {
  for (const protocol of [1, 2, 50, 58, 59, 89, 132, 255]) {
    assert.equal(decode(ipFrame(outerIpv4(protocol, new Uint8Array(60)))), 'wire.ip.not_tcp', String(protocol));
  }
});

test('an authentication header cut short is counted', () => {
  assert.equal(decode(ipFrame(outerIpv4(Protocol.authentication, Uint8Array.of(6, 4, 0, 0)))), 'wire.ah.pkt_too_small');
  assert.equal(decode(ipFrame(outerIpv4(Protocol.authentication, Uint8Array.of(6, 255, ...new Uint8Array(20))))), 'wire.ah.pkt_too_small');
  assert.equal(decode(ipFrame(outerIpv4(Protocol.authentication, Uint8Array.of(6, 0, ...new Uint8Array(20))))), 'wire.ah.pkt_too_small');
});

test('a tunnel without a payload is counted', () => {
  assert.equal(decode(ipFrame(outerIpv4(Protocol.etherIp, Uint8Array.of(0x30)))), 'wire.ethernet.pkt_too_small');
  assert.equal(decode(ipFrame(outerIpv4(Protocol.ipv4, Uint8Array.of()))), 'wire.ipv4.pkt_too_small');
});
