import { createHash } from 'node:crypto';
import { int32, uint16 } from '../wire/big-endian.ts';
import type { Packet } from '../wire/packet.ts';
import { MultipathSubtype, TcpOptions } from '../wire/tcp-options.ts';
import { MAX_WINDOW_BYTES } from './missing-bytes.ts';
import { advance, distance } from './sequence.ts';
import type { StreamContext } from './stream-context.ts';

/** Segments [seq, seq + length) are so far from their place in the order of the data; null = out of every window. */
interface Mapping {
  seq: number;
  length: number;
  readonly shift: number | null;
}

/** Bytes [start, end), and the place where their receiver reads them. */
export interface Placed {
  readonly start: number;
  readonly end: number;
  readonly seq: number;
}

/** Mappings that are remembered, as many as segments wait; behind so few none is looked for that was used up. */
const MOST_MAPPINGS = 4096;
const FEW_MAPPINGS = 64;
/** V8's heap, bytes. */
const MAPPING_BYTES = 64;
/** Flags of a data sequence signal (RFC 8684 3.3). */
const Signal = { dataAck: 1, longDataAck: 2, mapping: 4, longSequence: 8, dataFin: 16 } as const;
/** Bytes of MP_CAPABLE with the sender's key, and with the length of the data that come with it (RFC 8684 3.1). */
const WITH_KEY = 20;
const WITH_LENGTH = 22;

const options = new TcpOptions();

/**
 * The order in which a receiver of Multipath TCP (RFC 8684) reads what it is sent: segments are mapped to places of the
 * data, which may be others than those of their sequence numbers. Go's servers have it switched on (since 1.24), and
 * any client may ask for it. Places are told in sequence numbers of the segments: where nothing is moved they are the
 * same.
 */
export class DataSequence {
  /** Of the SYN; null = it was not seen. */
  #isn: number | null;
  /** Data sequence number, less that of the segment, where nothing is moved; null = not known yet. */
  #identity: number | null = null;
  /** All 64 bits of the number of the first data; null = not known yet. */
  #firstData: bigint | null = null;
  /** In order, none over another: looking one up costs no more the more there are. */
  readonly #mappings: Mapping[] = [];
  readonly #context: Pick<StreamContext, 'connections' | 'ledger'>;

  constructor(isn: number | null, context: Pick<StreamContext, 'connections' | 'ledger'>) {
    this.#isn = isn;
    this.#context = context;
  }

  end(): void {
    this.#context.connections.charge(-this.#mappings.splice(0).length * MAPPING_BYTES);
  }

  /**
   * What the packet's option says.
   * @param nextSeq what the receiver expects: what ends before that is dropped, mapping and all
   */
  hear(packet: Packet, nextSeq: number): void {
    options.read(packet);
    const { multipathAt: at } = options;
    if (at < 0) return;
    const { bytes, seq, dataStart, dataEnd } = packet;
    const length = bytes[at + 1]!;
    if (options.multipath === MultipathSubtype.capable && length >= WITH_KEY) {
      if (this.#isn === null || this.#identity !== null) return;
      // RFC 8684 3.1: the data begin behind the lower half of the key's hash.
      const hash = createHash('sha256').update(bytes.subarray(at + 4, at + 12)).digest();
      this.#identity = distance(int32(hash, 28), this.#isn);
      this.#firstData = hash.readBigUInt64BE(24) + 1n;
      if (length >= WITH_LENGTH) this.#map(advance(this.#isn, 1), uint16(bytes, at + WITH_KEY), 0, nextSeq);
    } else if (options.multipath === MultipathSubtype.dataSequence) {
      const isNew = distance(advance(seq, dataEnd - dataStart), nextSeq) > 0;
      if (isNew) this.#signal(packet, at, at + length, nextSeq);
    }
  }

  /** Linux looks at the mapping that comes with the data which are next (get_mapping_status in net/mptcp/subflow.c). */
  #signal({ bytes, seq, dataStart, dataEnd }: Packet, at: number, end: number, nextSeq: number): void {
    const flags = bytes[at + 3]!;
    if ((flags & Signal.mapping) === 0) return;
    let next = at + 4;
    if ((flags & Signal.dataAck) !== 0) next += (flags & Signal.longDataAck) !== 0 ? 8 : 4;
    if ((flags & Signal.longSequence) !== 0) next += 4;
    if (next + 10 > end) return;
    const length = uint16(bytes, next + 8) - ((flags & Signal.dataFin) !== 0 ? 1 : 0);
    const subflowSeq = int32(bytes, next + 4);
    if (length <= 0) return;
    this.#isn ??= advance(seq, -subflowSeq);
    const mapped = advance(this.#isn, subflowSeq);
    const into = distance(mapped, seq);
    if (into >= dataEnd - dataStart || into + length <= 0) return;
    const moved = distance(int32(bytes, next), mapped);
    this.#identity ??= moved;
    const shift = distance(moved, this.#identity);
    const isNear = (flags & Signal.longSequence) === 0
      || this.#isUpperHalf(int32(bytes, next - 4), int32(bytes, next), mapped, shift);
    this.#map(mapped, length, isNear ? shift : null, nextSeq);
  }

  /** Does the receiver expect these upper 32 bits of a data sequence number? What is 2^32 off, it drops. */
  #isUpperHalf(upper: number, lower: number, mapped: number, shift: number): boolean {
    const number = BigInt.asUintN(64, BigInt(upper) << 32n | BigInt(lower >>> 0));
    const place = BigInt(distance(mapped, advance(this.#isn!, 1)) + shift);
    this.#firstData ??= number - place;
    return BigInt.asUintN(64, this.#firstData + place) === number;
  }

  /** Of several mappings of one byte the first that came counts, as in Linux: of this one, what no other maps. */
  #map(seq: number, length: number, shift: number | null, nextSeq: number): void {
    const before = this.#mappings.length;
    if (before >= FEW_MAPPINGS) this.#mappings.splice(0, this.#firstBehind(nextSeq));
    const end = advance(seq, length);
    let at = this.#firstBehind(seq);
    for (let from = seq; distance(from, end) < 0; at++) {
      const next = this.#mappings[at];
      const to = next === undefined || distance(next.seq, end) >= 0 ? end : next.seq;
      if (distance(to, from) > 0) at = this.#insert(at, { seq: from, length: distance(to, from), shift });
      from = next === undefined ? end : advance(next.seq, next.length);
    }
    if (this.#mappings.length > MOST_MAPPINGS) {
      this.#mappings.splice(0, this.#mappings.length - MOST_MAPPINGS);
      this.#context.ledger.count('tcp.readings_limit');
    }
    this.#context.connections.charge((this.#mappings.length - before) * MAPPING_BYTES);
  }

  /** @returns where the next one stands, which was at `at` */
  #insert(at: number, one: Mapping): number {
    const last = this.#mappings[at - 1];
    if (last === undefined || last.shift !== one.shift || advance(last.seq, last.length) !== one.seq) {
      this.#mappings.splice(at, 0, one);
      return at + 1;
    }
    last.length += one.length;
    const old = last.length - MAX_WINDOW_BYTES;
    if (old > 0) {
      last.seq = advance(last.seq, old);
      last.length -= old;
    }
    return at;
  }

  /** Index of the first that ends behind `seq`. */
  #firstBehind(seq: number): number {
    let low = 0;
    let high = this.#mappings.length;
    while (low < high) {
      const middle = low + high >> 1;
      const one = this.#mappings[middle]!;
      if (distance(advance(one.seq, one.length), seq) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Is any of `length` bytes from `seq` on read elsewhere than that says? */
  moves(seq: number, length: number): boolean {
    const end = advance(seq, length);
    for (let at = this.#firstBehind(seq); at < this.#mappings.length; at++) {
      const { seq: begin, shift } = this.#mappings[at]!;
      if (distance(begin, end) >= 0) return false;
      if (shift !== 0) return true;
    }
    return false;
  }

  /** The parts of bytes [start, end), which begin at `seq`, in order, but those that their receiver drops. */
  places(seq: number, start: number, end: number): Placed[] {
    const parts: Placed[] = [];
    const add = (from: number, to: number, shift: number | null): void => {
      if (from < to && shift !== null) parts.push({ start: from, end: to, seq: advance(seq, from - start + shift) });
    };
    let from = start;
    for (let at = this.#firstBehind(seq); at < this.#mappings.length && from < end; at++) {
      const { seq: begin, length, shift } = this.#mappings[at]!;
      const first = Math.max(from, Math.min(end, start + distance(begin, seq)));
      const last = Math.max(first, Math.min(end, start + distance(begin, seq) + length));
      add(from, first, 0);
      add(first, last, shift);
      from = last;
    }
    add(from, end, 0);
    return parts;
  }
}
