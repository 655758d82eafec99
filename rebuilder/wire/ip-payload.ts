import { skipExtensions } from './ipv6.ts';
import type { Packet } from './packet.ts';
import { Protocol } from './protocol.ts';
import type { Step } from './step.ts';

/** Behind an IP header (or the payload of a packet put together from fragments): extension headers, then what `packet.protocol` says. */
export function decodeIpPayload(packet: Packet): Step {
  if (packet.protocol === Protocol.tcp) return 'tcp';
  if (packet.version === 6) {
    const end = skipExtensions(packet);
    if (end !== null) return end;
  }
  switch (packet.protocol) {
    case Protocol.tcp: return 'tcp';
    case Protocol.udp: return 'udp';
    case Protocol.gre: return tunnel(packet, 'gre', 0);
    case Protocol.ipv4: return tunnel(packet, 'ipv4', 0);
    case Protocol.ipv6: return tunnel(packet, 'ipv6', 0);
    case Protocol.mpls: return tunnel(packet, 'mpls', 0);
    // RFC 3378: version 3 in the first half byte, twelve reserved bits, an Ethernet frame.
    case Protocol.etherIp: return tunnel(packet, 'ethernet', 2);
    case Protocol.authentication: return skipAuthentication(packet);
    default: return 'wire.ip.not_tcp';
  }
}

/** The packet in hand was the outside of a tunnel: remembers its sender. */
export function enterTunnel(packet: Packet): void {
  packet.depth++;
  if (packet.outerSource === 0 && packet.version === 4) packet.outerSource = packet.src3;
}

function tunnel(packet: Packet, inner: Step, headerLength: number): Step {
  enterTunnel(packet);
  packet.payloadStart = Math.min(packet.payloadStart + headerLength, packet.payloadEnd);
  return inner;
}

/** IPsec authentication header (RFC 4302): signed, not encrypted. Its length counts 32-bit words minus 2. */
function skipAuthentication(packet: Packet): Step {
  const { bytes, payloadStart: at, payloadEnd: end } = packet;
  if (end - at < 12) return 'wire.ah.pkt_too_small';
  const length = (bytes[at + 1]! + 2) << 2;
  if (length < 12 || end - at < length) return 'wire.ah.pkt_too_small';
  packet.depth++;
  packet.protocol = bytes[at]!;
  packet.payloadStart = at + length;
  return 'ip_payload';
}
