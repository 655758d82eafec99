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

/** There are as many entries as segments of so many bytes fit into the ring. */
const BYTES_AN_ENTRY = 128;
/** So far back one stream is looked at. */
const MAX_STEPS = 4096;
/** Each segment that comes allows this much work of reading again what came, of any stream (refusals.ts), up to so much. */
const WORK_A_SEGMENT = 1024;
const MOST_WORK = 1 << 24;
/** Numbers an entry: one line of the processor's cache. */
const ENTRY = 16;
/** Which number is which. */
const Column = {
  seq: 0, ack: 1, length: 2, timestamp: 3, urgent: 4, doubts: 5,
  /** Where in the ring the bytes begin, and the lap in which they were written. */
  at: 6, lap: 7,
  /** How many entries back the one before it of the same stream is. */
  back: 8,
  /** The last timestamp that was taken before it came. */
  recent: 9,
  /** Where the stream stood when it came. */
  nextSeq: 10,
  /** 1 = it stood between two messages there, and nothing waited: what comes is read in the same way whatever came before. */
  clean: 11,
} as const;
/** No entry. */
export const NOTHING = -1;

/**
 * The last segments of all streams whose receiver is not seen, in one ring and in the order in which they came: so that it can be told whether bytes
 * that come again are the same, and what was read had some of them been refused. A receiver that is seen says itself what it took. What was
 * overwritten by newer bytes is not known any more.
 */
export class History {
  readonly #ring: Uint8Array;
  /** One less than the number of entries, a power of two. */
  readonly #mask: number;
  readonly #table: Int32Array;
  #entries = 0;
  /** Behind the last byte in the ring. */
  #end = 0;
  /** How often the ring began anew. */
  #lap = 0;
  #work = MOST_WORK;

  /** @param ringBytes a multiple of 4, and below 2 GiB */
  constructor(ringBytes: number) {
    this.#ring = new Uint8Array(ringBytes);
    const entries = 2 ** Math.ceil(Math.log2(Math.max(2, ringBytes / BYTES_AN_ENTRY)));
    this.#mask = entries - 1;
    this.#table = new Int32Array(entries * ENTRY);
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
    let at = this.#end;
    if (at + length > this.#ring.length) {
      if (length > this.#ring.length) return NOTHING;
      this.#lap++;
      at = 0;
    }
    this.#end = at + length;
    // Unlike `set` it needs no view of the bytes, which costs more than the copy of a short request.
    Buffer.prototype.copy.call(bytes, this.#ring, at, start, end);
    const entry = this.#entries++;
    this.#work += WORK_A_SEGMENT;
    const slot = this.#slot(entry);
    const table = this.#table;
    table[slot + Column.seq] = seq;
    table[slot + Column.ack] = ack;
    table[slot + Column.length] = length;
    table[slot + Column.timestamp] = timestamp;
    table[slot + Column.urgent] = urgent;
    table[slot + Column.doubts] = doubts;
    table[slot + Column.at] = at;
    table[slot + Column.lap] = this.#lap;
    table[slot + Column.back] = Math.min(entry - before, this.#mask + 1);
    table[slot + Column.recent] = recent;
    table[slot + Column.nextSeq] = nextSeq;
    table[slot + Column.clean] = isClean ? 1 : 0;
    return entry;
  }

  /** Takes of the work that is allowed, bytes. What is left of it is given back. */
  takeWork(most: number): number {
    const taken = Math.min(most, this.#work, MOST_WORK);
    this.#work = Math.min(this.#work, MOST_WORK) - taken;
    return taken;
  }

  giveBackWork(bytes: number): void {
    this.#work += bytes;
  }

  /**
   * Do bytes[start, end) say what came for their place at `seq`? Newer bytes of other streams may have overwritten that.
   * @param last the stream's last entry
   */
  compare(last: number, bytes: Uint8Array, start: number, end: number, seq: number): 'same' | 'other' | 'forgotten' {
    const table = this.#table;
    const length = end - start;
    // What came for this stretch of the place was the same.
    let low = length;
    let high = 0;
    let entry = last;
    for (let steps = 0; entry >= 0; steps++) {
      if (steps >= MAX_STEPS || !this.#isKept(entry)) return 'forgotten';
      const slot = this.#slot(entry);
      const offset = distance(table[slot + Column.seq]!, seq);
      const at = table[slot + Column.at]!;
      const from = Math.max(0, offset);
      const to = Math.min(length, offset + table[slot + Column.length]!);
      for (let i = from; i < to; i++) if (bytes[start + i] !== this.#ring[at + i - offset]) return 'other';
      if (from < to && (low > high || (from <= high && to >= low))) {
        low = Math.min(low, from);
        high = Math.max(high, to);
        // Had something else come before that, it would have been noticed then.
        if (low === 0 && high === length) return 'same';
      }
      if (table[slot + Column.clean] === 1 && distance(table[slot + Column.nextSeq]!, seq) <= 0) return 'same';
      entry -= table[slot + Column.back]!;
    }
    return 'same';
  }

  /**
   * Copies of what came since the stream last stood between two messages at `seq` or before.
   * @param most segments
   * @returns from: where it stood; when that is not known (isWhole false) the first byte that is; recent: the last timestamp taken there, 0 = none
   */
  since(last: number, seq: number, { timeMs, ipId }: Provenance, most = MAX_STEPS): { heard: Heard[]; from: number; recent: number; isWhole: boolean } {
    const table = this.#table;
    const heard: Heard[] = [];
    let isWhole = false;
    let from = seq;
    let recent = 0;
    for (let entry = last, steps = 0; !isWhole && this.#isKept(entry) && steps < Math.min(most, MAX_STEPS); steps++) {
      const slot = this.#slot(entry);
      const at = table[slot + Column.at]!;
      const one = {
        seq: table[slot + Column.seq]!, ack: table[slot + Column.ack]!, timeMs, ipId, doubts: table[slot + Column.doubts]!,
        timestamp: table[slot + Column.timestamp]!, urgent: table[slot + Column.urgent]!, bytes: this.#ring.slice(at, at + table[slot + Column.length]!),
      };
      heard.push(one);
      isWhole = table[slot + Column.clean] === 1 && distance(table[slot + Column.nextSeq]!, seq) <= 0;
      recent = table[slot + Column.recent]!;
      if (isWhole) from = table[slot + Column.nextSeq]!;
      else if (distance(one.seq, from) < 0) from = one.seq;
      entry -= table[slot + Column.back]!;
    }
    heard.reverse();
    return { heard, from, recent, isWhole };
  }

  #isKept(entry: number): boolean {
    if (entry < 0 || this.#entries - entry > this.#mask) return false;
    const slot = this.#slot(entry);
    const laps = this.#lap - this.#table[slot + Column.lap]!;
    return laps === 0 || (laps === 1 && this.#table[slot + Column.at]! >= this.#end);
  }

  /** Where an entry's numbers begin. */
  #slot(entry: number): number {
    return (entry & this.#mask) * ENTRY;
  }
}
