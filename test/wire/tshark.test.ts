import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import ipaddr from 'ipaddr.js';
import { globSync } from 'tinyglobby';
import { PcapFile } from '../../rebuilder/capture/pcap-file.ts';
import { decapsulate } from '../../rebuilder/wire/decapsulate.ts';
import { encodeIpv4, encodeVxlan } from '../../rebuilder/wire/encode.ts';
import { EtherType } from '../../rebuilder/wire/ethertype.ts';
import { Packet } from '../../rebuilder/wire/packet.ts';
import { Protocol } from '../../rebuilder/wire/protocol.ts';
import { pcapFile } from '../capture-files.ts';
import { framesOf, type CollectedFrame } from '../collected-frames.ts';
import {
  erspan, gatewayOptions, geneve, gre, ipFrame, ipv6, ipv6Padding, mpls, outerIpv4, tcpFrame, tcpPacket, udpPacket,
  vlan, vxlanFrame,
} from '../frames.ts';
import { installed } from '../installed.ts';

/**
 * tshark is the second opinion: what it says of the innermost TCP segment of each frame must be what our decoders say.
 */

const FIELDS = [
  'frame.protocols', 'ip.src', 'ip.dst', 'ipv6.src', 'ipv6.dst', 'tcp.srcport', 'tcp.dstport', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.flags',
  'tcp.window_size_value', 'tcp.len', 'tcp.checksum.status', 'ip.flags.mf', 'ip.frag_offset', 'vxlan.vni', 'geneve.vni',
];
const CHECKSUM_BAD = '0';
const CHECKSUM_GOOD = '1';

function askTshark(file: string): Record<string, string>[] {
  const output = execFileSync('tshark', [
    '-r', file, '-T', 'fields', '-E', 'occurrence=l', ...FIELDS.flatMap((field) => ['-e', field]),
    // Each frame by itself: no reassembly, no state of earlier frames; checksums judged.
    '-o', 'ip.defragment:FALSE', '-o', 'ipv6.defragment:FALSE', '-o', 'tcp.desegment_tcp_streams:FALSE',
    '-o', 'tcp.check_checksum:TRUE', '-o', 'tcp.analyze_sequence_numbers:FALSE',
  ], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 28 });
  return output.split('\n').slice(0, -1).map((line) => {
    const values = line.split('\t');
    return Object.fromEntries(FIELDS.map((field, i) => [field, values[i] ?? '']));
  });
}

function compare(
  frames: readonly CollectedFrame[], opinions: readonly Record<string, string>[],
): { segments: number; fragments: number; ownTunnels: number } {
  const packet = new Packet();
  let segments = 0;
  let fragments = 0;
  let ownTunnels = 0;
  assert.equal(frames.length, opinions.length);
  frames.forEach((frame, i) => {
    const outcome = decapsulate(frame.link, frame.bytes, 0, frame.bytes.length, frame.originalLength, 0, packet);
    const opinion = opinions[i]!;
    const where = `frame ${i + 1} (${opinion['frame.protocols']})`;
    if (outcome === 'fragment') {
      fragments++;
      assert.ok(opinion['ip.flags.mf'] === '1' || opinion['ip.flags.mf'] === 'True' || opinion['ip.frag_offset'] !== '0'
        || opinion['frame.protocols']!.includes('fraghdr'), `${where} is a fragment`);
      return;
    }
    if (outcome === 'wire.own_tunnel') {
      // tshark looks into it; a mirror's reader must not.
      ownTunnels++;
      return;
    }
    if (outcome !== 'segment') {
      // tshark also reads what an ICMP error quotes and what sFlow samples: those packets were not on this link.
      if (!/:(icmp|icmpv6|sflow):/.test(opinion['frame.protocols']!)) assert.equal(opinion['tcp.srcport'], '', `${where} ended as ${outcome}`);
      return;
    }
    segments++;
    const innermost = packet.version === 4 ? 'ip' : 'ipv6';
    assert.deepEqual({
      src: address(packet.src0, packet.src1, packet.src2, packet.src3),
      dst: address(packet.dst0, packet.dst1, packet.dst2, packet.dst3),
      ports: `${packet.srcPort} ${packet.dstPort}`,
      seq: packet.seq >>> 0,
      ack: packet.ack >>> 0,
      flags: packet.flags,
      window: packet.window,
      length: packet.dataEnd - packet.dataStart + packet.missing,
    }, {
      src: opinion[`${innermost}.src`],
      dst: opinion[`${innermost}.dst`],
      ports: `${opinion['tcp.srcport']} ${opinion['tcp.dstport']}`,
      seq: Number(opinion['tcp.seq_raw']),
      ack: Number(opinion['tcp.ack_raw']),
      flags: Number(opinion['tcp.flags']) & 0xff,
      window: Number(opinion['tcp.window_size_value']),
      length: Number(opinion['tcp.len']),
    }, where);
    if (opinion['tcp.checksum.status'] === CHECKSUM_GOOD) assert.equal(packet.checksum, 'correct', where);
    if (opinion['tcp.checksum.status'] === CHECKSUM_BAD) assert.match(packet.checksum, /wrong|partial/, where);
    const vni = opinion['vxlan.vni'] || opinion['geneve.vni'] || '-1';
    assert.equal(packet.vni, Number(vni), where);
  });
  return { segments, fragments, ownTunnels };
}

function address(a: number, b: number, c: number, d: number): string {
  const bytes = [a, b, c, d].flatMap((word) => [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff]);
  return ipaddr.process(ipaddr.fromByteArray(bytes).toString()).toString();
}

test('tshark and the decoders agree on every frame of the shared captures', async (t) => {
  const captures = globSync('../shared/captures/*.{pcap,pcapng}').sort();
  if (captures.length === 0) {
    t.skip('../shared/captures is not beside this checkout');
    return;
  }
  if (!installed(t, 'tshark', 'mergecap')) return;
  const folder = mkdtempSync(join(tmpdir(), 'tshark-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const merged = join(folder, 'all.pcapng');
  execFileSync('mergecap', ['-a', '-w', merged, ...captures]);

  const frames = await framesOf(new PcapFile(merged));
  const apart: CollectedFrame[] = [];
  for (const capture of captures) apart.push(...await framesOf(new PcapFile(capture)));
  assert.equal(apart.length, frames.length);
  apart.forEach((frame, i) => assert.deepEqual(Buffer.from(frame.bytes), Buffer.from(frames[i]!.bytes), `frame ${i + 1}`));

  const { segments, fragments } = compare(frames, askTshark(merged));
  t.diagnostic(`${captures.length} captures, ${frames.length} frames: ${segments} segments, ${fragments} fragments`);
  assert.ok(segments > captures.length);
  assert.ok(fragments > 0);
});

test('tshark and the decoders agree on every kind of frame that the encoders make', async (t) => {
  if (!installed(t, 'tshark')) return;
  const folder = mkdtempSync(join(tmpdir(), 'tshark-'));
  t.after(() => rmSync(folder, { recursive: true }));
  assert.ok(existsSync(folder));
  const four = tcpFrame('10.0.0.1:1234', '10.0.0.2:80', { seq: 0xfffffff0, ack: 0x80000001 }, 'GET / HTTP/1.1\r\n\r\n');
  const six = tcpFrame('[2001:db8::1]:1234', '[2001:db8::2]:80', { seq: 7 }, 'odd');
  const timestamps = Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2);
  const extended = ipv6({
    source: '2001:db8::1', destination: '2001:db8::2',
    extensions: [ipv6Padding(Protocol.hopByHop), ipv6Padding(Protocol.destinationOptions, 16)],
  }, tcpPacket('[2001:db8::1]:1', '[2001:db8::2]:80', {}, 'extended').subarray(40));
  const packets = (frame: Uint8Array): Uint8Array => frame.subarray(14);
  const frames = [
    four, six,
    ipFrame(extended),
    tcpFrame('10.0.0.1:1', '10.0.0.2:80', { tcpOptions: timestamps, ip: { options: Uint8Array.of(148, 4, 0, 0) } }, 'options'),
    vlan(7, four), vlan(1, vlan(2, six), EtherType.serviceVlan), mpls([16, 17], four), vlan(3, mpls([18], six)),
    vxlanFrame(0xabcdef, four), vxlanFrame(1, vlan(5, six)),
    ipFrame(udpPacket('10.9.0.1:40000', '10.9.0.2:6081', geneve(3, four, gatewayOptions(1n, 2n, 3)))),
    ipFrame(udpPacket('10.9.0.1:40000', '10.9.0.2:6081', geneve(0, packets(four), gatewayOptions(1n, 2n, 3), EtherType.ipv4))),
    ipFrame(udpPacket('10.9.0.1:40000', '10.9.0.2:6081',
      geneve(0, udpPacket('10.8.0.1:1', '10.8.0.2:4789', encodeVxlan(42, six)), gatewayOptions(1n, 2n, 3), EtherType.ipv4))),
    ipFrame(outerIpv4(Protocol.gre, gre(EtherType.ipv4, packets(four)))),
    ipFrame(outerIpv4(Protocol.gre, gre(EtherType.ipv6, packets(six), { checksum: 0, key: 1, sequence: 2 }))),
    ipFrame(outerIpv4(Protocol.gre, gre(EtherType.transparentEthernet, four, { key: 9 }))),
    ipFrame(outerIpv4(Protocol.gre, erspan(2, four))), ipFrame(outerIpv4(Protocol.gre, erspan(3, six))),
    ipFrame(outerIpv4(Protocol.ipv4, packets(four))), ipFrame(outerIpv4(Protocol.ipv6, packets(six))),
    ipFrame(ipv6({ source: '2001:db8::3', destination: '2001:db8::4', protocol: Protocol.ipv4 }, packets(four))),
    ipFrame(encodeIpv4({ source: '10.0.0.1', destination: '10.0.0.2', protocol: 1 }, new Uint8Array(8))),
  ];
  const file = join(folder, 'encoded.pcap');
  writeFileSync(file, pcapFile(frames.map((bytes) => ({ bytes }))));
  const opinions = askTshark(file);
  const { segments, ownTunnels } = compare(await framesOf(new PcapFile(file)), opinions);
  // GRE around IP, and IP in IP: of both families, in both.
  assert.equal(ownTunnels, 5);
  assert.equal(segments, frames.length - 1 - ownTunnels);
  opinions.slice(0, -1).forEach((opinion, i) => assert.equal(opinion['tcp.checksum.status'], CHECKSUM_GOOD, `our checksum in frame ${i + 1}`));
});
