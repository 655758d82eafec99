import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
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
  ({ protocol: Protocol.routing, bytes: Uint8Array.of(0, 2, 0, segmentsLeft, ...new Uint8Array(20)) });

test('no host takes a packet from an IPv4-mapped address', () => {
  const mapped = ipv6({ source: '::ffff:10.0.0.1', destination, extensions: [] }, segment);
  assert.equal(decode(ipFrame(mapped)), 'wire.ipv6.mapped_source');
});

test('extension headers are skipped, as many as there are', () => {
  const packet = new Packet();
  const many = Array.from({ length: 20 }, () => ipv6Padding(Protocol.destinationOptions));
  const extensions = [
    ipv6Padding(Protocol.hopByHop, 16), ipv6Padding(Protocol.destinationOptions), routing(0), ...many,
  ];
  assert.equal(decode(ipFrame(ipv6({ source, destination, extensions }, segment)), packet), 'segment');
  assert.equal(dataOf(packet), 'data');
  assert.equal(packet.checksum, 'correct');
});

describe('what a host discards ends the walk', () => {
  const option = (...bytes: number[]): Ipv6Extension =>
    ({ protocol: Protocol.destinationOptions, bytes: Uint8Array.of(0, 0, ...bytes) });
  const cases: readonly [string, Ipv6Extension[], string][] = [
    ['a route with segments left', [routing(1)], 'wire.ipv6.source_route'],
    ['hop-by-hop options twice', [ipv6Padding(Protocol.hopByHop), ipv6Padding(Protocol.hopByHop)], 'wire.ipv6.misplaced_hop_by_hop'],
    ['hop-by-hop options behind others', [ipv6Padding(Protocol.destinationOptions), ipv6Padding(Protocol.hopByHop)], 'wire.ipv6.misplaced_hop_by_hop'],
    ['an option that says discard', [option(0x5e, 4, 0, 0, 0, 0)], 'wire.ipv6.discard_option'],
    ['an option that says discard and tell', [option(0xde, 4, 0, 0, 0, 0)], 'wire.ipv6.discard_option'],
    ['an option beyond its header', [option(0x1e, 5, 0, 0, 0, 0)], 'wire.ipv6.discard_option'],
    ['a fragment header behind that of a whole packet', [ipv6Fragment(9, 0, false), ipv6Fragment(9, 0, false)], 'wire.ipv6.second_fragment_header'],
    ['padding that is not zero', [option(1, 4, 0, 7, 0, 0)], 'wire.ipv6.discard_option'],
  ];
  const first = (...bytes: number[]): Ipv6Extension =>
    ({ protocol: Protocol.hopByHop, bytes: Uint8Array.of(0, 0, ...bytes) });
  const known: readonly [string, Ipv6Extension[], string][] = [
    ['a router alert', [first(5, 2, 0, 0, 1, 0)], 'segment'],
    ['a router alert of another length', [first(5, 4, 0, 0, 0, 0)], 'wire.ipv6.discard_option'],
    ['a jumbo payload of a packet that says its length', [first(0xc2, 4, 0, 1, 0, 0)], 'wire.ipv6.discard_option'],
    ['a security label that is too short', [first(7, 4, 0, 0, 0, 0)], 'wire.ipv6.discard_option'],
    ['IOAM', [first(1, 0, 49, 2, 0, 0)], 'segment'],
  ];
  for (const [title, extensions, outcome] of [...cases, ...known]) {
    test(title, () => { assert.equal(decode(ipFrame(ipv6({ source, destination, extensions }, segment))), outcome); });
  }
  test('an unknown option that may be skipped is', () => {
    assert.equal(decode(ipFrame(ipv6({ source, destination, extensions: [option(0x1e, 4, 0, 7, 0, 0)] }, segment))), 'segment');
  });
});

describe('what some kernels discard and others do not is doubtful', () => {
  const route = (type: number): Ipv6Extension =>
    ({ protocol: Protocol.routing, bytes: Uint8Array.of(0, 2, type, 0, ...new Uint8Array(20)) });
  const skipped = (count: number): Ipv6Extension => {
    const bytes = new Uint8Array(24);
    bytes.set([0, 2, ...Array.from({ length: count }, () => [0x1e, 0]).flat()]);
    return { protocol: Protocol.destinationOptions, bytes };
  };
  const ioam: Ipv6Extension = { protocol: Protocol.hopByHop, bytes: Uint8Array.of(0, 0, 49, 4, 0, 0, 0, 0) };
  const cases: readonly [string, Ipv6Extension, boolean][] = [
    ['a route that is done', route(0), false],
    ['a home address route', route(2), true],
    ['a route of RPL', route(3), true],
    ['a segment route', route(4), true],
    ['eight options', skipped(8), false],
    ['nine options', skipped(9), true],
    ['IOAM that is not aligned', ioam, true],
  ];
  for (const [title, extension, isDoubtful] of cases) {
    test(title, () => {
      const packet = new Packet();
      assert.equal(decode(ipFrame(ipv6({ source, destination, extensions: [extension] }, segment)), packet), 'segment');
      assert.equal(dataOf(packet), 'data');
      assert.equal(packet.isDoubtful, isDoubtful);
    });
  }
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
  const data = 'x'.repeat(70_000);
  const large = tcpPacket(`[${source}]:1234`, `[${destination}]:80`, {}, data).subarray(40);
  const length = 8 + large.length;
  const jumbo: Ipv6Extension = {
    protocol: Protocol.hopByHop, bytes: Uint8Array.of(0, 0, 0xc2, 4, length >> 24, length >> 16, length >> 8, length),
  };
  const frame = ipFrame(ipv6({ source, destination, payloadLength: 0, extensions: [jumbo] }, large));
  assert.equal(decode(Buffer.concat([frame, Buffer.alloc(9)]), packet), 'segment');
  assert.equal(dataOf(packet), data, 'what is behind it is padding of the link');
  const small: Ipv6Extension = { protocol: Protocol.hopByHop, bytes: Uint8Array.of(0, 0, 0xc2, 4, 0, 0, 0, 100) };
  assert.equal(decode(ipFrame(ipv6({ source, destination, payloadLength: 0, extensions: [small] }, segment))), 'wire.ipv6.discard_option');
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
  assert.equal(decode(ipFrame(ipv6({ source, destination, protocol: 58 }, segment))), 'wire.ip.not_tcp');
});

describe('a first fragment that has not all headers is doubtful', () => {
  const cases: readonly [string, number, Ipv6Extension[], number, boolean][] = [
    ['TCP cut short', Protocol.tcp, [], 16, true],
    ['TCP behind options cut short', Protocol.tcp, [ipv6Padding(Protocol.destinationOptions)], 8, true],
    ['TCP behind options', Protocol.tcp, [ipv6Padding(Protocol.destinationOptions)], 24, false],
    ['a route, and nothing behind it', Protocol.tcp, [routing(0)], 0, true],
    ['UDP behind options cut short', Protocol.udp, [ipv6Padding(Protocol.destinationOptions)], 0, true],
    ['another fragment header, whose packet begins elsewhere', Protocol.tcp, [ipv6Fragment(5, 40, true)], 8, false],
    ['no next header', Protocol.nothing, [], 0, false],
  ];
  for (const [title, protocol, extensions, bytes, isDoubtful] of cases) {
    test(title, () => {
      const packet = new Packet();
      const headers = { source, destination, extensions: [ipv6Fragment(9, 0, true), ...extensions], protocol };
      assert.equal(decode(ipFrame(ipv6(headers, segment.subarray(0, bytes))), packet), 'fragment');
      assert.equal(packet.isDoubtful, isDoubtful);
    });
  }
});
