import { createHash } from 'node:crypto';
import { int32, uint16 } from '../wire/big-endian.ts';
import type { Packet } from '../wire/packet.ts';
import { MultipathSubtype, TcpOptions } from '../wire/tcp-options.ts';
import type { Charged } from './connection-memory.ts';
import { advance, distance } from './sequence.ts';

/** Segments [seq, seq + length) are so far from their place in the order of the data. */
interface Mapping {
  readonly seq: number;
  length: number;
  readonly shift: number;
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
  #mappings: Mapping[] = [];
  readonly #memory: Charged;

  constructor(isn: number | null, memory: Charged) {
    this.#isn = isn;
    this.#memory = memory;
  }

  end(): void {
    this.#keep([]);
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
    this.#map(mapped, length, distance(moved, this.#identity), nextSeq);
  }

  #map(seq: number, length: number, shift: number, nextSeq: number): void {
    const last = this.#mappings.at(-1);
    if (last !== undefined && last.shift === shift && advance(last.seq, last.length) === seq) {
      last.length += length;
      return;
    }
    const before = this.#mappings;
    const isUsed = (one: Mapping): boolean => distance(advance(one.seq, one.length), nextSeq) <= 0;
    const kept = before.length < FEW_MAPPINGS ? before : before.filter((one) => !isUsed(one)).slice(1 - MOST_MAPPINGS);
    this.#keep([...kept, { seq, length, shift }]);
  }

  #keep(mappings: Mapping[]): void {
    this.#memory.charge((mappings.length - this.#mappings.length) * MAPPING_BYTES);
    this.#mappings = mappings;
  }

  /** Is any of `length` bytes from `seq` on read elsewhere than that says? */
  moves(seq: number, length: number): boolean {
    return this.places(seq, 0, length).some((part) => part.seq !== advance(seq, part.start));
  }

  /**
   * The parts of bytes [start, end), which begin at `seq`, in order. Of several mappings of one byte the first that
   * came counts, as in Linux.
   */
  places(seq: number, start: number, end: number): Placed[] {
    const parts: Placed[] = [];
    for (let at = start; at < end;) {
      const here = advance(seq, at - start);
      const mapping = this.#mappings.find((one) => isWithin(here, one));
      const behind = mapping === undefined ? this.#unmappedEnd(here, at, end)
        : Math.min(end, at + mapping.length - distance(here, mapping.seq));
      parts.push({ start: at, end: behind, seq: advance(here, mapping?.shift ?? 0) });
      at = behind;
    }
    return parts;
  }

  #unmappedEnd(seq: number, start: number, end: number): number {
    let nearest = end;
    for (const mapping of this.#mappings) {
      const ahead = distance(mapping.seq, seq);
      if (ahead > 0) nearest = Math.min(nearest, start + ahead);
    }
    return nearest;
  }
}

function isWithin(seq: number, mapping: Mapping): boolean {
  const into = distance(seq, mapping.seq);
  return into >= 0 && into < mapping.length;
}
