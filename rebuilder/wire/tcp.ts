import { fold, swap } from './checksum.ts';
import { int32, uint16 } from './big-endian.ts';
import { LARGEST_FROM_THE_INTERNET } from './offload.ts';
import type { Packet } from './packet.ts';
import { Protocol } from './protocol.ts';
import type { Step } from './step.ts';

const MIN_HEADER = 20;
/** Of an IPv4 header. */
const IP_HEADER = 20;

/** TCP (RFC 9293 3.1). `packet.missing` becomes the number of data bytes that the capture cut off. */
export function decodeTcp(packet: Packet): Step {
  const { bytes, payloadStart: at, payloadEnd: end } = packet;
  if (end - at < MIN_HEADER) return packet.missing > 0 ? 'wire.tcp.trunc_pkt' : 'wire.tcp.pkt_too_small';
  const headerLength = (bytes[at + 12]! >> 4) << 2;
  if (headerLength < MIN_HEADER) return 'wire.tcp.hlen_too_small';
  if (headerLength > end - at + packet.missing) return 'wire.tcp.hlen_too_large';
  packet.srcPort = uint16(bytes, at);
  packet.dstPort = uint16(bytes, at + 2);
  packet.seq = int32(bytes, at + 4);
  packet.ack = int32(bytes, at + 8);
  packet.flags = bytes[at + 13]!;
  packet.window = uint16(bytes, at + 14);
  packet.urgentPointer = uint16(bytes, at + 18);
  packet.optionsStart = at + MIN_HEADER;
  packet.checksum = packet.missing > 0 ? 'unknown' : verify(packet, at, end);
  if (at + headerLength <= end) {
    packet.dataStart = at + headerLength;
  } else {
    // Cut within the options.
    packet.missing -= at + headerLength - end;
    packet.dataStart = end;
  }
  packet.dataEnd = end;
  return 'segment';
}

function verify(packet: Packet, start: number, end: number): Packet['checksum'] {
  const length = end - start;
  // More than 64 KiB: made by offload, its checksum was not computed yet.
  if (length > 0xffff) return 'unknown';
  const pseudoHeader = words(packet.src0) + words(packet.src1) + words(packet.src2) + words(packet.src3)
    + words(packet.dst0) + words(packet.dst1) + words(packet.dst2) + words(packet.dst3)
    // The addresses of IPv4 are held mapped into IPv6: take the two 0xffff of ::ffff: out again.
    - (packet.version === 4 ? 2 * 0xffff : 0) + Protocol.tcp + length;
  const pseudo = fold(pseudoHeader);
  const segment = swap(packet.wordSum.sum(packet.bytes, start, end));
  if (fold(pseudo + segment) === 0xffff) return 'correct';
  // Merged by the kernel of the capturing host: larger than what a client on the internet can send in one packet. A
  // smaller one, or one that a mirror took from the wire, may carry this sum on purpose: the server drops it.
  const isMerged = packet.vni < 0 && length > LARGEST_FROM_THE_INTERNET - IP_HEADER
    && uint16(packet.bytes, start + 16) === pseudo;
  return isMerged ? 'partial' : 'wrong';
}

/** The two 16-bit words of a 32-bit one. */
function words(address: number): number {
  return (address >>> 16) + (address & 0xffff);
}
