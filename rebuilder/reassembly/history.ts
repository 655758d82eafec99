import { distance } from './sequence.ts';
import type { Provenance } from './provenance.ts';
import type { Segment } from './segment.ts';

/** A segment as it came. */
export interface Heard extends Segment {
  /** Of Doubt: why its receiver may have dropped it. */
  readonly doubts: number;
  /** Of its timestamps option; 0 = it has none. */
  readonly timestamp: number;
  /** Of urgentOffset. */
  readonly urgent: number;
}

const MAX_ENTRIES = 1 << 16;
/** So far back one stream is looked at. */
const MAX_STEPS = 4096;
/** No entry. */
export const NOTHING = -1;

/**
 * The last segments of all streams whose receiver is not seen, in one ring and in the order in which they came: so that it can be told whether bytes
 * that come again are the same, and what was read had some of them been refused. A receiver that is seen says itself what it took. What was
 * overwritten by newer bytes is not known any more.
 */
export class History {
  readonly #ring: Uint8Array;
  readonly #seq = new Int32Array(MAX_ENTRIES);
  readonly #ack = new Int32Array(MAX_ENTRIES);
  readonly #length = new Int32Array(MAX_ENTRIES);
  readonly #timestamp = new Int32Array(MAX_ENTRIES);
  readonly #urgent = new Int32Array(MAX_ENTRIES);
  readonly #doubts = new Uint8Array(MAX_ENTRIES);
  /** Where the bytes begin, counted from the first byte ever written. */
  readonly #at = new Float64Array(MAX_ENTRIES);
  /** The entry before it of the same stream. */
  readonly #before = new Float64Array(MAX_ENTRIES);
  /** The last timestamp that was taken before it came. */
  readonly #recent = new Int32Array(MAX_ENTRIES);
  /** Where the stream stood when it came. */
  readonly #nextSeq = new Int32Array(MAX_ENTRIES);
  /** 1 = it stood between two messages there, and nothing waited: what comes is read in the same way whatever came before. */
  readonly #clean = new Uint8Array(MAX_ENTRIES);
  #entries = 0;
  #written = 0;

  constructor(ringBytes: number) {
    this.#ring = new Uint8Array(ringBytes);
  }

  /**
   * @param nextSeq where the stream stands
   * @param isClean between two messages, and nothing of it waits
   * @param before the stream's last entry
   * @returns its new one
   */
  append(
    bytes: Uint8Array, start: number, end: number, seq: number, ack: number, timestamp: number, urgent: number, doubts: number,
    recent: number, nextSeq: number, isClean: boolean, before: number,
  ): number {
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
    this.#timestamp[slot] = timestamp;
    this.#urgent[slot] = urgent;
    this.#doubts[slot] = doubts;
    this.#at[slot] = this.#written;
    this.#before[slot] = before;
    this.#recent[slot] = recent;
    this.#nextSeq[slot] = nextSeq;
    this.#clean[slot] = isClean ? 1 : 0;
    this.#written += length;
    return entry;
  }

  /** Do bytes[start, end) say something else at `seq` than what came for that place, as far as it is known? `last`: the stream's last entry. */
  differs(last: number, bytes: Uint8Array, start: number, end: number, seq: number): boolean {
    for (let entry = last, steps = 0; this.#isKept(entry) && steps < MAX_STEPS; steps++) {
      const slot = entry & (MAX_ENTRIES - 1);
      const offset = distance(this.#seq[slot]!, seq);
      const at = this.#at[slot]! % this.#ring.length;
      for (let i = Math.max(0, offset), to = Math.min(end - start, offset + this.#length[slot]!); i < to; i++) {
        if (bytes[start + i] !== this.#ring[at + i - offset]) return true;
      }
      if (this.#clean[slot] === 1 && distance(this.#nextSeq[slot]!, seq) <= 0) return false;
      entry = this.#before[slot]!;
    }
    return false;
  }

  /**
   * Copies of what came since the stream last stood between two messages at `seq` or before.
   * @returns from: where it stood; when that is not known (isWhole false) the first byte that is; recent: the last timestamp taken there, 0 = none
   */
  since(last: number, seq: number, { timeMs, ipId }: Provenance): { heard: Heard[]; from: number; recent: number; isWhole: boolean } {
    const heard: Heard[] = [];
    let isWhole = false;
    let from = seq;
    let recent = 0;
    for (let entry = last, steps = 0; !isWhole && this.#isKept(entry) && steps < MAX_STEPS; steps++) {
      const slot = entry & (MAX_ENTRIES - 1);
      const at = this.#at[slot]! % this.#ring.length;
      const one = {
        seq: this.#seq[slot]!, ack: this.#ack[slot]!, timeMs, ipId, doubts: this.#doubts[slot]!, timestamp: this.#timestamp[slot]!, urgent: this.#urgent[slot]!,
        bytes: this.#ring.slice(at, at + this.#length[slot]!),
      };
      heard.push(one);
      isWhole = this.#clean[slot] === 1 && distance(this.#nextSeq[slot]!, seq) <= 0;
      recent = this.#recent[slot]!;
      if (isWhole) from = this.#nextSeq[slot]!;
      else if (distance(one.seq, from) < 0) from = one.seq;
      entry = this.#before[slot]!;
    }
    heard.reverse();
    return { heard, from, recent, isWhole };
  }

  #isKept(entry: number): boolean {
    if (entry < 0 || this.#entries - entry >= MAX_ENTRIES) return false;
    return this.#written - this.#at[entry & (MAX_ENTRIES - 1)]! <= this.#ring.length;
  }
}
