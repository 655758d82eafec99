import { int32, uint16 } from './big-endian.ts';
import { ipv4Options } from './ipv4-options.ts';
import { offloadedLength } from './offload.ts';
import { IPV4_MAPPED, type Packet } from './packet.ts';
import type { Step } from './step.ts';

const MIN_HEADER = 20;
/** More fragments follow, or others came before. */
const FRAGMENT = 0x3fff;

/**
 * IPv4 (RFC 791). What a Linux host drops goes no further: a source route, options that cannot be read. Whether the
 * header's checksum is right is noted: 0 is none (the sender's card was to compute it), and files whose addresses were
 * replaced have wrong ones throughout.
 */
export function decodeIpv4(packet: Packet): Step {
  const { bytes, payloadStart: at, payloadEnd: end } = packet;
  if (end - at < MIN_HEADER) return 'wire.ipv4.pkt_too_small';
  const first = bytes[at]!;
  if (first >> 4 !== 4) return 'wire.ipv4.wrong_ip_version';
  const headerLength = (first & 0x0f) << 2;
  if (headerLength < MIN_HEADER) return 'wire.ipv4.hlen_too_small';

  const totalLength = uint16(bytes, at + 2);
  let packetEnd: number;
  if (totalLength === 0) {
    // A fragment's length is where its place ends: nobody leaves that to a card.
    if ((uint16(bytes, at + 6) & FRAGMENT) !== 0) return 'wire.ipv4.iplen_smaller_than_hlen';
    packetEnd = end + packet.cut;
    offloadedLength(packet, packetEnd - at);
  } else {
    if (totalLength < headerLength) return 'wire.ipv4.iplen_smaller_than_hlen';
    packetEnd = at + totalLength;
  }
  if (end - at < headerLength) return 'wire.ipv4.trunc_pkt';
  const source = int32(bytes, at + 12);
  const destination = int32(bytes, at + 16);
  const ipId = uint16(bytes, at + 4);
  const fragment = uint16(bytes, at + 6);
  const checksum = uint16(bytes, at + 10);
  // The ones' complement sum of the header (RFC 1071), of what was read of it anyway.
  let sum = (first << 8 | bytes[at + 1]!) + totalLength + ipId + fragment + uint16(bytes, at + 8) + checksum
    + (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff);
  for (let option = at + MIN_HEADER; option < at + headerLength; option += 2) sum += uint16(bytes, option);
  sum = (sum >>> 16) + (sum & 0xffff);
  const isRight = (sum >>> 16) + (sum & 0xffff) === 0xffff;
  packet.headerSum = totalLength === 0 ? 'unknown' : isRight ? 'correct' : checksum === 0 ? 'none' : 'wrong';
  if (headerLength > MIN_HEADER) {
    const refusal = ipv4Options(packet, at + MIN_HEADER, at + headerLength);
    if (refusal !== null) return refusal;
  }

  packet.version = 4;
  packet.src0 = 0;
  packet.src1 = 0;
  packet.src2 = IPV4_MAPPED;
  packet.src3 = source;
  packet.dst0 = 0;
  packet.dst1 = 0;
  packet.dst2 = IPV4_MAPPED;
  packet.dst3 = destination;
  packet.ipId = ipId;
  packet.ecn = bytes[at + 1]! & 3;
  packet.protocol = bytes[at + 9]!;
  packet.extensionBytes = headerLength - MIN_HEADER;
  packet.payloadStart = at + headerLength;
  if (packetEnd <= end) {
    packet.payloadEnd = packetEnd;
    packet.missing = 0;
  } else {
    packet.missing = packetEnd - end;
  }

  if ((fragment & FRAGMENT) === 0) return 'ip_payload';
  packet.fragmentOffset = (fragment & 0x1fff) << 3;
  packet.moreFragments = (fragment & 0x2000) !== 0;
  return 'fragment';
}
