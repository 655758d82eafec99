import assert from 'node:assert/strict';
import { test } from 'node:test';
import { globSync } from 'tinyglobby';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { PcapFile } from '../../rebuilder/capture/pcap-file.ts';
import { COUNTER_NAMES } from '../../rebuilder/ledger.ts';
import { decapsulate, decapsulatePayload } from '../../rebuilder/wire/decapsulate.ts';
import { encodeVxlan } from '../../rebuilder/wire/encode.ts';
import { EtherType } from '../../rebuilder/wire/ethertype.ts';
import { Packet } from '../../rebuilder/wire/packet.ts';
import { Protocol } from '../../rebuilder/wire/protocol.ts';
import { framesOf } from '../collected-frames.ts';
import {
  erspan, fragments, gatewayOptions, geneve, gre, ipFrame, ipv6, ipv6Padding, linuxSll, linuxSll2, loopback, mpls,
  outerIpv4, tcpFrame,
  tcpPacket, udpPacket, vlan, vxlanFrame,
} from '../frames.ts';
import { randomNumbers } from '../random-numbers.ts';

/**
 * Real and made frames, damaged: no decoder may throw, point outside the frame, or answer with a name the ledger does
 * not know.
 */

const CASES = 60_000;
const OUTCOMES: ReadonlySet<string> = new Set(['segment', 'fragment', ...COUNTER_NAMES.filter((name) => name.startsWith('wire.'))]);

interface Seed {
  link: number;
  bytes: Uint8Array;
}

function made(): Seed[] {
  const four = tcpFrame('10.0.0.1:1', '10.0.0.2:80', { tcpOptions: new Uint8Array(12) }, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const packet = four.subarray(14);
  const six = tcpFrame('[2001:db8::1]:1', '[2001:db8::2]:80', {}, 'x');
  const extended = ipv6({
    source: '2001:db8::1', destination: '2001:db8::2',
    extensions: [
      ipv6Padding(Protocol.hopByHop), ipv6Padding(Protocol.routing), ipv6Padding(Protocol.destinationOptions, 24),
    ],
  }, six.subarray(54));
  const gateway = geneve(1, udpPacket('10.8.0.1:1', '10.8.0.2:4789', encodeVxlan(42, six)), gatewayOptions(1n, 2n, 3), EtherType.ipv4);
  const ethernet = [
    four, six, ipFrame(extended), vlan(1, vlan(2, four)), mpls([1, 2], six), vxlanFrame(1, four),
    vxlanFrame(2, vlan(3, six)),
    ipFrame(udpPacket('10.8.0.1:1', '10.8.0.2:6081', gateway)),
    ...[gre(EtherType.ipv4, packet, { key: 1 }), erspan(1, four), erspan(2, four), erspan(3, six, 1, true)]
      .map((payload) => ipFrame(outerIpv4(Protocol.gre, payload))),
    ipFrame(outerIpv4(Protocol.ipv4, outerIpv4(Protocol.ipv6, six.subarray(14)))),
    ...fragments(packet, 16).map(ipFrame), ...fragments(six.subarray(14), 8).map(ipFrame),
  ];
  return [
    ...ethernet.map((bytes) => ({ link: LinkType.ethernet, bytes })),
    { link: LinkType.vxlan, bytes: encodeVxlan(9, four) }, { link: LinkType.geneve, bytes: gateway },
    { link: LinkType.linuxSll, bytes: linuxSll(packet) }, { link: LinkType.linuxSll2, bytes: linuxSll2(packet) },
    { link: LinkType.null, bytes: loopback(packet) }, { link: LinkType.raw, bytes: tcpPacket('10.0.0.1:1', '10.0.0.2:80') },
  ];
}

async function captured(): Promise<Seed[]> {
  const seeds: Seed[] = [];
  for (const file of globSync('../shared/captures/*.{pcap,pcapng}').sort()) {
    const frames = await framesOf(new PcapFile(file));
    seeds.push(...frames.slice(0, 5).map(({ link, bytes }) => ({ link, bytes })));
  }
  return seeds;
}

test('damaged frames end in a known way and point at nothing outside themselves', async () => {
  const seeds = made();
  // Half of the cases on frames made here, whose headers are richer; half on real ones where they are at hand.
  const real = await captured();
  const random = randomNumbers(20_261_120);
  const packet = new Packet();
  const buffer = new Uint8Array(128 * 1024);
  const seen = new Set<string>();
  for (let i = 0; i < CASES; i++) {
    const from = real.length > 0 && i % 2 === 0 ? real : seeds;
    const seed = from[random(from.length)]!;
    // Where the frame stands in its buffer must not matter; what is around it looks like headers.
    const start = random(64);
    buffer.fill(0x45, 0, start + seed.bytes.length + 64);
    buffer.set(seed.bytes, start);
    const end = start + (random(4) === 0 ? random(seed.bytes.length + 1) : seed.bytes.length);
    for (let changes = random(6); changes > 0 && end > start; changes--) {
      // Headers are at the front: most damage goes there.
      const at = start + random(random(2) === 0 ? Math.min(end - start, 80) : end - start);
      buffer[at] = random(3) === 0 ? [0, 0xff, 0x7f, 0x80, 0x45, 0x60][random(6)]! : buffer[at]! ^ (1 << random(8));
    }
    const length = random(8) === 0 ? random(70_000) : seed.bytes.length;
    let outcome = decapsulate(seed.link, buffer, start, end, length, 0, packet);
    check(outcome, packet, start, end);
    for (let nested = 0; outcome === 'fragment' && nested < 20; nested++) {
      const { payloadStart, payloadEnd } = packet;
      outcome = decapsulatePayload(packet.protocol, buffer, payloadStart, payloadEnd, packet);
      check(outcome, packet, payloadStart, payloadEnd);
    }
    seen.add(outcome);
  }
  // The damage reached most of what can be wrong.
  assert.ok(seen.size > 40, [...seen].sort().join(' '));
});

function check(outcome: string, packet: Packet, start: number, end: number): void {
  assert.ok(OUTCOMES.has(outcome), outcome);
  if (outcome !== 'segment' && outcome !== 'fragment') return;
  assert.ok(start <= packet.payloadStart && packet.payloadStart <= packet.payloadEnd && packet.payloadEnd <= end,
    `payload ${packet.payloadStart}..${packet.payloadEnd} in ${start}..${end}`);
  assert.ok(packet.missing >= 0 && packet.depth <= packet.maxDepth);
  assert.ok(packet.fragmentOffset >= -1 && packet.fragmentOffset <= 65528);
  if (outcome === 'fragment') return;
  assert.ok(start <= packet.dataStart && packet.dataStart <= packet.dataEnd && packet.dataEnd <= end,
    `data ${packet.dataStart}..${packet.dataEnd} in ${start}..${end}`);
  if (packet.missing > 0) assert.equal(packet.checksum, 'unknown');
  for (const number of [packet.seq, packet.ack, packet.src0, packet.src3, packet.dst3]) {
    assert.equal(number, number | 0);
  }
}
