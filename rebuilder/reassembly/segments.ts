import type { Budget } from './budget.ts';
import { advance, distance } from './sequence.ts';
import type { Provenance } from './provenance.ts';

/** Captured bytes of one direction that wait behind a hole. The bytes are our own copy. */
export interface Segment extends Provenance {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

export type Insertion = 'kept' | 'covered' | 'no_memory';

/** Segments one queue may hold: a hostile sender makes them a byte long. */
const MAX_SEGMENTS = 4096;

/**
 * The out-of-order queue of one direction, ordered by sequence number. Segments may overlap in it: whoever begins first is read first and
 * the rest of the next is read from where the first ended. With the two rules of `insert` that is what a Linux receiver keeps
 * (net/ipv4/tcp_input.c, tcp_data_queue_ofo): a newcomer that brings nothing new is dropped, and one that begins no later and ends no
 * earlier than a queued segment replaces it. docs/reassembly.md tells it with pictures.
 */
export class SegmentQueue {
  readonly #segments: Segment[] = [];
  readonly #budget: Budget;
  bytes = 0;
  #longestBytes = 0;
  /** Overlaps whose bytes differed from what was queued, since the last look (evasion, or a broken capture). */
  conflicts = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  get isFull(): boolean {
    return this.#segments.length >= MAX_SEGMENTS;
  }

  get first(): Segment | undefined {
    return this.#segments[0];
  }

  /**
   * Copies bytes[start, end) in.
   * @param packet carried them
   * @param replaced receives the number of queued bytes that the newcomer replaced, as replaced.bytes
   */
  insert(seq: number, bytes: Uint8Array, start: number, end: number, packet: Provenance, replaced: { bytes: number }): Insertion {
    replaced.bytes = 0;
    const segments = this.#segments;
    const length = end - start;
    const last = advance(seq, length);
    // Newcomers mostly belong at the end: look from there.
    let at = segments.length;
    while (at > 0 && distance(segments[at - 1]!.seq, seq) > 0) at--;
    for (let i = at - 1; i >= 0; i--) {
      const before = segments[i]!;
      if (distance(seq, before.seq) > this.#longestBytes) break;
      const beforeEnd = advance(before.seq, before.bytes.length);
      if (distance(beforeEnd, seq) > 0 && differs(before, seq, bytes, start, end)) this.conflicts++;
      if (distance(beforeEnd, last) >= 0) return 'covered';
    }
    if (segments.length >= MAX_SEGMENTS || !this.#budget.take(length)) return 'no_memory';
    // An equal start is looked at above as `before`; here it may still be shorter than the newcomer.
    let from = at;
    while (from > 0 && segments[from - 1]!.seq === seq) from--;
    let to = from;
    while (to < segments.length) {
      const next = segments[to]!;
      if (distance(next.seq, last) >= 0) break;
      if (to >= at && differs(next, seq, bytes, start, end)) this.conflicts++;
      if (distance(advance(next.seq, next.bytes.length), last) > 0) break;
      replaced.bytes += next.bytes.length;
      to++;
    }
    const copy = new Uint8Array(length);
    copy.set(bytes.subarray(start, end));
    segments.splice(from, to - from, { seq, bytes: copy, ack: packet.ack, timeMs: packet.timeMs, ipId: packet.ipId });
    if (length > this.#longestBytes) this.#longestBytes = length;
    this.#budget.release(replaced.bytes);
    this.bytes += length - replaced.bytes;
    return 'kept';
  }

  /** Takes the first segment out; its bytes are the caller's, its memory given back. */
  shift(): Segment | undefined {
    const segment = this.#segments.shift();
    if (segment !== undefined) {
      this.bytes -= segment.bytes.length;
      this.#budget.release(segment.bytes.length);
    }
    return segment;
  }

  takeConflicts(): number {
    const { conflicts } = this;
    this.conflicts = 0;
    return conflicts;
  }

  clear(): void {
    this.#budget.release(this.bytes);
    this.bytes = 0;
    this.#segments.length = 0;
  }
}

/** Do the queued segment and the newcomer hold other bytes for the same sequence numbers? */
function differs(queued: Segment, seq: number, bytes: Uint8Array, start: number, end: number): boolean {
  const offset = distance(queued.seq, seq);
  const from = Math.max(0, offset);
  const to = Math.min(end - start, offset + queued.bytes.length);
  for (let i = from; i < to; i++) {
    if (bytes[start + i] !== queued.bytes[i - offset]) return true;
  }
  return false;
}
