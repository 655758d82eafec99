import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeEthernet } from '../../rebuilder/wire/encode.ts';
import { Packet } from '../../rebuilder/wire/packet.ts';
import { fragments, ipFrame, tcpPacket } from '../frames.ts';
import { dataOf, decode, payloadOf } from './outcomes.ts';

const from = '10.0.0.1:1234';
const to = '10.0.0.2:80';

test('options are skipped', () => {
  const packet = new Packet();
  const options = Uint8Array.from({ length: 40 }, () => 1);
  assert.equal(decode(ipFrame(tcpPacket(from, to, { ip: { options } }, 'data')), packet), 'segment');
  assert.equal(dataOf(packet), 'data');
  assert.equal(packet.checksum, 'correct');
});

describe('what Linux makes of options', () => {
  const cases: readonly [string, readonly number[], string][] = [
    ['a route that is recorded', [7, 7, 4, 0, 0, 0, 0], 'segment'],
    ['… and is full', [7, 7, 8, 0, 0, 0, 0], 'segment'],
    ['… with room for less than an address', [7, 7, 6, 0, 0, 0, 0], 'wire.ipv4.invalid_options'],
    ['… twice', [7, 7, 4, 0, 0, 0, 0, 7, 7, 4, 0, 0, 0, 0], 'wire.ipv4.invalid_options'],
    ['timestamps', [68, 8, 5, 0, 0, 0, 0, 0], 'segment'],
    ['… which are full', [68, 8, 9, 0xe0, 0, 0, 0, 0], 'segment'],
    ['… which are full, as those of 15 hosts were', [68, 8, 9, 0xf0, 0, 0, 0, 0], 'wire.ipv4.invalid_options'],
    ['… with addresses, and no room for one', [68, 8, 5, 1, 0, 0, 0, 0], 'wire.ipv4.invalid_options'],
    ['a security label without a domain', [134, 6, 0, 0, 0, 1], 'wire.ipv4.invalid_options'],
    ['a router alert', [148, 4, 0, 0], 'segment'],
    ['… too short', [148, 3, 0], 'wire.ipv4.invalid_options'],
    ['one beyond the header', [7, 40, 4, 0], 'wire.ipv4.invalid_options'],
    ['a source route', [131, 3, 4], 'wire.ipv4.source_route'],
    ['a source route behind the end of the options', [0, 131, 3, 4], 'segment'],
  ];
  for (const [title, options, outcome] of cases) {
    test(title, () => {
      const frame = ipFrame(tcpPacket(from, to, { ip: { options: Uint8Array.from(options) } }, 'data'));
      assert.equal(decode(frame, new Packet()), outcome);
    });
  }
});

test('a total length of 0 is doubtful where no offload can have left it out, and none of a fragment', () => {
  const packet = new Packet();
  for (const [size, isDoubtful] of [[1461, false], [1460, true], [20, true]] as const) {
    assert.equal(decode(ipFrame(tcpPacket(from, to, { ip: { totalLength: 0 } }, 'x'.repeat(size))), packet), 'segment');
    assert.equal(packet.isDoubtful, isDoubtful, `${size} bytes`);
  }
  const [fragment] = fragments(tcpPacket(from, to, {}, 'x'.repeat(100)), 40);
  fragment!.set([0, 0], 2);
  assert.equal(decode(ipFrame(fragment!), packet), 'wire.ipv4.iplen_smaller_than_hlen');
});

test('a total length of 0 (offload) means all that is there', () => {
  const packet = new Packet();
  const frame = ipFrame(tcpPacket(from, to, { ip: { totalLength: 0 } }, 'x'.repeat(3000)));
  assert.equal(decode(frame, packet), 'segment');
  assert.equal(dataOf(packet).length, 3000);
  assert.equal(decode(frame, packet, undefined, 1000), 'segment');
  assert.equal(dataOf(packet).length + packet.missing, 3000);
});

test('a packet longer than what was captured says how much is missing', () => {
  const packet = new Packet();
  const frame = ipFrame(tcpPacket(from, to, {}, 'x'.repeat(9000)));
  assert.equal(decode(frame, packet, undefined, 8500), 'segment');
  assert.equal(packet.missing, frame.length - 8500);
  assert.equal(dataOf(packet).length, 9000 - packet.missing);
});

test('an identification is kept, and so are segments larger than any MTU', () => {
  const packet = new Packet();
  const large = tcpPacket(from, to, { ip: { identification: 0xbeef, dontFragment: true } }, 'x'.repeat(60000));
  assert.equal(decode(ipFrame(large), packet), 'segment');
  assert.equal(packet.ipId, 0xbeef);
  assert.equal(packet.dataEnd - packet.dataStart, 60000);
});

test('fragments tell where they belong', () => {
  const whole = tcpPacket(from, to, {}, 'abcdefghijklmnopqrstuvwxyz');
  const seen: string[] = [];
  const packet = new Packet();
  for (const fragment of fragments(whole, 24, 77)) {
    assert.equal(decode(Buffer.concat([ipFrame(fragment), Buffer.alloc(10)]), packet), 'fragment');
    seen.push(`${packet.ipId} ${packet.protocol} ${packet.fragmentOffset} ${packet.moreFragments} ${payloadOf(packet).length} ${packet.missing}`);
  }
  assert.deepEqual(seen, ['77 6 0 true 24 0', '77 6 24 false 22 0']);
  assert.equal(decode(ipFrame(fragments(whole, 24)[1]!), packet, undefined, 40), 'fragment');
  assert.equal(packet.missing, 16);
});

const BROKEN: readonly (readonly [string, (packet: Uint8Array) => Uint8Array, string])[] = [
  ['fewer than 20 bytes', (packet) => packet.subarray(0, 19), 'wire.ipv4.pkt_too_small'],
  ['another version', (packet) => put(packet, 0, 0x65), 'wire.ipv4.wrong_ip_version'],
  ['a header length below 20', (packet) => put(packet, 0, 0x44), 'wire.ipv4.hlen_too_small'],
  ['a total length below the header length', (packet) => put(packet, 3, 19), 'wire.ipv4.iplen_smaller_than_hlen'],
  ['options beyond the captured bytes', (packet) => put(packet, 0, 0x4f).subarray(0, 40), 'wire.ipv4.trunc_pkt'],
  ['another protocol', (packet) => put(packet, 9, 1), 'wire.ip.not_tcp'],
];

for (const [name, change, counter] of BROKEN) {
  test(`${name}: ${counter}`, () => {
    assert.equal(decode(encodeEthernet({}, change(tcpPacket(from, to, {}, 'x'.repeat(40))))), counter);
  });
}

function put(packet: Uint8Array, at: number, value: number): Uint8Array {
  packet[at] = value;
  return packet;
}
