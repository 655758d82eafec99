import type { Ledger } from '../ledger.ts';
import type { Budget } from './budget.ts';
import type { Carrier, Queued } from './segment.ts';
import type { Doubted } from './doubtful-segments.ts';
import { type Joins, SegmentQueue } from './segments.ts';
import { advance, distance } from './sequence.ts';
import type { ForkKind, StreamSink } from './stream-sink.ts';
import { NOT_URGENT, UrgentByte } from './urgent-byte.ts';

const replaced = { bytes: 0 };
const NONE: ReadonlySet<number> = new Set();

/**
 * A stream read in another way than by the first reader: a copy of that reader, from where the two part. It gets every
 * later segment and orders them by itself. It begins for one of two reasons: a hole was given up, whose bytes may still
 * arrive while the connection lives (what it finds are corrections), or it is not certain that the receiver took some
 * bytes (what it finds are other readings).
 */
export class SecondReading {
  readonly kind: ForkKind;
  /** Doubts whose segments are taken here. */
  readonly takes: number;
  /**
   * It rereads the stream from where it last stood between two messages, as a receiver that refused some of it may
   * have.
   */
  readonly isAgain: boolean;
  /** Where it parted from the first reader. */
  readonly from: number;
  readonly joins: Joins;
  /** Does it read the byte that a segment's urgent pointer marks? */
  readonly keepsUrgent: boolean;
  /** Its receiver takes nothing that acknowledges one of these. */
  readonly refusedAcks: ReadonlySet<number>;
  readonly #sink: StreamSink;
  readonly #queue: SegmentQueue;
  readonly #maxBytes: number;
  readonly #ledger: Ledger;
  nextSeq: number;
  /**
   * Doubts of which no segment has come yet: at the first one, a reading that takes it parts from one that does not.
   */
  undecided: number;
  /** Of the stream as it is read here. */
  readonly urgent = new UrgentByte();
  /** Are there readings beside it whose queues join segments in other ways? */
  joinsOtherwise = false;
  #began = false;
  /** It made room for another, perhaps while a segment was on its way to all: what it holds was given back. */
  #isOver = false;

  /** @param maxBytes that may wait in it behind a hole */
  constructor(
    kind: ForkKind, sink: StreamSink, from: number, budget: Budget, maxBytes: number, ledger: Ledger,
    rules: Partial<Rules> = {},
  ) {
    this.kind = kind;
    this.#sink = sink;
    this.from = from;
    this.nextSeq = from;
    this.takes = rules.takes ?? 0;
    this.undecided = rules.undecided ?? 0;
    this.keepsUrgent = rules.keepsUrgent ?? false;
    this.isAgain = rules.isAgain ?? false;
    this.joins = rules.joins ?? 'room';
    this.refusedAcks = rules.refusedAcks ?? NONE;
    this.#queue = new SegmentQueue(budget, this.joins);
    this.#maxBytes = maxBytes;
    this.#ledger = ledger;
  }

  /** Bytes were read that the first reader has not, or not so. */
  get hasBegun(): boolean {
    return this.#began;
  }

  /** Is a message begun and not finished? */
  get isWithinMessage(): boolean {
    return this.#sink.unfinished;
  }

  /** … or does something wait? */
  get unfinished(): boolean {
    return this.isWithinMessage || this.#queue.bytes > 0;
  }

  /**
   * @param urgent of urgentOffset
   * @returns false: there was no memory for it
   */
  add(bytes: Uint8Array, start: number, end: number, seq: number, from: Carrier, urgent: number): boolean {
    if (this.#isOver) return false;
    if (urgent !== NOT_URGENT && !this.keepsUrgent) this.urgent.mark(advance(seq, urgent), this.nextSeq);
    if (start === end && (urgent !== NOT_URGENT || from.headerBytes === 0)) return true;
    const ahead = distance(seq, this.nextSeq);
    if (ahead > 0) {
      if (this.#queue.bytes + end - start > this.#maxBytes) return false;
      const kept = this.#queue.insert(seq, bytes, start, end, from, replaced) !== 'no_memory';
      if (!kept) this.#ledger.count('tcp.correction_memcap');
      return kept;
    }
    const fresh = start - ahead;
    if (fresh >= end) return true;
    this.#read(bytes, fresh, end, from);
    this.#drain();
    this.#sink.packetEnd?.();
    return true;
  }

  /** The bytes from here on are not known to go on from those before. */
  loseTrack(): void {
    this.#sink.gap(-1);
  }

  /**
   * Does it stand where the first reader stands, between two messages and with nothing waiting, so that both read the
   * same from here on?
   */
  agreesAt(nextSeq: number): boolean {
    return this.nextSeq === nextSeq && !this.unfinished;
  }

  /**
   * Gives it what waits behind a hole of the first reader.
   * @param doubted segments that were set aside
   * @param waited one that waited until now; null = none
   */
  waitFor(queue: SegmentQueue | null, doubted: readonly Doubted[] = [], waited: Queued | null = null): void {
    if (this.#isOver) return;
    for (const { seq, urgent } of doubted) {
      if (urgent !== NOT_URGENT && !this.keepsUrgent) this.urgent.mark(advance(seq, urgent), this.nextSeq);
    }
    const others = waited === null ? doubted : [...doubted, waited];
    if ((queue?.length ?? 0) + others.length === 0) return;
    if (!this.#queue.copyFrom(queue, others)) this.#ledger.count('tcp.correction_memcap');
    this.#drain();
    this.#sink.packetEnd?.();
  }

  /** Does it hold other bytes for some of the sequence numbers of bytes[start, end)? */
  differs(seq: number, bytes: Uint8Array, start: number, end: number): boolean {
    return this.#queue.length > 0 && this.#queue.differs(seq, bytes, start, end);
  }

  /** A copy of its reader as it is now; null = none can be made. */
  fork(): StreamSink | null {
    return this.#sink.fork(this.kind);
  }

  /** Makes this one, which has a copy of the other's reader, go on from where the other stands. */
  goOnFrom(other: SecondReading): void {
    this.nextSeq = other.nextSeq;
    this.#began = other.#began;
    this.urgent.copyFrom(other.urgent);
    this.waitFor(other.#queue);
  }

  discard(): void {
    this.#isOver = true;
    this.#queue.clear();
    this.#sink.discard();
  }

  #drain(): void {
    const queue = this.#queue;
    for (let { first } = queue; first !== undefined && distance(first.seq, this.nextSeq) <= 0; first = queue.first) {
      queue.shift();
      const known = -distance(first.seq, this.nextSeq);
      if (known < first.bytes.length) this.#read(first.bytes, known, first.bytes.length, first);
    }
  }

  #read(bytes: Uint8Array, start: number, end: number, from: Carrier): void {
    this.#began = true;
    const seq = this.nextSeq;
    this.nextSeq = advance(seq, end - start);
    this.urgent.hand(this.#sink, bytes, start, end, seq, from);
  }
}

/** In what a reading differs from the first (SecondReading). */
export interface Rules {
  readonly takes: number;
  readonly undecided: number;
  readonly joins: Joins;
  readonly keepsUrgent: boolean;
  readonly isAgain: boolean;
  readonly refusedAcks: ReadonlySet<number>;
}
