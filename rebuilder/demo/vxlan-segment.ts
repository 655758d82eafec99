import { fold, swap, WordSum } from '../wire/checksum.ts';

/** One end of a connection: IPv4 address as four bytes, TCP port. */
export interface End { readonly address: Uint8Array; readonly port: number }

const VXLAN = 8;
const ETHERNET = 14;
const IPV4 = 20;
const TCP = 20;
const HEADERS = VXLAN + ETHERNET + IPV4 + TCP;
const TCP_PROTOCOL = 6;
const NO_FRAGMENTS = 0x4000;

const words = new WordSum();

/**
 * A TCP segment as AWS traffic mirroring sends it: VXLAN (RFC 7348), Ethernet, IPv4 (RFC 791), TCP (RFC 9293) with correct checksums.
 * The bytes are those of the UDP payload. Made for a demonstration, so it allocates; nothing here is on the path of real packets.
 */
export function encodeVxlanSegment(vni: number, from: End, to: End, ipId: number, seq: number, ack: number, flags: number,
  payload: Uint8Array): Buffer {
  const datagram = Buffer.alloc(HEADERS + payload.length);
  datagram[0] = 0x08;
  datagram.writeUIntBE(vni, 4, 3);
  // Locally administered addresses that end in the IPv4 address (IEEE 802 2014, 8.4).
  const ethernet = VXLAN;
  datagram.set([2, 0, ...to.address, 2, 0, ...from.address, 0x08, 0x00], ethernet);

  const ip = ethernet + ETHERNET;
  datagram[ip] = 0x45;
  datagram.writeUInt16BE(IPV4 + TCP + payload.length, ip + 2);
  datagram.writeUInt16BE(ipId & 0xffff, ip + 4);
  datagram.writeUInt16BE(NO_FRAGMENTS, ip + 6);
  datagram[ip + 8] = 64;
  datagram[ip + 9] = TCP_PROTOCOL;
  datagram.set(from.address, ip + 12);
  datagram.set(to.address, ip + 16);
  datagram.writeUInt16BE(checksum(words.sum(datagram, ip, ip + IPV4), 0), ip + 10);

  const tcp = ip + IPV4;
  datagram.writeUInt16BE(from.port, tcp);
  datagram.writeUInt16BE(to.port, tcp + 2);
  datagram.writeUInt32BE(seq >>> 0, tcp + 4);
  datagram.writeUInt32BE(ack >>> 0, tcp + 8);
  datagram[tcp + 12] = (TCP / 4) << 4;
  datagram[tcp + 13] = flags;
  datagram.writeUInt16BE(0xffff, tcp + 14);
  datagram.set(payload, tcp + TCP);
  // The pseudo header (RFC 9293 3.1): both addresses, the protocol, the length of the segment.
  const pseudo = words.sum(datagram, ip + 12, ip + IPV4) + swap(TCP_PROTOCOL) + swap(TCP + payload.length);
  datagram.writeUInt16BE(checksum(words.sum(datagram, tcp, datagram.length), pseudo), tcp + 16);
  return datagram;
}

const checksum = (sum: number, more: number): number => swap(~fold(sum + more) & 0xffff);
