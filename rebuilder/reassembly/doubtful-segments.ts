import type { Ledger } from '../ledger.ts';
import type { Budget } from './budget.ts';
import { Doubt } from './receiver.ts';
import type { Carrier, Queued } from './segment.ts';
import { differ, nextArrival, SEGMENT_OVERHEAD } from './segments.ts';
import { advance, distance } from './sequence.ts';

/** A segment of which it is not certain that its receiver took it. */
export interface Doubted extends Queued {
  readonly doubts: number;
  /** The receiver has since shown that it still waits for these bytes: only its acknowledgment makes them read. */
  denied: boolean;
  /** Of urgentOffset. */
  readonly urgent: number;
  /** Of timestampOf. */
  readonly timestamp: number;
}

/** Of one direction; more than this is no accident. */
const MAX_SEGMENTS = 256;
const MOST_ALTERNATIVES = 4;

/**
 * Segments set aside because their receiver may have dropped them. Then either other bytes arrive in their place, and
 * both are read, each in a reading of its own; or the receiver acknowledges them; or nothing else arrives for as long
 * as a hole is waited for, and they are read after all.
 */
export class DoubtfulSegments {
  /** In the order in which they came. */
  #segments: Doubted[] = [];
  readonly #budget: Budget;
  readonly #ledger: Ledger;

  constructor(budget: Budget, ledger: Ledger) {
    this.#budget = budget;
    this.#ledger = ledger;
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0;
  }

  get isFull(): boolean {
    return this.#segments.length >= MAX_SEGMENTS;
  }

  /** Is there one that is waited for? */
  get awaits(): boolean {
    return this.#segments.some(({ denied }) => !denied);
  }

  all(): readonly Doubted[] {
    return this.#segments;
  }

  /** Copies bytes[start, end) in. */
  add(
    bytes: Uint8Array, start: number, end: number, seq: number, from: Carrier, doubts: number, urgent: number,
    timestamp = 0,
  ): void {
    const length = end - start;
    if (this.isFull || !this.#budget.take(length, SEGMENT_OVERHEAD)) {
      this.#ledger.count('tcp.segment_memcap_drop');
      this.#ledger.count('tcp.segment_memcap_drop_bytes', length);
      return;
    }
    const copy = new Uint8Array(length);
    copy.set(bytes.subarray(start, end));
    const { ack, timeMs, ipId, headerBytes } = from;
    this.#segments.push({
      seq, bytes: copy, ack, timeMs, ipId, headerBytes, arrival: nextArrival(), doubts, denied: false, urgent,
      timestamp,
    });
  }

  /** The receiver acknowledges up to `ack`: what begins there or later it has not taken. */
  acknowledged(ack: number): void {
    for (const segment of this.#segments) if (distance(segment.seq, ack) >= 0) segment.denied = true;
  }

  /** The receiver refused what acknowledges `ack`. */
  refused(ack: number): void {
    for (const segment of this.#segments) if (segment.ack === ack) segment.denied = true;
  }

  /** Those whose bytes differ from bytes[start, end) at the same place. */
  contested(seq: number, bytes: Uint8Array, start: number, end: number): Doubted[] {
    return this.#segments.filter((segment) => differ(segment, seq, bytes, start, end));
  }

  /** Where the first one begins that nobody has refused; null = there is none. */
  get first(): number | null {
    let first: number | null = null;
    for (const { seq, denied } of this.#segments) {
      if (!denied && (first === null || distance(seq, first) < 0)) first = seq;
    }
    return first;
  }

  /** Where the first one begins between `nextSeq` and `before` that `take` would give; null = there is none. */
  next(nextSeq: number, before: number, proven: boolean): number | null {
    let next: number | null = null;
    for (const segment of this.#segments) {
      const isAhead = distance(segment.seq, nextSeq) > 0 && (next === null || distance(segment.seq, next) < 0);
      if (isAhead && isTaken(segment, before, proven)) next = segment.seq;
    }
    return next;
  }

  /** Where the segments end that go on from `nextSeq` without a hole; = nextSeq when there are none. */
  endOfRun(nextSeq: number): number {
    let end = nextSeq;
    for (let grew = true; grew;) {
      grew = false;
      for (const { seq, bytes, denied } of this.#segments) {
        if (denied || distance(seq, end) > 0 || distance(advance(seq, bytes.length), end) <= 0) continue;
        end = advance(seq, bytes.length);
        grew = true;
      }
    }
    return end;
  }

  /**
   * Takes out the first one that begins at or before `nextSeq` and goes on beyond it, and begins before `before`: of
   * those that nobody has refused, or else of the others.
   * @param proven the receiver has acknowledged what is before `before`: those that it had denied count, too
   * @param isDenied certain bytes for its place are others
   */
  take(nextSeq: number, before: number, proven: boolean, isDenied: (one: Doubted) => boolean): Doubted | null {
    const isNext = (one: Doubted): boolean => distance(one.seq, nextSeq) <= 0
      && distance(advance(one.seq, one.bytes.length), nextSeq) > 0 && isTaken(one, before, proven) && !isDenied(one);
    const segment = this.#segments.find((one) => !one.denied && isNext(one)) ?? this.#segments.find(isNext);
    if (segment === undefined) return null;
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    this.#budget.release(segment.bytes.length, SEGMENT_OVERHEAD);
    return segment;
  }

  /** Those that have all bytes of [from, to), each once; empty = there are others that may have brought some. */
  alone(from: number, to: number): readonly Doubted[] {
    const inside = this.isFull ? [] : this.#segments.filter(({ seq }) => distance(seq, to) < 0);
    const bytes = inside.reduce((sum, one) => sum + one.bytes.length, 0);
    const isInside = inside.every(({ seq, bytes: { length } }) => (
      distance(seq, from) >= 0 && distance(advance(seq, length), to) <= 0));
    return isInside && bytes === distance(to, from) && !areDifferent(inside) ? inside : [];
  }

  /** They are the caller's from here on. */
  giveBack(segments: readonly Doubted[]): void {
    this.#segments = this.#segments.filter((one) => !segments.includes(one));
    for (const { bytes } of segments) this.#budget.release(bytes.length, SEGMENT_OVERHEAD);
  }

  /** Their place was read. */
  passed(nextSeq: number): void {
    this.#remove((segment) => distance(advance(segment.seq, segment.bytes.length), nextSeq) <= 0);
  }

  drop(): void {
    this.#remove(() => true);
  }

  #remove(isOver: (segment: Doubted) => boolean): void {
    this.#segments = this.#segments.filter((segment) => {
      if (!isOver(segment)) return true;
      const { length } = segment.bytes;
      this.#budget.release(length, SEGMENT_OVERHEAD);
      const counter = segment.doubts === Doubt.checksum ? 'tcp.invalid_checksum_bytes' : 'tcp.refused_bytes';
      this.#ledger.count(counter, length);
      return false;
    });
  }
}

/** May it be read now, as it begins before `before`? @param proven of `take` */
export function isTaken({ seq, bytes, denied }: Doubted, before: number, proven: boolean): boolean {
  if (denied && !proven) return false;
  return distance(seq, before) < 0 && (!proven || distance(advance(seq, bytes.length), before) <= 0);
}

/** Does `one` say nothing but what `other` says? */
export function isWithin(one: Doubted, other: Doubted): boolean {
  const offset = distance(one.seq, other.seq);
  return offset >= 0 && offset + one.bytes.length <= other.bytes.length
    && !differ(one, other.seq, other.bytes, 0, other.bytes.length);
}

/** Are there two that say different things of one place? */
export function areDifferent(segments: readonly Doubted[]): boolean {
  return segments.some((one, i) => contradicts(one, segments.slice(0, i)));
}

function contradicts(one: Doubted, others: readonly Doubted[]): boolean {
  return others.some((other) => differ(other, one.seq, one.bytes, 0, one.bytes.length));
}

/**
 * Sets of them that their receiver may have taken: no two of one say different things of one place, and where there are
 * such, each set begins with another one.
 */
export function alternatives(segments: readonly Doubted[]): readonly (readonly Doubted[])[] {
  if (!areDifferent(segments)) return segments.length === 0 ? [] : [segments];
  return segments.slice(0, MOST_ALTERNATIVES).map((first) => {
    const some = [first];
    for (const one of segments) if (one !== first && !contradicts(one, some)) some.push(one);
    return some;
  });
}

/** As if they had arrived in reverse order. */
export function reversed(segments: readonly Doubted[]): Doubted[] {
  const arrivals = segments.map(({ arrival }) => arrival);
  return segments.toReversed().map((one, i) => ({ ...one, arrival: arrivals[i]! }));
}
