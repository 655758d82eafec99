import { WordSum } from './checksum.ts';

/** Third word of an IPv4-mapped address (::ffff:a.b.c.d). */
export const IPV4_MAPPED = 0xffff;

/**
 * How many tunnel headers, tags and labels may be taken off one packet: GENEVE, VXLAN, QinQ and MPLS together are five.
 */
export const MAX_DEPTH = 8;

/** UDP ports that carry a tunnel besides 4789 (VXLAN) and 6081 (GENEVE), and how deep to look. */
interface TunnelOptions {
  readonly vxlanPorts?: readonly number[];
  readonly genevePorts?: readonly number[];
  readonly maxDepth?: number;
}

/**
 * How far inside the mirror's own encapsulation the walk is: a mirror delivers frames in VXLAN, in GRE (ERSPAN, or a
 * bare Ethernet frame), or, through a gateway load balancer, in GENEVE, which may contain VXLAN again. What is inside
 * that is the traffic of the mirrored machine, its tunnels included: anyone who can send to it can send those.
 */
export const Wrapping = { none: 0, geneve: 1, mirrored: 2 } as const;

/**
 * In place of a VLAN's number (IEEE 802.1Q keeps it free): of packets behind MPLS labels, PPPoE or GRE. A host that
 * takes bare ones does not take those, so they are none of its connections.
 */
export const OTHER_LINK = 0xfff;

/**
 * The innermost IP packet of one captured frame. One object, overwritten for each frame: nothing is allocated a packet.
 * Addresses are four signed 32-bit numbers; IPv4 is IPv4-mapped (::ffff:a.b.c.d, RFC 4291 2.5.5.2), so both families
 * compare alike.
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
  /** The two ECN bits of the IP header (RFC 3168): fragments of one packet must agree about them. */
  ecn = 0;
  /** When it was captured, on the pipeline's clock; set when it reaches the flow table. */
  timeMs = 0;
  /** Transport protocol (IANA number) of the payload. */
  protocol = 0;
  /** Of the IP header: its options (IPv4) or extension headers (IPv6). */
  extensionBytes = 0;
  /** Of IpDoubt: its host may have dropped it for what stands before TCP. */
  ipDoubts = 0;
  /** Of a packet put together from fragments: they count as sent with another one that was made of them. */
  wasCounted = false;
  /** It came from another thread: of its connection, packets that came later may have been read before it. */
  wasOvertaken = false;
  /** Its frame goes to a group of hosts: those drop TCP in it, unless the capture's addresses are none. */
  isToGroup = false;
  /** Of an IPv6 header that leaves its length to the jumbo payload option. */
  isJumbogram = false;
  /** First byte after the IP headers (while decoding: of the header that is read next). */
  payloadStart = 0;
  /** One past the last byte of the IP payload that was captured (padding of the link is not part of it). */
  payloadEnd = 0;
  /** Bytes of the IP packet that were cut off by the capture (inner IP length > captured bytes). */
  missing = 0;
  // --- of a fragment (outcome 'fragment')
  /** Offset of this fragment's payload in the whole payload, bytes; -1 = nothing of the packet was fragmented. */
  fragmentOffset = -1;
  moreFragments = false;
  /** How many headers of tunnels, tags and labels were taken off so far. */
  depth = 0;
  /** Of Wrapping. */
  wrapping = 0;
  // --- of a segment (outcome 'segment')
  srcPort = 0;
  dstPort = 0;
  seq = 0;
  ack = 0;
  flags = 0;
  window = 0;
  /** Offset of the urgent byte's successor in the payload (RFC 6093); counts with the flag URG only. */
  urgentPointer = 0;
  /** The TCP options, up to dataStart. */
  optionsStart = 0;
  /** The TCP payload. */
  dataStart = 0;
  dataEnd = 0;
  /**
   * TCP checksum (RFC 9293 3.1): not judged when the packet was cut. `partial`: larger than a packet from the internet,
   * and the field holds the sum of the pseudo-header only, as the kernel leaves it after merging several received
   * segments into one: nothing is wrong.
   */
  checksum: 'unknown' | 'correct' | 'wrong' | 'partial' = 'unknown';
  /** Checksum of the IPv4 header. `none`: the field is 0, as offload leaves it; IPv6 has no such sum. */
  headerSum: 'unknown' | 'correct' | 'wrong' | 'none' = 'unknown';
  // --- of what was around it
  /** Id of the innermost VLAN tag; -1 = none. */
  vlan = -1;
  /** Ids of the two innermost tags (or OTHER_LINK) in one number, the innermost in the lower 12 bits; -1 = no tag. */
  vlanTags = -1;
  /** VNI of the (innermost) GENEVE header, where `vni` may be that of a VXLAN header inside it; -1 = none. */
  geneveVni = -1;
  /**
   * The frame (or bare IP packet) inside the innermost VXLAN or GENEVE header; frameStart -1 = none, as in a packet put
   * together from fragments.
   */
  frameStart = -1;
  frameEnd = 0;
  frameIsEthernet = true;
  /** Bytes at the end of the frame that the capture left out. */
  cut = 0;

  /** Bytes of the mirrored frame that are there. @param whole of all that was captured */
  frameLength(whole: number): number {
    return this.frameStart < 0 ? whole : this.frameEnd - this.frameStart;
  }

  get isDoubtful(): boolean {
    return this.ipDoubts !== 0;
  }

  /** Of a segment: its IP header, with options and extensions, and its TCP header. */
  get headerBytes(): number {
    return (this.version === 4 ? 40 : 60) + this.extensionBytes + this.dataStart - this.optionsStart;
  }

  readonly vxlanPorts: readonly number[];
  readonly genevePorts: readonly number[];
  readonly maxDepth: number;
  readonly wordSum = new WordSum();

  constructor(options: TunnelOptions = {}) {
    this.vxlanPorts = options.vxlanPorts ?? [];
    this.genevePorts = options.genevePorts ?? [];
    this.maxDepth = options.maxDepth ?? MAX_DEPTH;
  }
}

export const TcpFlag = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 } as const;
