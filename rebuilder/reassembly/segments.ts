import type { Budget } from './budget.ts';
import { advance, distance } from './sequence.ts';
import type { Provenance } from './provenance.ts';

/** Captured bytes of one direction that wait behind a hole. The bytes are our own copy. */
export interface Segment extends Provenance {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

/** Segments that the receiver holds as one. */
interface Run {
  readonly seq: number;
  end: number;
  readonly segments: Segment[];
  /** Those before it were taken out. */
  head: number;
}

export type Insertion = 'kept' | 'covered' | 'no_memory';

/** Segments one queue may hold: a hostile sender makes them a byte long. */
const MAX_SEGMENTS = 4096;
/** What a segment takes besides its bytes. */
const OVERHEAD = 256;

/**
 * The out-of-order queue of one direction, ordered by sequence number. Segments may overlap in it: whoever begins first is read first and the rest of
 * the next is read from where the first ended. `insert` does what a Linux receiver does (net/ipv4/tcp_input.c, tcp_data_queue_ofo): a newcomer that
 * brings nothing new is dropped; one that begins at a queued one's beginning or before it, and ends no earlier, replaces it; one that goes on where a
 * queued one ends is joined to it, and both count as one from then on. Whether Linux can join depends on where its driver put the bytes, so a queue may
 * also be one that joins nothing. docs/reassembly.md tells it with pictures.
 */
export class SegmentQueue {
  readonly #runs: Run[] = [];
  readonly #budget: Budget;
  readonly #joins: boolean;
  #segments = 0;
  bytes = 0;
  /** Highest acknowledgment among them, at least; valid while it is not empty. */
  #maxAck = 0;

  constructor(budget: Budget, joins = true) {
    this.#budget = budget;
    this.#joins = joins;
  }

  get isFull(): boolean {
    return this.#segments >= MAX_SEGMENTS;
  }

  get first(): Segment | undefined {
    const run = this.#runs[0];
    return run?.segments[run.head];
  }

  get length(): number {
    return this.#segments;
  }

  /** All segments, in order. */
  * segments(): Generator<Segment> {
    for (const run of this.#runs) {
      for (let i = run.head; i < run.segments.length; i++) yield run.segments[i]!;
    }
  }

  /** Where the last byte ends; undefined = it is empty. */
  get end(): number | undefined {
    return this.#runs[this.#runs.length - 1]?.end;
  }

  /**
   * Copies bytes[start, end) in.
   * @param packet carried them
   * @param replaced receives the number of queued bytes that the newcomer replaced, as replaced.bytes
   */
  insert(seq: number, bytes: Uint8Array, start: number, end: number, packet: Provenance, replaced: { bytes: number }): Insertion {
    replaced.bytes = 0;
    const runs = this.#runs;
    const last = advance(seq, end - start);
    const before = this.#indexBefore(seq);
    const previous = runs[before];
    let at = before + 1;
    let joins = false;
    if (previous !== undefined && distance(seq, previous.end) < 0) {
      if (distance(last, previous.end) <= 0) return 'covered';
      if (seq === previous.seq) at = before;
    } else if (previous !== undefined && seq === previous.end) {
      joins = this.#joins;
    }
    if (this.isFull || !this.#budget.take(end - start, OVERHEAD)) return 'no_memory';
    const copy = new Uint8Array(end - start);
    copy.set(bytes.subarray(start, end));
    const segment: Segment = { seq, bytes: copy, ack: packet.ack, timeMs: packet.timeMs, ipId: packet.ipId };
    if (this.#segments === 0 || distance(packet.ack, this.#maxAck) > 0) this.#maxAck = packet.ack;
    this.#segments++;
    this.bytes += copy.length;
    if (joins) {
      previous!.segments.push(segment);
      previous!.end = last;
      return 'kept';
    }
    let to = at;
    while (to < runs.length && distance(runs[to]!.seq, last) < 0 && distance(runs[to]!.end, last) <= 0) to++;
    for (let i = at; i < to; i++) replaced.bytes += this.#drop(runs[i]!);
    runs.splice(at, to - at, { seq, end: last, segments: [segment], head: 0 });
    return 'kept';
  }

  /** Holds it other bytes for some of the sequence numbers of bytes[start, end)? */
  differs(seq: number, bytes: Uint8Array, start: number, end: number): boolean {
    const runs = this.#runs;
    const last = advance(seq, end - start);
    let at = Math.max(0, this.#indexBefore(seq));
    // A run that was joined to may reach beyond the next.
    while (at > 0 && distance(runs[at - 1]!.end, seq) > 0) at--;
    for (; at < runs.length && distance(runs[at]!.seq, last) < 0; at++) {
      const run = runs[at]!;
      if (distance(run.end, seq) <= 0) continue;
      for (let i = run.head; i < run.segments.length; i++) if (differ(run.segments[i]!, seq, bytes, start, end)) return true;
    }
    return false;
  }

  /** Were some sent with a higher acknowledgment than `ack`? */
  acknowledgesMore(ack: number): boolean {
    return this.#segments > 0 && distance(this.#maxAck, ack) > 0;
  }

  /** Takes the first segment out; its bytes are the caller's, its memory given back. */
  shift(): Segment | undefined {
    const run = this.#runs[0];
    const segment = run?.segments[run.head];
    if (run === undefined || segment === undefined) return undefined;
    this.#forget(segment);
    if (++run.head === run.segments.length) this.#runs.shift();
    return segment;
  }

  clear(): void {
    for (const run of this.#runs) this.#drop(run);
    this.#runs.length = 0;
  }

  /** The last run that begins at or before `seq`; -1 = none. Newcomers mostly belong at the end. */
  #indexBefore(seq: number): number {
    const runs = this.#runs;
    let high = runs.length;
    if (high === 0 || distance(runs[high - 1]!.seq, seq) <= 0) return high - 1;
    let low = 0;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (distance(runs[middle]!.seq, seq) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #drop(run: Run): number {
    const before = this.bytes;
    for (let i = run.head; i < run.segments.length; i++) this.#forget(run.segments[i]!);
    return before - this.bytes;
  }

  #forget(segment: Segment): void {
    this.#segments--;
    this.bytes -= segment.bytes.length;
    this.#budget.release(segment.bytes.length, OVERHEAD);
  }
}

/** Do the queued segment and the newcomer hold other bytes for the same sequence numbers? */
export function differ(queued: Segment, seq: number, bytes: Uint8Array, start: number, end: number): boolean {
  const offset = distance(queued.seq, seq);
  const from = Math.max(0, offset);
  const to = Math.min(end - start, offset + queued.bytes.length);
  for (let i = from; i < to; i++) {
    if (bytes[start + i] !== queued.bytes[i - offset]) return true;
  }
  return false;
}
