/**
 * The innermost IP packet of one captured frame. One object, overwritten for each frame: nothing is allocated a packet.
 * Addresses are four signed 32-bit numbers; IPv4 is IPv4-mapped (::ffff:a.b.c.d, RFC 4291 2.5.5.2), so both families compare alike.
 */
export class Packet {
  bytes: Uint8Array = new Uint8Array(0);
  /** VNI of the innermost VXLAN or GENEVE header; -1 = none. */
  vni = -1;
  /** IPv4 address of the outermost tunnel's sender; 0 = unknown. */
  outerSource = 0;
  version: 4 | 6 = 4;
  src0 = 0;
  src1 = 0;
  src2 = 0;
  src3 = 0;
  dst0 = 0;
  dst1 = 0;
  dst2 = 0;
  dst3 = 0;
  /** IPv4 identification, or that of the IPv6 fragment header; 0 = none. */
  ipId = 0;
  /** Transport protocol (IANA number) of the payload. */
  protocol = 0;
  /** First byte after the IP headers. */
  payloadStart = 0;
  /** One past the last byte of the IP payload that was captured (padding of the link is not part of it). */
  payloadEnd = 0;
  /** Bytes of the IP packet that were cut off by the capture (inner IP length > captured bytes). */
  missing = 0;
  // --- of a fragment (outcome 'fragment')
  /** Offset of this fragment's payload in the whole payload, bytes. */
  fragmentOffset = 0;
  moreFragments = false;
  /** How many headers of tunnels were taken off so far. */
  depth = 0;
  // --- of a segment (outcome 'segment')
  srcPort = 0;
  dstPort = 0;
  seq = 0;
  ack = 0;
  flags = 0;
  window = 0;
  /** The TCP payload. */
  dataStart = 0;
  dataEnd = 0;
  /** TCP checksum (RFC 9293 3.1): not judged when the packet was cut. */
  checksum: 'unknown' | 'correct' | 'wrong' = 'unknown';
}

export const TcpFlag = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 } as const;
