import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { decapsulate, decapsulatePayload } from '../../rebuilder/wire/decapsulate.ts';
import { encodeVxlan } from '../../rebuilder/wire/encode.ts';
import { EtherType } from '../../rebuilder/wire/ethertype.ts';
import { MAX_DEPTH, Packet } from '../../rebuilder/wire/packet.ts';
import { Protocol } from '../../rebuilder/wire/protocol.ts';
import {
  erspan, fragments, gatewayOptions, geneve, gre, ipFrame, linuxSll, linuxSll2, loopback, mpls, outerIpv4, tcpFrame,
  tcpPacket, udpPacket,
  vlan, vxlanFrame,
} from '../frames.ts';
import { decode, payloadOf, summary } from './outcomes.ts';

const FOUR = '10.0.0.1:1234 > 10.0.0.2:80 four';
const SIX = '[2001:db8::1]:1234 > [2001:db8::2]:80 six';
const four = tcpPacket('10.0.0.1:1234', '10.0.0.2:80', { seq: 1 }, 'four');
const six = tcpPacket('[2001:db8::1]:1234', '[2001:db8::2]:80', { seq: 1 }, 'six');

interface Case {
  frame: Uint8Array;
  link?: number;
  expected: string;
  vni?: number;
  vlan?: number;
  outerSource?: number;
}

const TUNNEL_END = 0xc0000201 | 0;

const CASES: Readonly<Record<string, Case>> = {
  'Ethernet': { frame: ipFrame(four), expected: FOUR },
  'Ethernet, IPv6': { frame: ipFrame(six), expected: SIX },
  'Ethernet with padding behind a short packet': { frame: Buffer.concat([ipFrame(four), Buffer.alloc(20, 0xaa)]), expected: FOUR },
  'one VLAN tag': { frame: vlan(7, ipFrame(four)), expected: FOUR, vlan: 7 },
  'QinQ': { frame: vlan(100, vlan(7, ipFrame(six)), EtherType.serviceVlan), expected: SIX, vlan: 7 },
  'old QinQ': { frame: vlan(100, vlan(7, ipFrame(four)), EtherType.oldServiceVlan), expected: FOUR, vlan: 7 },
  'MPLS': { frame: mpls([16, 17, 18], ipFrame(four)), expected: FOUR },
  'MPLS in a VLAN': { frame: vlan(9, mpls([16], ipFrame(six))), expected: SIX, vlan: 9 },
  'MPLS pseudowire': { frame: mpls([16], ipFrame(Buffer.concat([Buffer.alloc(4), ipFrame(four)]))), expected: FOUR },
  'PPPoE': { frame: pppoe(0x0021, four), expected: FOUR },
  'PPPoE, IPv6': { frame: pppoe(0x0057, six), expected: SIX },
  'Linux cooked': { frame: linuxSll(four), link: LinkType.linuxSll, expected: FOUR },
  'Linux cooked 2': { frame: linuxSll2(six), link: LinkType.linuxSll2, expected: SIX },
  'loopback, little-endian': { frame: loopback(four), link: LinkType.null, expected: FOUR },
  'loopback, big-endian': { frame: loopback(six, 'big', 24), link: LinkType.null, expected: SIX },
  'OpenBSD loopback': { frame: loopback(six, 'big', 24), link: LinkType.loop, expected: SIX },
  'raw IP': { frame: four, link: LinkType.raw, expected: FOUR },
  'raw IP, version 6': { frame: six, link: LinkType.raw, expected: SIX },
  'IPv4 link': { frame: four, link: LinkType.ipv4, expected: FOUR },
  'IPv6 link': { frame: six, link: LinkType.ipv6, expected: SIX },
  'VXLAN from a socket': { frame: encodeVxlan(0xffffff, ipFrame(four)), link: LinkType.vxlan, expected: FOUR, vni: 0xffffff },
  'VXLAN in a frame': { frame: vxlanFrame(5, ipFrame(six), '192.0.2.1:9'), expected: SIX, vni: 5, outerSource: TUNNEL_END },
  'VXLAN with QinQ inside': { frame: vxlanFrame(5, vlan(1, vlan(2, ipFrame(four))), '192.0.2.1:9'), expected: FOUR, vni: 5, vlan: 2, outerSource: TUNNEL_END },
  'GENEVE from a socket': { frame: geneve(6, ipFrame(four)), link: LinkType.geneve, expected: FOUR, vni: 6 },
  'GENEVE around IPv6': { frame: geneve(6, six, [], EtherType.ipv6), link: LinkType.geneve, expected: SIX, vni: 6 },
  'GENEVE around VXLAN': {
    frame: geneve(0, udpPacket('192.0.2.1:9', '10.1.1.1:4789', encodeVxlan(77, ipFrame(four))), gatewayOptions(1n, 2n, 3), EtherType.ipv4),
    link: LinkType.geneve, expected: FOUR, vni: 77, outerSource: TUNNEL_END,
  },
  'GRE with every field': {
    frame: ipFrame(
      outerIpv4(Protocol.gre, gre(EtherType.transparentEthernet, ipFrame(six), { checksum: 1, key: 2, sequence: 3 })),
    ),
    expected: SIX, outerSource: TUNNEL_END,
  },
  'ERSPAN I': { frame: ipFrame(outerIpv4(Protocol.gre, erspan(1, ipFrame(four)))), expected: FOUR, outerSource: TUNNEL_END },
  'ERSPAN II': { frame: ipFrame(outerIpv4(Protocol.gre, erspan(2, vlan(4, ipFrame(four))))), expected: FOUR, vlan: 4, outerSource: TUNNEL_END },
  'ERSPAN III': { frame: ipFrame(outerIpv4(Protocol.gre, erspan(3, ipFrame(six)))), expected: SIX, outerSource: TUNNEL_END },
  'ERSPAN III with a subheader': { frame: ipFrame(outerIpv4(Protocol.gre, erspan(3, ipFrame(six), 1, true))), expected: SIX, outerSource: TUNNEL_END },
};

function pppoe(protocol: number, packet: Uint8Array): Uint8Array {
  const frame = ipFrame(
    Buffer.concat([Buffer.of(0x11, 0, 0, 1, 0, packet.length + 2, protocol >> 8, protocol), packet]),
  );
  frame.set([0x88, 0x64], 12);
  return frame;
}

/** What a mirrored machine itself sends and receives in tunnels: whoever may write to it may write those. */
const OWN: Readonly<Record<string, Uint8Array>> = {
  'GRE': gre(EtherType.ipv4, four), 'GRE around MPLS': gre(EtherType.mpls, mpls([5], ipFrame(four)).subarray(14)),
};
const OWN_IP: Readonly<Record<string, Uint8Array>> = {
  'IPv4 in IPv4': outerIpv4(Protocol.ipv4, four), 'IPv6 in IPv4': outerIpv4(Protocol.ipv6, six),
  'MPLS in IP': outerIpv4(Protocol.mpls, mpls([5], ipFrame(four)).subarray(14)),
  'EtherIP': outerIpv4(Protocol.etherIp, Buffer.concat([Buffer.of(0x30, 0), ipFrame(four)])),
  'IPsec authentication header': outerIpv4(Protocol.authentication, Buffer.concat([Buffer.of(Protocol.tcp, 4, 0, 0), Buffer.alloc(20), four.subarray(20)])),
  ...Object.fromEntries(Object.entries(OWN).map(([name, payload]) => [name, outerIpv4(Protocol.gre, payload)])),
};

for (const [name, packet] of Object.entries(OWN_IP)) {
  test(`${name} is traffic of the machine's own`, () => {
    assert.equal(decode(ipFrame(packet)), 'wire.own_tunnel');
    assert.equal(decode(vxlanFrame(1, ipFrame(packet))), 'wire.own_tunnel');
  });
}

test('inside a mirrored frame no tunnel is unpacked', () => {
  const inner = ipFrame(four);
  for (const frame of [vxlanFrame(2, inner), ipFrame(outerIpv4(Protocol.gre, erspan(2, inner))), mpls([5], inner)]) {
    assert.equal(decode(frame), 'segment');
    assert.equal(decode(vxlanFrame(1, frame)), 'wire.own_tunnel');
    assert.equal(decode(ipFrame(outerIpv4(Protocol.gre, erspan(1, frame)))), 'wire.own_tunnel');
  }
});

for (const [name, { frame, link, expected, vni = -1, vlan: vlanId = -1, outerSource = 0 }] of Object.entries(CASES)) {
  test(`${name}: the innermost segment is found`, () => {
    const packet = new Packet();
    assert.equal(decode(frame, packet, link), 'segment');
    assert.equal(summary(packet), expected);
    assert.equal(packet.checksum, 'correct');
    assert.deepEqual({ vni: packet.vni, vlan: packet.vlan, outerSource: packet.outerSource, missing: packet.missing },
      { vni, vlan: vlanId, outerSource, missing: 0 });
  });

  test(`${name}: cut at every byte, it is a shorter segment, or counted`, () => {
    const packet = new Packet();
    for (let captured = 0; captured < frame.length; captured++) {
      const outcome = decode(frame, packet, link, captured);
      if (outcome === 'segment') {
        assert.ok(expected.startsWith(summary(packet)), summary(packet));
        const dataLength = expected.split(' ').at(-1)!.length;
        assert.equal(packet.dataEnd - packet.dataStart + packet.missing, dataLength, `cut to ${captured}`);
        assert.equal(packet.checksum, packet.missing > 0 ? 'unknown' : 'correct');
      } else {
        assert.match(outcome, /^wire\./);
      }
    }
  });
}

test('the sender of the outermost tunnel is kept, not that of one inside', () => {
  const packet = new Packet();
  decode(ipFrame(outerIpv4(Protocol.gre, erspan(1, ipFrame(four)))), packet);
  assert.equal(packet.outerSource, TUNNEL_END);
  decapsulate(LinkType.vxlan, encodeVxlan(1, ipFrame(four)), 0, 8 + 14 + four.length, 0, 42, packet);
  assert.equal(packet.outerSource, 42);
});

test('nesting is bounded', () => {
  let frame = tcpFrame('10.0.0.1:1', '10.0.0.2:2');
  for (let depth = 1; depth <= MAX_DEPTH; depth++) {
    frame = vlan(depth, frame);
    assert.equal(decode(frame), 'segment');
  }
  assert.equal(decode(vlan(9, frame)), 'wire.max_depth');
  assert.equal(decode(frame, new Packet({ maxDepth: 2 })), 'wire.max_depth');
});

test('a tunnel of fragments is read on once it is put together', () => {
  const whole = udpPacket('192.0.2.1:9', '192.0.2.2:4789', encodeVxlan(3, ipFrame(four)));
  const packet = new Packet();
  const parts: Uint8Array[] = [];
  for (const fragment of fragments(whole, 32)) {
    assert.equal(decode(ipFrame(fragment), packet), 'fragment');
    parts.push(payloadOf(packet));
  }
  const payload = Buffer.concat(parts);
  assert.equal(decapsulatePayload(packet.protocol, payload, 0, payload.length, packet), 'segment');
  assert.equal(summary(packet), FOUR);
  assert.equal(packet.vni, 3);
  assert.equal(packet.outerSource, TUNNEL_END);
});

test('hosts drop a fragment that is inside fragments', () => {
  const packet = new Packet();
  decode(ipFrame(fragments(six, 8)[0]!), packet);
  const again = Buffer.of(Protocol.udp, 0, 0, 1, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8);
  const outcome = decapsulatePayload(Protocol.fragment, again, 0, again.length, packet);
  assert.equal(outcome, 'wire.ipv6.second_fragment_header');
});

test('an unknown link is counted', () => {
  assert.equal(decode(ipFrame(four), new Packet(), 105), 'wire.link.unsupported');
});

test('nothing of the frame before is left over', () => {
  const packet = new Packet();
  decode(vxlanFrame(5, vlan(2, ipFrame(four))), packet);
  decode(ipFrame(udpPacket('10.0.0.1:1', '10.0.0.2:6081', geneve(8, ipFrame(six), gatewayOptions(1n, 2n, 3)))), packet);
  decode(ipFrame(four), packet);
  const fresh = new Packet();
  decode(ipFrame(four), fresh);
  assert.deepEqual(packet, fresh);
});
