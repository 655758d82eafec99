import type { Ledger } from '../ledger.ts';
import type { Budget } from './budget.ts';
import type { Segment } from './segment.ts';
import { SegmentQueue } from './segments.ts';
import { advance, distance } from './sequence.ts';
import type { Provenance } from './provenance.ts';
import type { ForkKind, StreamSink } from './stream-sink.ts';
import { NOT_URGENT, UrgentByte } from './urgent-byte.ts';

const replaced = { bytes: 0 };
const NONE: ReadonlySet<number> = new Set();

/**
 * A stream read in another way than the first reader does: a copy of that reader, from where the two part. It is fed every later segment and puts them
 * in order by itself. Two things make one: a hole that was given up, whose bytes may come as long as the connection lives (what it finds are
 * corrections); and bytes of which it is not certain that the receiver took them (what it finds are other readings).
 */
export class SecondReading {
  readonly kind: ForkKind;
  /** Doubts whose segments are taken here. */
  readonly takes: number;
  /** It reads what came since the stream last stood between two messages, as a receiver may have that refused some of it. */
  readonly isAgain: boolean;
  /** Where it parted from the first reader. */
  readonly from: number;
  /** Does it hold segments that follow one another as one, as Linux mostly can? */
  readonly joins: boolean;
  /** Does it read the byte that a segment's urgent pointer marks? */
  readonly keepsUrgent: boolean;
  /** Its receiver takes nothing that acknowledges one of these. */
  readonly refusedAcks: ReadonlySet<number>;
  readonly #sink: StreamSink;
  readonly #queue: SegmentQueue;
  readonly #maxBytes: number;
  readonly #ledger: Ledger;
  nextSeq: number;
  /** Another copy of the first reader, for when what is taken here is doubted; null = not needed, or used. */
  spare: StreamSink | null = null;
  /** Of the stream as it is read here. */
  readonly urgent = new UrgentByte();
  #began = false;

  /** @param maxBytes that may wait in it behind a hole */
  constructor(kind: ForkKind, sink: StreamSink, from: number, budget: Budget, maxBytes: number, ledger: Ledger, rules: Partial<Rules> = {}) {
    this.kind = kind;
    this.#sink = sink;
    this.from = from;
    this.nextSeq = from;
    this.takes = rules.takes ?? 0;
    this.keepsUrgent = rules.keepsUrgent ?? false;
    this.isAgain = rules.isAgain ?? false;
    this.joins = rules.joins ?? true;
    this.refusedAcks = rules.refusedAcks ?? NONE;
    this.#queue = new SegmentQueue(budget, this.joins);
    this.#maxBytes = maxBytes;
    this.#ledger = ledger;
  }

  /** Bytes were read that the first reader has not, or not so. */
  get hasBegun(): boolean {
    return this.#began;
  }

  /** Is a message begun and not finished, or does something wait? */
  get unfinished(): boolean {
    return this.#sink.unfinished || this.#queue.bytes > 0;
  }

  /**
   * @param urgent of urgentOffset
   * @param shared the same as a segment that waits elsewhere
   * @returns false: there was no memory for it
   */
  add(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance, urgent: number, shared: Segment | null = null): boolean {
    if (urgent !== NOT_URGENT && !this.keepsUrgent) this.urgent.mark(advance(seq, urgent), this.nextSeq);
    const ahead = distance(seq, this.nextSeq);
    if (ahead > 0) {
      if (this.#queue.bytes + end - start > this.#maxBytes) return false;
      const kept = this.#queue.insert(seq, bytes, start, end, from, replaced, shared) !== 'no_memory';
      if (!kept) this.#ledger.count('tcp.correction_memcap');
      return kept;
    }
    const fresh = start - ahead;
    if (fresh >= end) return true;
    this.#read(bytes, fresh, end, from);
    this.#drain();
    return true;
  }

  /** The bytes from here on are not known to go on from those before. */
  loseTrack(): void {
    this.#sink.gap(-1);
  }

  /** Does it stand where the first reader stands, between two messages, with nothing that waits: will both read the same from here on? */
  agreesAt(nextSeq: number): boolean {
    return this.nextSeq === nextSeq && !this.unfinished;
  }

  /** What waits in it. */
  get waiting(): SegmentQueue {
    return this.#queue;
  }

  discard(): void {
    this.spare?.discard();
    this.#queue.clear();
    this.#sink.discard();
  }

  #drain(): void {
    for (let { first } = this.#queue; first !== undefined && distance(first.seq, this.nextSeq) <= 0; first = this.#queue.first) {
      this.#queue.shift();
      const known = -distance(first.seq, this.nextSeq);
      if (known < first.bytes.length) this.#read(first.bytes, known, first.bytes.length, first);
    }
  }

  #read(bytes: Uint8Array, start: number, end: number, from: Provenance): void {
    this.#began = true;
    const seq = this.nextSeq;
    this.nextSeq = advance(seq, end - start);
    this.urgent.hand(this.#sink, bytes, start, end, seq, from);
  }
}

/** In what a reading differs from the first. */
export interface Rules {
  readonly takes: number;
  readonly joins: boolean;
  readonly keepsUrgent: boolean;
  readonly isAgain: boolean;
  readonly refusedAcks: ReadonlySet<number>;
}
