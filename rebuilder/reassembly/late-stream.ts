import type { Ledger } from '../ledger.ts';
import type { Budget } from './budget.ts';
import { SegmentQueue } from './segments.ts';
import { advance, distance } from './sequence.ts';
import type { Provenance } from './provenance.ts';
import type { StreamSink } from './stream-sink.ts';

/** How long the bytes of a hole that was given up may still come, after the last that did. */
const LATE_MS = 10_000;

const replaced = { bytes: 0 };

/**
 * A second reading of a stream, from a hole that was given up: should its bytes come late, a copy of the reader as it was before the hole reads them,
 * and then the bytes behind the hole (kept meanwhile), up to the end of the message. What it finds are corrections. It is also why a segment
 * that the server ignores, far ahead of the stream, hides nothing: the true bytes are read here.
 */
export class LateStream {
  readonly #sink: StreamSink;
  readonly #queue: SegmentQueue;
  readonly #ledger: Ledger;
  #nextSeq: number;
  #gapEnd: number;
  #lastMs: number;
  #full = false;
  #began = false;

  constructor(sink: StreamSink, gapStart: number, gapEnd: number, budget: Budget, ledger: Ledger, nowMs: number) {
    this.#sink = sink;
    this.#nextSeq = gapStart;
    this.#gapEnd = gapEnd;
    this.#queue = new SegmentQueue(budget);
    this.#ledger = ledger;
    this.#lastMs = nowMs;
  }

  /** Have bytes of the hole come? */
  get hasBegun(): boolean {
    return this.#began;
  }

  /** The hole goes on up to here. */
  extend(gapEnd: number): void {
    this.#gapEnd = gapEnd;
  }

  /** Bytes of the hole. @returns false: there was no memory for them */
  add(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): boolean {
    this.#lastMs = from.timeMs;
    return this.#put(bytes, start, end, seq, from);
  }

  /** Bytes behind the hole, as the stream itself reads them. */
  follow(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): void {
    if (this.#full) return;
    if (!this.#put(bytes, start, end, seq, from)) this.#full = true;
  }

  /** Nothing more to be found here: the message is whole, or the bytes did not come. */
  isOver(nowMs: number): boolean {
    if (nowMs - this.#lastMs > LATE_MS) return true;
    return this.#began && distance(this.#nextSeq, this.#gapEnd) >= 0 && !this.#sink.unfinished;
  }

  discard(): void {
    this.#queue.clear();
    this.#sink.discard();
  }

  #put(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): boolean {
    const ahead = distance(seq, this.#nextSeq);
    if (ahead > 0) {
      const kept = this.#queue.insert(seq, bytes, start, end, from, replaced) !== 'no_memory';
      if (!kept) this.#ledger.count('tcp.correction_memcap');
      return kept;
    }
    const fresh = start - ahead;
    if (fresh >= end) return true;
    this.#began = true;
    this.#sink.data(bytes, fresh, end, advance(seq, -ahead), from);
    this.#nextSeq = advance(seq, end - start);
    for (let first = this.#queue.first; first !== undefined && distance(first.seq, this.#nextSeq) <= 0; first = this.#queue.first) {
      this.#queue.shift();
      const known = -distance(first.seq, this.#nextSeq);
      if (known >= first.bytes.length) continue;
      this.#sink.data(first.bytes, known, first.bytes.length, this.#nextSeq, first);
      this.#nextSeq = advance(first.seq, first.bytes.length);
    }
    return true;
  }
}
