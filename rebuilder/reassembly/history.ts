import { advance, distance } from './sequence.ts';
import type { Provenance } from './provenance.ts';

/** Bytes that a stream was read with. */
export interface Read extends Provenance {
  readonly seq: number;
  readonly bytes: Uint8Array;
  /** The reader stood between two messages before them. */
  readonly isBoundary: boolean;
}

const MAX_ENTRIES = 1 << 16;
/** So far back one stream is looked at. */
const MAX_STEPS = 4096;
/** No entry. */
export const NOTHING = -1;

/**
 * The last bytes of all streams whose receiver is not seen, in one ring: so that it can be told whether bytes that come again are the same. A receiver
 * that is seen says itself what it took. What was overwritten by newer bytes is not known any more.
 */
export class History {
  readonly #ring: Uint8Array;
  readonly #seq = new Int32Array(MAX_ENTRIES);
  readonly #ack = new Int32Array(MAX_ENTRIES);
  readonly #length = new Int32Array(MAX_ENTRIES);
  /** Where the bytes begin, counted from the first byte ever written. */
  readonly #at = new Float64Array(MAX_ENTRIES);
  /** The entry before it of the same stream. */
  readonly #before = new Float64Array(MAX_ENTRIES);
  readonly #boundary = new Uint8Array(MAX_ENTRIES);
  #entries = 0;
  #written = 0;

  constructor(ringBytes: number) {
    this.#ring = new Uint8Array(ringBytes);
  }

  /** @param before the stream's last entry @returns its new one */
  append(bytes: Uint8Array, start: number, end: number, seq: number, ack: number, isBoundary: boolean, before: number): number {
    const length = end - start;
    const size = this.#ring.length;
    let at = this.#written % size;
    if (at + length > size) {
      if (length > size) return NOTHING;
      this.#written += size - at;
      at = 0;
    }
    this.#ring.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), at);
    const entry = this.#entries++;
    const slot = entry & (MAX_ENTRIES - 1);
    this.#seq[slot] = seq;
    this.#ack[slot] = ack;
    this.#length[slot] = length;
    this.#at[slot] = this.#written;
    this.#before[slot] = before;
    this.#boundary[slot] = isBoundary ? 1 : 0;
    this.#written += length;
    return entry;
  }

  /** Do bytes[start, end) say something else at `seq` than what was read there, as far as it is known? `last`: the stream's last entry. */
  differs(last: number, bytes: Uint8Array, start: number, end: number, seq: number): boolean {
    for (let entry = last, steps = 0; this.#isKept(entry) && steps < MAX_STEPS; steps++) {
      const slot = entry & (MAX_ENTRIES - 1);
      const offset = distance(this.#seq[slot]!, seq);
      const length = this.#length[slot]!;
      const at = this.#at[slot]! % this.#ring.length;
      for (let i = Math.max(0, offset), to = Math.min(end - start, offset + length); i < to; i++) {
        if (bytes[start + i] !== this.#ring[at + i - offset]) return true;
      }
      if (offset <= 0) return false;
      entry = this.#before[slot]!;
    }
    return false;
  }

  /** Copies of what was read from the last boundary at or before `seq` on, in order; empty = it is not known that far back. */
  since(last: number, seq: number, timeMs: number): Read[] {
    const found: Read[] = [];
    for (let entry = last, steps = 0; this.#isKept(entry) && steps < MAX_STEPS; steps++) {
      const slot = entry & (MAX_ENTRIES - 1);
      const at = this.#at[slot]! % this.#ring.length;
      const read: Read = {
        seq: this.#seq[slot]!, ack: this.#ack[slot]!, timeMs, ipId: 0,
        bytes: this.#ring.slice(at, at + this.#length[slot]!), isBoundary: this.#boundary[slot] === 1,
      };
      found.push(read);
      if (read.isBoundary && distance(read.seq, seq) <= 0) return found.reverse();
      entry = this.#before[slot]!;
    }
    return [];
  }

  #isKept(entry: number): boolean {
    if (entry < 0 || this.#entries - entry >= MAX_ENTRIES) return false;
    return this.#written - this.#at[entry & (MAX_ENTRIES - 1)]! <= this.#ring.length;
  }
}

/** Of `read`, the one whose bytes stand at `seq`, or the next. */
export function indexOf(read: readonly Read[], seq: number): number {
  return read.findIndex((one) => distance(advance(one.seq, one.bytes.length), seq) > 0);
}
