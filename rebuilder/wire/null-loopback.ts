import { int32 } from './big-endian.ts';
import type { Packet } from './packet.ts';
import type { Step } from './step.ts';

/**
 * BSD loopback (LINKTYPE_NULL and LINKTYPE_LOOP): four bytes with the address family, in the byte order of the machine
 * that captured (NULL) or of the network (LOOP). Families are small numbers, so the order shows. AF_INET is 2
 * everywhere; AF_INET6 is 10 on Linux, 24 on NetBSD and OpenBSD, 28 on FreeBSD, 30 on macOS.
 */
export function decodeNull(packet: Packet): Step {
  const { bytes, payloadStart: at } = packet;
  if (packet.payloadEnd - at < 4) return 'wire.null.pkt_too_small';
  packet.payloadStart = at + 4;
  const inNetworkOrder = int32(bytes, at);
  const family = (inNetworkOrder >>> 16) === 0 ? inNetworkOrder : bytes[at]! | (bytes[at + 1]! << 8);
  switch (family) {
    case 2: return 'ipv4';
    case 10:
    case 24:
    case 28:
    case 30: return 'ipv6';
    default: return 'wire.null.unsupported_type';
  }
}

/** No link header at all: the IP version is the first half byte. */
export function decodeRawIp(packet: Packet): Step {
  if (packet.payloadEnd <= packet.payloadStart) return 'wire.raw.pkt_too_small';
  switch (packet.bytes[packet.payloadStart]! >> 4) {
    case 4: return 'ipv4';
    case 6: return 'ipv6';
    default: return 'wire.raw.wrong_ip_version';
  }
}
