import { int32, uint16 } from './big-endian.ts';
import { optionsAreTaken } from './ipv6-options.ts';
import type { Packet } from './packet.ts';
import { Protocol } from './protocol.ts';
import type { Step } from './step.ts';

const TCP_HEADER = 20;

/**
 * Walks the extension headers (RFC 8200 4) from `packet.protocol` at `packet.payloadStart` on, as a Linux host does;
 * leaves the transport protocol there. A fragment header ends the walk, unless the "fragment" is the whole packet (RFC
 * 6946). So does whatever such a host discards: hop-by-hop options that do not come first, a route with segments left,
 * options that ask for it. There may be as many headers as the packet has room for.
 */
export function skipExtensions(packet: Packet): Step | null {
  const { bytes, payloadEnd: end, payloadStart: first } = packet;
  for (;;) {
    const at = packet.payloadStart;
    let length: number;
    switch (packet.protocol) {
      case Protocol.hopByHop:
      case Protocol.destinationOptions:
        if (end - at < 8) return 'wire.ipv6.trunc_exthdr';
        if (packet.protocol === Protocol.hopByHop && (at !== first || packet.fragmentOffset >= 0)) {
          return 'wire.ipv6.misplaced_hop_by_hop';
        }
        length = (bytes[at + 1]! + 1) << 3;
        if (end - at < length) return 'wire.ipv6.trunc_exthdr';
        if (!optionsAreTaken(packet, at + 2, at + length)) return 'wire.ipv6.discard_option';
        break;
      case Protocol.routing:
        if (end - at < 8) return 'wire.ipv6.trunc_exthdr';
        length = (bytes[at + 1]! + 1) << 3;
        // Segments left: the packet is to be sent on. Types 3 and 4 (RFC 6554, 8754) need a host that is configured to
        // accept them.
        if (bytes[at + 3] !== 0 || bytes[at + 2] === 3 || bytes[at + 2] === 4) return 'wire.ipv6.source_route';
        break;
      case Protocol.fragment: {
        if (end - at < 8) return 'wire.ipv6.trunc_exthdr';
        const offset = uint16(bytes, at + 2);
        packet.ipId = int32(bytes, at + 4);
        if ((offset & 0xfff9) !== 0) {
          packet.fragmentOffset = offset & 0xfff8;
          packet.moreFragments = (offset & 1) === 1;
          packet.protocol = bytes[at]!;
          packet.payloadStart = at + 8;
          // RFC 8200 4.5: a first fragment has all headers.
          if (packet.fragmentOffset === 0 && packet.protocol === Protocol.tcp && end - at - 8 < TCP_HEADER) {
            return 'wire.ipv6.trunc_exthdr';
          }
          return 'fragment';
        }
        length = 8;
        break;
      }
      default: return null;
    }
    if (end - at < length) return 'wire.ipv6.trunc_exthdr';
    packet.protocol = bytes[at]!;
    packet.extensionBytes += length;
    packet.payloadStart = at + length;
  }
}
