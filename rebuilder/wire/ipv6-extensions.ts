import { int32, uint16 } from './big-endian.ts';
import { IpDoubt } from './ip-doubt.ts';
import { optionsAreTaken } from './ipv6-options.ts';
import type { Packet } from './packet.ts';
import { Protocol } from './protocol.ts';
import type { Step } from './step.ts';

/** What Linux asks a first fragment to have of the header behind the extension headers, bytes; of any other one. */
const TRANSPORT_BYTES: ReadonlyMap<number, number> = new Map(
  [[Protocol.tcp, 20], [Protocol.udp, 8], [Protocol.icmpv6, 8]],
);
const OTHER_TRANSPORT_BYTES = 1;

/**
 * Walks the extension headers (RFC 8200 4) from `packet.protocol` at `packet.payloadStart` on, as a Linux host does;
 * leaves the transport protocol there. A fragment header ends the walk, unless the "fragment" is the whole packet (RFC
 * 6946). So does whatever such a host discards: hop-by-hop options that do not come first, a route with segments left,
 * options that ask for it, a second fragment header. There may be as many headers as the packet has room for.
 */
export function skipExtensions(packet: Packet): Step | null {
  const { bytes, payloadEnd: end, payloadStart: first } = packet;
  /** Put together from fragments, or behind the header of one that is the whole packet. */
  let isFragmented = packet.fragmentOffset >= 0;
  for (;;) {
    const at = packet.payloadStart;
    let length: number;
    switch (packet.protocol) {
      case Protocol.hopByHop:
      case Protocol.destinationOptions:
        if (end - at < 8) return 'wire.ipv6.trunc_exthdr';
        if (packet.protocol === Protocol.hopByHop && (at !== first || isFragmented)) {
          return 'wire.ipv6.misplaced_hop_by_hop';
        }
        length = (bytes[at + 1]! + 1) << 3;
        if (end - at < length) return 'wire.ipv6.trunc_exthdr';
        if (!optionsAreTaken(packet, at + 2, at + length)) return 'wire.ipv6.discard_option';
        break;
      case Protocol.routing:
        if (end - at < 8) return 'wire.ipv6.trunc_exthdr';
        length = (bytes[at + 1]! + 1) << 3;
        // Segments left: the packet is to be sent on.
        if (bytes[at + 3] !== 0) return 'wire.ipv6.source_route';
        packet.ipDoubts |= doubtOf(bytes[at + 2]!);
        break;
      case Protocol.fragment: {
        if (end - at < 8) return 'wire.ipv6.trunc_exthdr';
        if (isFragmented) return 'wire.ipv6.second_fragment_header';
        isFragmented = true;
        const offset = uint16(bytes, at + 2);
        packet.ipId = int32(bytes, at + 4);
        if ((offset & 0xfff9) !== 0) {
          packet.fragmentOffset = offset & 0xfff8;
          packet.moreFragments = (offset & 1) === 1;
          packet.protocol = bytes[at]!;
          packet.payloadStart = at + 8;
          if (packet.fragmentOffset === 0 && lacksHeaders(packet)) packet.ipDoubts |= IpDoubt.headers;
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

/**
 * RFC 8200 4.5: a first fragment has all headers up to the transport's. One that has not is ignored, and what is held
 * stays (net/ipv6/reassembly.c, exthdrs_core.c: ipv6frag_thdr_truncated); kernels from before 2020 take it, and all
 * kernels one that ends within its extension headers.
 */
function lacksHeaders({ bytes, protocol, payloadStart, payloadEnd, missing }: Packet): boolean {
  const end = payloadEnd + missing;
  let at = payloadStart;
  let next = protocol;
  for (;;) {
    switch (next) {
      case Protocol.hopByHop:
      case Protocol.routing:
      case Protocol.destinationOptions:
      case Protocol.authentication:
      case Protocol.fragment:
        break;
      case Protocol.nothing: return false;
      default: return at + (TRANSPORT_BYTES.get(next) ?? OTHER_TRANSPORT_BYTES) > end;
    }
    if (at + 2 > payloadEnd) return false;
    if (next === Protocol.fragment && (at + 4 > payloadEnd || (uint16(bytes, at + 2) & 0xfff8) !== 0)) return false;
    const length = lengthOf(next, bytes[at + 1]!);
    next = bytes[at]!;
    at += length;
  }
}

/**
 * A route that is done is passed over. But of these types (RFC 6275, 6554, 8754) Linux drops it where it knows them: 2
 * if it was built with CONFIG_IPV6_MIP6, 3 since 5.7 and 4 since 4.10 unless it is configured to accept them.
 */
function doubtOf(routingType: number): number {
  switch (routingType) {
    case 2: return IpDoubt.homeAddressRoute;
    case 3: return IpDoubt.rplRoute;
    case 4: return IpDoubt.segmentRoute;
    default: return 0;
  }
}

/** Bytes of an extension header whose second byte is `units`. */
function lengthOf(protocol: number, units: number): number {
  if (protocol === Protocol.fragment) return 8;
  return protocol === Protocol.authentication ? (units + 2) << 2 : (units + 1) << 3;
}
