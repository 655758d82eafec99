import { int32, uint16 } from './big-endian.ts';
import { jumboLength } from './ipv6-options.ts';
import { offloadedLength } from './offload.ts';
import { IPV4_MAPPED, type Packet } from './packet.ts';
import { Protocol } from './protocol.ts';
import type { Step } from './step.ts';

const HEADER_LENGTH = 40;

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
  // No host takes one whose sender says that it has an IPv4 address, and that one's connections are not its own.
  if (packet.src0 === 0 && packet.src1 === 0 && packet.src2 === IPV4_MAPPED) return 'wire.ipv6.mapped_source';
  packet.ipId = 0;
  packet.headerSum = 'unknown';
  packet.ecn = (bytes[at + 1]! >> 4) & 3;
  packet.protocol = bytes[at + 6]!;
  packet.extensionBytes = 0;
  packet.payloadStart = at + HEADER_LENGTH;
  packet.isJumbogram = false;

  let payloadLength = uint16(bytes, at + 4);
  // A length of 0: the jumbo payload option has it (RFC 2675; Linux makes such packets of large sends, "BIG TCP"), or
  // offload left it out.
  if (payloadLength === 0 && packet.protocol === Protocol.hopByHop) {
    const jumbo = jumboLength(bytes, packet.payloadStart, end);
    if (jumbo < 0) return 'wire.ipv6.discard_option';
    packet.isJumbogram = jumbo > 0;
    payloadLength = jumbo;
  }
  let packetEnd = at + HEADER_LENGTH + payloadLength;
  if (payloadLength === 0) {
    packetEnd = end + packet.cut;
    offloadedLength(packet, packetEnd - at);
  }
  if (packetEnd <= end) {
    packet.payloadEnd = packetEnd;
    packet.missing = 0;
  } else {
    packet.missing = packetEnd - end;
  }
  return 'ip_payload';
}
