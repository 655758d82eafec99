import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeEthernet } from '../../rebuilder/wire/encode.ts';
import { EtherType } from '../../rebuilder/wire/ethertype.ts';
import { Packet } from '../../rebuilder/wire/packet.ts';
import { Protocol } from '../../rebuilder/wire/protocol.ts';
import { fragments, ipFrame, ipv6, ipv6Fragment, ipv6Padding, tcpPacket, type Ipv6Extension } from '../frames.ts';
import { dataOf, decode, payloadOf } from './outcomes.ts';

const source = '2001:db8::1';
const destination = '2001:db8::2';
const segment = tcpPacket(`[${source}]:1234`, `[${destination}]:80`, {}, 'data').subarray(40);

const routing = (segmentsLeft: number): Ipv6Extension =>
  ({ protocol: Protocol.routing, bytes: Uint8Array.of(0, 2, 4, segmentsLeft, ...new Uint8Array(20)) });
const authentication: Ipv6Extension = { protocol: Protocol.authentication, bytes: Uint8Array.of(0, 4, ...new Uint8Array(22)) };

test('extension headers are skipped', () => {
  const packet = new Packet();
  const extensions = [
    ipv6Padding(Protocol.hopByHop, 16), ipv6Padding(Protocol.destinationOptions), routing(0), authentication,
    ipv6Padding(Protocol.mobility), ipv6Padding(Protocol.hip), ipv6Padding(Protocol.shim6),
  ];
  assert.equal(decode(ipFrame(ipv6({ source, destination, extensions }, segment)), packet), 'segment');
  assert.equal(dataOf(packet), 'data');
  assert.equal(packet.checksum, 'correct');
});

test('a checksum over a later hop of a source route is not judged', () => {
  const packet = new Packet();
  assert.equal(decode(ipFrame(ipv6({ source, destination, extensions: [routing(1)] }, segment)), packet), 'segment');
  assert.equal(packet.checksum, 'unknown');
});

test('fragments tell where they belong', () => {
  const whole = tcpPacket(`[${source}]:1234`, `[${destination}]:80`, {}, 'abcdefghijklmnopqrstuvwxyz');
  const seen: string[] = [];
  const packet = new Packet();
  for (const fragment of fragments(whole, 24, 0xfedcba98)) {
    assert.equal(decode(ipFrame(fragment), packet), 'fragment');
    seen.push(`${packet.ipId >>> 0} ${packet.protocol} ${packet.fragmentOffset} ${packet.moreFragments} ${payloadOf(packet).length}`);
  }
  assert.deepEqual(seen, ['4275878552 6 0 true 24', '4275878552 6 24 false 22']);
});

test('a fragment that is the whole packet (RFC 6946) is read on', () => {
  const packet = new Packet();
  assert.equal(decode(ipFrame(ipv6({ source, destination, extensions: [ipv6Fragment(9, 0, false)] }, segment)), packet), 'segment');
  assert.equal(dataOf(packet), 'data');
});

test('a payload length of 0 means offload, or a jumbogram when the option says so', () => {
  const packet = new Packet();
  assert.equal(decode(ipFrame(ipv6({ source, destination, payloadLength: 0 }, segment)), packet), 'segment');
  assert.equal(dataOf(packet), 'data');
  const jumbo: Ipv6Extension = { protocol: Protocol.hopByHop, bytes: Uint8Array.of(0, 0, 0xc2, 4, 0, 1, 0, 0) };
  assert.equal(decode(ipFrame(ipv6({ source, destination, payloadLength: 0, extensions: [jumbo] }, segment))), 'wire.ipv6.jumbogram');
  const padded: Ipv6Extension = { protocol: Protocol.hopByHop, bytes: Uint8Array.of(0, 1, 0, 1, 2, 0, 0, 0, 0, 0, 0xc2, 4, 0, 1, 0, 0) };
  assert.equal(decode(ipFrame(ipv6({ source, destination, payloadLength: 0, extensions: [padded] }, segment))), 'wire.ipv6.jumbogram');
});

test('a packet longer than what was captured says how much is missing', () => {
  const packet = new Packet();
  const frame = ipFrame(tcpPacket(`[${source}]:1`, `[${destination}]:2`, {}, 'x'.repeat(100)));
  assert.equal(decode(frame, packet, undefined, frame.length - 30), 'segment');
  assert.equal(packet.missing, 30);
});

test('broken packets are counted', () => {
  const packet = ipv6({ source, destination }, segment);
  assert.equal(decode(ipFrame(packet.subarray(0, 39))), 'wire.ipv6.pkt_too_small');
  assert.equal(decode(encodeEthernet({ type: EtherType.ipv6 }, new Uint8Array(60))), 'wire.ipv6.wrong_ip_version');
  const cut = ipv6({ source, destination, extensions: [ipv6Padding(Protocol.hopByHop, 16)] }, segment);
  assert.equal(decode(ipFrame(cut.subarray(0, 45))), 'wire.ipv6.trunc_exthdr');
  assert.equal(decode(ipFrame(cut.subarray(0, 50))), 'wire.ipv6.trunc_exthdr');
  const many = Array.from({ length: 17 }, () => ipv6Padding(Protocol.destinationOptions));
  assert.equal(decode(ipFrame(ipv6({ source, destination, extensions: many }, segment))), 'wire.ipv6.too_many_exthdr');
  assert.equal(decode(ipFrame(ipv6({ source, destination, protocol: 58 }, segment))), 'wire.ip.not_tcp');
});
