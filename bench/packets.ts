/** Beyond it loads were garbage: what reads them counts with 32 bits. */
const MAX_BYTES = 2 ** 32 - 1;

/** Datagrams one behind another in memory, as they will be sent. */
export class PacketStore {
  bytes: Buffer;
  /** Datagram i is bytes[starts[i] .. starts[i] + lengths[i]). */
  starts: Float64Array;
  lengths: Uint32Array;
  count = 0;
  #end = 0;

  constructor(expectedBytes = 1 << 20, expectedPackets = 1 << 10) {
    this.bytes = Buffer.allocUnsafeSlow(expectedBytes);
    this.starts = new Float64Array(expectedPackets);
    this.lengths = new Uint32Array(expectedPackets);
  }

  get byteLength(): number {
    return this.#end;
  }

  /** Room for a datagram of `length` bytes at the end; returns where. Nothing is stored before `commit`. */
  reserve(length: number): number {
    if (this.#end + length > this.bytes.length) {
      if (this.#end + length > MAX_BYTES) throw new Error('the load takes more than 4 GiB: ask for fewer requests');
      const larger = Buffer.allocUnsafeSlow(Math.min(MAX_BYTES, Math.max(this.bytes.length * 2, this.#end + length)));
      this.bytes.copy(larger, 0, 0, this.#end);
      this.bytes = larger;
    }
    return this.#end;
  }

  commit(length: number): void {
    if (this.count === this.starts.length) {
      const starts = new Float64Array(this.count * 2);
      starts.set(this.starts);
      this.starts = starts;
      const lengths = new Uint32Array(this.count * 2);
      lengths.set(this.lengths);
      this.lengths = lengths;
    }
    this.starts[this.count] = this.#end;
    this.lengths[this.count] = length;
    this.count++;
    this.#end += length;
  }

  packet(i: number): Buffer {
    return this.bytes.subarray(this.starts[i], this.starts[i]! + this.lengths[i]!);
  }
}

/** One segment of an inner connection. Addresses and ports are those of the sender and the receiver of this segment. */
export interface Segment {
  src: number;
  dst: number;
  srcPort: number;
  dstPort: number;
  seq: number;
  ack: number;
  flags: number;
  ipId: number;
}

export interface Encapsulation {
  vni: number;
  /** An 802.1Q tag inside the VXLAN. */
  vlan: boolean;
  /** 0 = whole; else IP fragments of this many payload bytes (a multiple of 8). */
  fragmentBytes: number;
  /** 0 = whole; else the Ethernet frame is cut to this many bytes, as `packet_length` of a mirror session does. */
  cutTo: number;
}

const VXLAN_BYTES = 8;
const ETHERNET_BYTES = 14;
const IP_BYTES = 20;
/** With the timestamps option, as every current system sends it. */
const TCP_BYTES = 32;
export const HEADER_BYTES = IP_BYTES + TCP_BYTES;

const scratch = Buffer.alloc(TCP_BYTES + 65_536);

/** Appends the segment as one VXLAN datagram, or several when it is fragmented. */
export function appendSegment(
  store: PacketStore, segment: Segment, data: Uint8Array, dataStart: number, dataEnd: number, how: Encapsulation,
): void {
  const length = encodeTcp(segment, data, dataStart, dataEnd);
  if (how.fragmentBytes === 0 || length <= how.fragmentBytes) {
    appendIp(store, segment, 0, length, 0, how);
    return;
  }
  for (let offset = 0; offset < length; offset += how.fragmentBytes) {
    const end = Math.min(offset + how.fragmentBytes, length);
    appendIp(store, segment, offset, end, (offset >> 3) | (end < length ? 0x2000 : 0), how);
  }
}

/** TCP header and data into `scratch`, with a true checksum; returns the length. */
function encodeTcp(segment: Segment, data: Uint8Array, dataStart: number, dataEnd: number): number {
  const b = scratch;
  const length = TCP_BYTES + dataEnd - dataStart;
  b.writeUInt16BE(segment.srcPort, 0);
  b.writeUInt16BE(segment.dstPort, 2);
  b.writeUInt32BE(segment.seq >>> 0, 4);
  b.writeUInt32BE(segment.ack >>> 0, 8);
  b[12] = (TCP_BYTES / 4) << 4;
  b[13] = segment.flags;
  b.writeUInt16BE(502, 14);
  b.writeUInt32BE(0, 16);
  b.writeUInt32BE(0x0101080a, 20);
  b.writeUInt32BE(segment.ipId, 24);
  b.writeUInt32BE(segment.ipId, 28);
  b.set(data.subarray(dataStart, dataEnd), TCP_BYTES);
  const pseudo =
    (segment.src >>> 16) + (segment.src & 0xffff) + (segment.dst >>> 16) + (segment.dst & 0xffff) + 6 + length;
  b.writeUInt16BE(checksum(b, 0, length, pseudo), 16);
  return length;
}

function appendIp(
  store: PacketStore, segment: Segment, from: number, to: number, fragment: number, how: Encapsulation,
): void {
  const ethernetBytes = ETHERNET_BYTES + (how.vlan ? 4 : 0);
  const full = ethernetBytes + IP_BYTES + to - from;
  let at = store.reserve(VXLAN_BYTES + full);
  const b = store.bytes;
  b.writeUInt32BE(0x08000000, at);
  b.writeUInt32BE(how.vni * 256, at + 4);
  at += VXLAN_BYTES;
  b.fill(2, at, at + 12);
  at += 12;
  if (how.vlan) {
    b.writeUInt32BE(0x81000064, at);
    at += 4;
  }
  b.writeUInt16BE(0x0800, at);
  at += 2;
  b.writeUInt16BE(0x4500, at);
  b.writeUInt16BE(IP_BYTES + to - from, at + 2);
  b.writeUInt16BE(segment.ipId & 0xffff, at + 4);
  b.writeUInt16BE(fragment, at + 6);
  b.writeUInt32BE(0x40060000, at + 8);
  b.writeUInt32BE(segment.src >>> 0, at + 12);
  b.writeUInt32BE(segment.dst >>> 0, at + 16);
  b.writeUInt16BE(checksum(b, at, IP_BYTES, 0), at + 10);
  scratch.copy(b, at + IP_BYTES, from, to);
  store.commit(VXLAN_BYTES + (how.cutTo > 0 ? Math.min(full, how.cutTo) : full));
}

/** Internet checksum (RFC 1071). */
function checksum(b: Uint8Array, at: number, length: number, initial: number): number {
  let sum = initial;
  const even = at + (length & ~1);
  for (let i = at; i < even; i += 2) sum += (b[i]! << 8) | b[i + 1]!;
  if (length & 1) sum += b[even]! << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
