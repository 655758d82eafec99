import type { Budget } from './budget.ts';
import { Run, RunTree } from './run-tree.ts';
import { advance, distance } from './sequence.ts';
import type { Provenance } from './provenance.ts';
import type { Segment } from './segment.ts';

export type Insertion = 'kept' | 'covered' | 'no_memory';

/** Segments one queue may hold: a hostile sender makes them a byte long. */
const MAX_SEGMENTS = 4096;
/** What a segment takes besides its bytes. Measured, Node 24, where each is a run of its own. */
const OVERHEAD = 256;

/**
 * The out-of-order queue of one direction, ordered by sequence number. Segments may overlap in it: whoever begins first is read first and the rest of
 * the next is read from where the first ended. `insert` does what a Linux receiver does (net/ipv4/tcp_input.c, tcp_data_queue_ofo): a newcomer that
 * brings nothing new is dropped; one that begins at a queued one's beginning or before it, and ends no earlier, replaces it; one that goes on where a
 * queued one ends is joined to it, and both count as one from then on. Whether Linux can join depends on where its driver put the bytes, so a queue may
 * also be one that joins nothing. docs/reassembly.md tells it with pictures.
 */
export class SegmentQueue {
  readonly #runs = new RunTree();
  readonly #budget: Budget;
  readonly #joins: boolean;
  #segments = 0;
  bytes = 0;
  #first: Run | null = null;
  /** A run that was joined to reaches beyond the beginning of the next. */
  #isNested = false;

  constructor(budget: Budget, joins = true) {
    this.#budget = budget;
    this.#joins = joins;
  }

  get isFull(): boolean {
    return this.#segments >= MAX_SEGMENTS;
  }

  get first(): Segment | undefined {
    const run = this.#first;
    return run?.segments[run.head];
  }

  get length(): number {
    return this.#segments;
  }

  /** All segments, in order. */
  * segments(): Generator<Segment> {
    for (let run = this.#first; run !== null; run = this.#runs.next(run)) {
      for (let i = run.head; i < run.segments.length; i++) yield run.segments[i]!;
    }
  }

  /** Where the last byte ends; undefined = it is empty. */
  get end(): number | undefined {
    return this.#runs.last?.end;
  }

  /**
   * Copies bytes[start, end) in.
   * @param packet carried them
   * @param replaced receives the number of queued bytes that the newcomer replaced, as replaced.bytes
   * @param shared a segment of another queue that says the same: nothing is copied
   */
  insert(
    seq: number, bytes: Uint8Array, start: number, end: number, packet: Provenance, replaced: { bytes: number }, shared: Segment | null = null,
  ): Insertion {
    replaced.bytes = 0;
    const runs = this.#runs;
    const last = advance(seq, end - start);
    // Down the tree; most newcomers belong at the end.
    let parent: Run | null = null;
    let joined: Run | null = null;
    let same: Run | null = null;
    for (let at = runs.last !== null && distance(seq, runs.last.end) >= 0 ? runs.last : runs.root; at !== null;) {
      parent = at;
      if (distance(seq, at.seq) < 0) {
        at = at.left;
        continue;
      }
      if (distance(seq, at.end) < 0) {
        if (distance(last, at.end) <= 0) return 'covered';
        if (seq === at.seq) {
          same = at;
          break;
        }
      } else if (this.#joins && seq === at.end) {
        joined = at;
        break;
      }
      at = at.right;
    }
    if (this.isFull || !this.#budget.take(end - start, OVERHEAD)) return 'no_memory';
    const segment: Segment = shared
      ?? { seq, bytes: Uint8Array.prototype.slice.call(bytes, start, end), ack: packet.ack, timeMs: packet.timeMs, ipId: packet.ipId };
    this.#segments++;
    this.bytes += end - start;
    if (joined !== null) {
      joined.segments.push(segment);
      joined.end = last;
      const next = joined === runs.last ? null : runs.next(joined);
      if (next !== null && distance(last, next.seq) > 0) this.#isNested = true;
      return 'kept';
    }
    const run = new Run(last, segment);
    if (same !== null) {
      runs.replace(same, run);
      replaced.bytes += this.#drop(same);
    } else {
      runs.insert(run, parent);
    }
    if (this.#first === null || this.#first === same || distance(seq, this.#first.seq) < 0) this.#first = run;
    for (let next = runs.next(run); next !== null && distance(last, next.end) >= 0 && distance(last, next.seq) > 0; next = runs.next(run)) {
      runs.remove(next);
      replaced.bytes += this.#drop(next);
    }
    return 'kept';
  }

  /** Holds it other bytes for some of the sequence numbers of bytes[start, end)? */
  differs(seq: number, bytes: Uint8Array, start: number, end: number): boolean {
    const last = advance(seq, end - start);
    const runs = this.#runs;
    if (!this.#isNested && (runs.last === null || distance(seq, runs.last.end) >= 0)) return false;
    for (let run = this.#isNested ? this.#first : (runs.before(seq) ?? this.#first); run !== null && distance(run.seq, last) < 0; run = runs.next(run)) {
      if (distance(run.end, seq) <= 0) continue;
      for (let i = run.head; i < run.segments.length; i++) if (differ(run.segments[i]!, seq, bytes, start, end)) return true;
    }
    return false;
  }

  /** Takes the first segment out; its bytes are the caller's, its memory given back. */
  shift(): Segment | undefined {
    const run = this.#first;
    const segment = run?.segments[run.head];
    if (run === null || segment === undefined) return undefined;
    this.#forget(segment);
    if (++run.head === run.segments.length) {
      this.#first = this.#runs.next(run);
      this.#runs.remove(run);
      if (this.#first === null) this.#isNested = false;
    }
    return segment;
  }

  clear(): void {
    for (let run = this.#first; run !== null; run = this.#runs.next(run)) this.#drop(run);
    this.#runs.clear();
    this.#first = null;
    this.#isNested = false;
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
