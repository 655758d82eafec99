import { skipExtensions } from './ipv6-extensions.ts';
import { type Packet, Wrapping } from './packet.ts';
import { Protocol } from './protocol.ts';
import type { Step } from './step.ts';

/**
 * Behind an IP header (or the payload of a packet put together from fragments): extension headers, then what
 * `packet.protocol` says. IP in IP, MPLS in IP, Ethernet in IP and the authentication header carry no mirrored frame:
 * they are traffic between two hosts.
 */
export function decodeIpPayload(packet: Packet): Step {
  if (packet.protocol === Protocol.tcp) return 'tcp';
  if (packet.version === 6) {
    const end = skipExtensions(packet);
    if (end !== null) return end;
  }
  switch (packet.protocol) {
    case Protocol.tcp: return 'tcp';
    case Protocol.udp: return 'udp';
    case Protocol.gre: return packet.wrapping === Wrapping.none ? 'gre' : 'wire.own_tunnel';
    case Protocol.ipv4:
    case Protocol.ipv6:
    case Protocol.mpls:
    case Protocol.etherIp:
    case Protocol.authentication: return 'wire.own_tunnel';
    default: return 'wire.ip.not_tcp';
  }
}

/** The packet in hand was the outside of a mirror's tunnel: remembers its sender. */
export function enterTunnel(packet: Packet, wrapping: Packet['wrapping']): void {
  packet.depth++;
  packet.wrapping = wrapping;
  packet.vlanTags = -1;
  packet.ipDoubts = 0;
  packet.isToGroup = false;
  packet.fragmentOffset = -1;
  if (packet.outerSource === 0 && packet.version === 4) packet.outerSource = packet.src3;
}
