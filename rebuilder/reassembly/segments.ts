import type { Budget } from './budget.ts';
import { Run, RunTree } from './run-tree.ts';
import { advance, distance } from './sequence.ts';
import type { Carrier, Queued, Segment } from './segment.ts';

type Insertion = 'kept' | 'covered' | 'no_memory';

/**
 * Which consecutive segments a receiver holds as one. Linux joins them (tcp_try_coalesce) if their driver put them into
 * pages ('all'), or if the buffer of the first has room for the next ('room'), or not at all ('none', as while a
 * capture runs on that host).
 */
export type Joins = 'all' | 'room' | 'none';

const copied = { bytes: 0 };
/** Sizes of the buffers that Linux puts packets into: what is left of an allocation of 576 bytes, 1, 2, 4 and 8 KiB. */
const BUFFERS = [256, 704, 1728, 3776, 7872];
/** In a buffer before the IP header: Ethernet's header, and two bytes that align what follows. */
const LINK_BYTES = 16;
/** … and asked for beyond what is used: room for a longer link header. */
const RESERVED_BYTES = 14;

/** Segments one queue may hold: a hostile sender makes them a byte long. */
const MAX_SEGMENTS = 4096;
/** FINs without data among them; a client sends one. */
const MAX_FINS = 8;
/**
 * Memory of a segment besides its bytes, where each is a run of its own: 465 bytes of V8's heap, and 180 beside it
 * where a buffer of more than 64 bytes is allocated there (Node 20 and 24); the first brings the queue.
 */
export const SEGMENT_OVERHEAD = 768;

/**
 * The out-of-order queue of one direction, ordered by sequence number. Segments may overlap in it: whoever begins first
 * is read first and the rest of the next is read from where the first ended. `insert` does what a Linux receiver does
 * (net/ipv4/tcp_input.c, tcp_data_queue_ofo): a newcomer that brings nothing new is dropped; one that begins at a
 * queued one's beginning or before it, and ends no earlier, replaces it; one that goes on where a queued one ends may
 * be joined to it (Joins), and both count as one from then on. A FIN without data is a segment of one sequence number
 * and no bytes: what is joined to it begins at that number. docs/reassembly.md has pictures.
 */
export class SegmentQueue {
  readonly #runs = new RunTree();
  readonly #budget: Budget;
  readonly #joins: Joins;
  #segments = 0;
  #fins = 0;
  bytes = 0;
  #first: Run | null = null;
  /** A run has grown beyond the beginning of the next one. */
  #isNested = false;

  constructor(budget: Budget, joins: Joins = 'room') {
    this.#budget = budget;
    this.#joins = joins;
  }

  get isFull(): boolean {
    return this.#segments >= MAX_SEGMENTS;
  }

  /** The first segment that has bytes. */
  get first(): Queued | undefined {
    const run = this.#first;
    const segment = run?.segments[run.head];
    return run === null || this.#fins === 0 ? segment : this.#firstWithBytes(run);
  }

  #firstWithBytes(from: Run): Queued | undefined {
    for (let run: Run | null = from; run !== null; run = this.#runs.next(run)) {
      const { segments, head } = run;
      let at = head;
      while (at < segments.length && segments[at]!.bytes.length === 0) at++;
      const segment = segments[at];
      if (segment === undefined) continue;
      let before = 0;
      for (let i = 0; run.hasFin && i < at; i++) if (segments[i]!.bytes.length === 0) before++;
      return before === 0 ? segment : { ...segment, seq: advance(segment.seq, -before) };
    }
    return undefined;
  }

  get length(): number {
    return this.#segments;
  }

  /** Is a FIN in it that counts with what is joined to it, though data cover its place before `seq`? */
  hasFinBefore(seq: number): boolean {
    for (let run = this.#fins === 0 ? null : this.#first; run !== null; run = this.#runs.next(run)) {
      if (run.hasFin && distance(run.seq, seq) < 0 && distance(run.end, seq) > 0) return true;
    }
    return false;
  }

  /** All segments, in order. */
  * segments(): Generator<Queued> {
    for (let run = this.#first; run !== null; run = this.#runs.next(run)) {
      for (let i = run.head; i < run.segments.length; i++) yield run.segments[i]!;
    }
  }

  /** Sequence number behind the last byte; undefined = the queue is empty. */
  get end(): number | undefined {
    return this.#runs.last?.end;
  }

  /**
   * Copies bytes[start, end) in; none = a FIN.
   * @param packet carried them
   * @param replaced receives the number of queued bytes that the newcomer replaced, as replaced.bytes
   * @param shared the same segment in another queue: nothing is copied
   */
  insert(
    seq: number, bytes: Uint8Array, start: number, end: number, packet: Carrier,
    replaced: { bytes: number }, shared: Queued | null = null,
  ): Insertion {
    replaced.bytes = 0;
    const runs = this.#runs;
    const last = advance(seq, Math.max(1, end - start));
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
      } else if (seq === at.end && (this.#joins === 'all' || (this.#joins === 'room' && end - start <= at.room))) {
        joined = at;
        break;
      }
      at = at.right;
    }
    if (this.isFull || (start === end && this.#fins >= MAX_FINS)) return 'no_memory';
    if (!this.#budget.take(end - start, SEGMENT_OVERHEAD)) return 'no_memory';
    const segment = shared ?? copyOf(seq, bytes, start, end, packet);
    this.#segments++;
    this.bytes += end - start;
    if (start === end) this.#fins++;
    if (joined !== null) {
      joined.segments.push(segment);
      joined.end = last;
      joined.room -= end - start;
      if (start === end) joined.hasFin = true;
      const next = joined === runs.last ? null : runs.next(joined);
      if (next !== null && distance(last, next.seq) > 0) this.#isNested = true;
      return 'kept';
    }
    const run = new Run(last, segment);
    if (this.#joins === 'room') run.room = roomBehind(segment);
    if (start === end) run.hasFin = true;
    if (same !== null) {
      runs.replace(same, run);
      replaced.bytes += this.#drop(same);
    } else {
      runs.insert(run, parent);
    }
    if (this.#first === null || this.#first === same || distance(seq, this.#first.seq) < 0) this.#first = run;
    for (let next = runs.next(run); next !== null; next = runs.next(run)) {
      if (distance(last, next.end) < 0 || distance(last, next.seq) <= 0) break;
      runs.remove(next);
      replaced.bytes += this.#drop(next);
    }
    return 'kept';
  }

  /**
   * Takes in what another queue holds as if it had arrived here; this one is empty. The bytes are shared.
   * @param others arrived between those
   * @returns false: there was no memory for some of it
   */
  copyFrom(other: SegmentQueue | null, others: readonly Queued[] = []): boolean {
    if (other !== null && others.length === 0 && this.#joins === other.#joins
      && this.#budget.take(other.bytes, other.length * SEGMENT_OVERHEAD)) {
      this.#first = this.#runs.copyFrom(other.#runs, other.#first);
      this.#segments = other.length;
      this.bytes = other.bytes;
      this.#isNested = other.#isNested;
      this.#fins = other.#fins;
      return true;
    }
    let isWhole = true;
    for (const one of [...other?.segments() ?? [], ...others].sort((a, b) => a.arrival - b.arrival)) {
      if (this.insert(one.seq, one.bytes, 0, one.bytes.length, one, copied, one) === 'no_memory') isWhole = false;
    }
    return isWhole;
  }

  /** Does it hold other bytes for some of the sequence numbers of bytes[start, end)? */
  differs(seq: number, bytes: Uint8Array, start: number, end: number): boolean {
    const last = advance(seq, end - start);
    const runs = this.#runs;
    if (!this.#isNested && (runs.last === null || distance(seq, runs.last.end) >= 0)) return false;
    const from = this.#isNested ? this.#first : (runs.before(seq) ?? this.#first);
    for (let run = from; run !== null && distance(run.seq, last) < 0; run = runs.next(run)) {
      if (distance(run.end, seq) <= 0) continue;
      for (let i = run.head; i < run.segments.length; i++) {
        if (differ(run.segments[i]!, seq, bytes, start, end)) return true;
      }
    }
    return false;
  }

  /** Takes the first segment out; its bytes are the caller's, its memory given back. */
  shift(): Queued | undefined {
    const { first } = this;
    if (first === undefined) return undefined;
    while (this.#shiftOne().bytes.length === 0);
    return first;
  }

  #shiftOne(): Queued {
    const run = this.#first!;
    const segment = run.segments[run.head]!;
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
    if (segment.bytes.length === 0) this.#fins--;
    this.bytes -= segment.bytes.length;
    this.#budget.release(segment.bytes.length, SEGMENT_OVERHEAD);
  }
}

let arrivals = 0;

/** Of the segment that comes next. */
export function nextArrival(): number {
  return arrivals++;
}

function copyOf(seq: number, bytes: Uint8Array, start: number, end: number, packet: Carrier): Queued {
  const { ack, timeMs, ipId, headerBytes } = packet;
  const copy = Uint8Array.prototype.slice.call(bytes, start, end);
  return { seq, bytes: copy, ack, timeMs, ipId, headerBytes, arrival: nextArrival() };
}

/** How much more the buffer of the segment can hold. */
function roomBehind({ bytes, headerBytes }: Segment): number {
  const used = LINK_BYTES + headerBytes + bytes.length;
  return (BUFFERS.find((size) => size >= used + RESERVED_BYTES) ?? used) - used;
}

/** Do the queued segment and the newcomer hold different bytes for the same sequence numbers? */
export function differ(queued: Segment, seq: number, bytes: Uint8Array, start: number, end: number): boolean {
  const offset = distance(queued.seq, seq);
  const from = Math.max(0, offset);
  const to = Math.min(end - start, offset + queued.bytes.length);
  for (let i = from; i < to; i++) {
    if (bytes[start + i] !== queued.bytes[i - offset]) return true;
  }
  return false;
}
