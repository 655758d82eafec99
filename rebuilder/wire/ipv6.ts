import { int32, uint16 } from './big-endian.ts';
import type { Packet } from './packet.ts';
import { Protocol } from './protocol.ts';
import type { Step } from './step.ts';

const HEADER_LENGTH = 40;
/** Real packets have at most three or four; this only bounds the walk. */
const MAX_EXTENSIONS = 16;
const JUMBO_OPTION = 0xc2;

/** IPv6 (RFC 8200). */
export function decodeIpv6(packet: Packet): Step {
  const { bytes, payloadStart: at, payloadEnd: end } = packet;
  if (end - at < HEADER_LENGTH) return 'wire.ipv6.pkt_too_small';
  if (bytes[at]! >> 4 !== 6) return 'wire.ipv6.wrong_ip_version';

  packet.version = 6;
  packet.src0 = int32(bytes, at + 8);
  packet.src1 = int32(bytes, at + 12);
  packet.src2 = int32(bytes, at + 16);
  packet.src3 = int32(bytes, at + 20);
  packet.dst0 = int32(bytes, at + 24);
  packet.dst1 = int32(bytes, at + 28);
  packet.dst2 = int32(bytes, at + 32);
  packet.dst3 = int32(bytes, at + 36);
  packet.ipId = 0;
  packet.protocol = bytes[at + 6]!;
  packet.payloadStart = at + HEADER_LENGTH;

  const payloadLength = uint16(bytes, at + 4);
  // 0 = segmentation offload, as in IPv4 (a jumbogram says its length in an option, and is not read: see skipExtensions).
  const packetEnd = payloadLength === 0 ? end + packet.cut : at + HEADER_LENGTH + payloadLength;
  if (packetEnd <= end) {
    packet.payloadEnd = packetEnd;
    packet.missing = 0;
  } else {
    packet.missing = packetEnd - end;
  }
  packet.sourceRouted = false;
  if (payloadLength === 0 && packet.protocol === Protocol.hopByHop && hasJumboOption(packet)) return 'wire.ipv6.jumbogram';
  return 'ip_payload';
}

/**
 * Skips extension headers (RFC 8200 4) from `packet.protocol` at `packet.payloadStart` on; leaves the transport protocol there.
 * A fragment header ends the walk, unless the "fragment" is the whole packet (RFC 6946).
 */
export function skipExtensions(packet: Packet): Step | null {
  const { bytes, payloadEnd: end } = packet;
  for (let count = 0; count < MAX_EXTENSIONS; count++) {
    const at = packet.payloadStart;
    let length: number;
    switch (packet.protocol) {
      case Protocol.routing:
      case Protocol.hopByHop:
      case Protocol.destinationOptions:
      case Protocol.mobility:
      case Protocol.hip:
      case Protocol.shim6:
        if (end - at < 8) return 'wire.ipv6.trunc_exthdr';
        length = (bytes[at + 1]! + 1) << 3;
        // The checksum of TCP is over the final destination, which is in the routing header until the last hop (RFC 8200 8.1).
        if (packet.protocol === Protocol.routing && bytes[at + 3] !== 0) packet.sourceRouted = true;
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
          return 'fragment';
        }
        length = 8;
        break;
      }
      default: return null;
    }
    if (end - at < length) return 'wire.ipv6.trunc_exthdr';
    packet.protocol = bytes[at]!;
    packet.payloadStart = at + length;
  }
  return 'wire.ipv6.too_many_exthdr';
}

function hasJumboOption(packet: Packet): boolean {
  const { bytes, payloadStart: at, payloadEnd: end } = packet;
  if (end - at < 8) return false;
  // RFC 2675 2: the option is aligned to 4n + 2, so it is the first one, or pad bytes stand before it.
  const optionsEnd = Math.min(end, at + ((bytes[at + 1]! + 1) << 3));
  for (let option = at + 2; option < optionsEnd;) {
    const type = bytes[option]!;
    if (type === JUMBO_OPTION) return true;
    option += type === 0 ? 1 : 2 + (option + 1 < optionsEnd ? bytes[option + 1]! : 0);
  }
  return false;
}
