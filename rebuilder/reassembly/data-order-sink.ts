import type { Ledger } from '../ledger.ts';
import type { Budget } from './budget.ts';
import type { DataSequence } from './data-sequence.ts';
import type { Provenance } from './provenance.ts';
import { SegmentQueue } from './segments.ts';
import { advance, distance } from './sequence.ts';
import type { ForkKind, StreamSink } from './stream-sink.ts';

const replaced = { bytes: 0 };

/** In what receivers differ. */
interface Traits {
  /** Data of which it has some are dropped as a whole, as in older Linux; else the rest of them is taken. */
  readonly dropsPartial: boolean;
  /** Data that come first, and are not the first, are dropped: no window for them was announced yet. */
  readonly dropsFirst: boolean;
}

export const RECEIVERS: readonly Traits[] = [
  { dropsPartial: false, dropsFirst: false }, { dropsPartial: false, dropsFirst: true },
  { dropsPartial: true, dropsFirst: false }, { dropsPartial: true, dropsFirst: true },
];

/**
 * Hands the bytes of a subflow on in the order of the data of Multipath TCP, as Linux does (net/mptcp/protocol.c): of
 * what a packet brings all that is in order comes before what has waited for it.
 */
export class DataOrderSink implements StreamSink {
  readonly #sink: StreamSink;
  readonly #order: DataSequence;
  readonly #budget: Budget;
  readonly #maxBytes: number;
  readonly #ledger: Ledger;
  readonly #traits: Traits;
  /** It is the first that comes. */
  #isFirst: boolean;
  /** Of data that are ahead. */
  readonly #queue: SegmentQueue;
  /** The place of the next byte. */
  #nextPlace: number;
  /** Data were not next where they came. */
  #hasMoved = false;

  /**
   * @param place of the first byte that it gets
   * @param isFirst nothing came before that
   * @param maxBytes that may wait
   */
  constructor(
    sink: StreamSink, order: DataSequence, place: number, isFirst: boolean, traits: Traits, budget: Budget,
    maxBytes: number, ledger: Ledger,
  ) {
    this.#sink = sink;
    this.#order = order;
    this.#nextPlace = place;
    this.#isFirst = isFirst;
    this.#traits = traits;
    this.#budget = budget;
    this.#maxBytes = maxBytes;
    this.#ledger = ledger;
    this.#queue = new SegmentQueue(budget);
  }

  /** Where data were moved once, what comes next is not what the first reader reads. */
  get unfinished(): boolean {
    return this.#hasMoved || this.#sink.unfinished;
  }

  data(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): void {
    for (const part of this.#order.places(seq, start, end)) this.#place(bytes, part.start, part.end, part.seq, from);
  }

  #place(bytes: Uint8Array, start: number, end: number, place: number, from: Provenance): void {
    const ahead = distance(place, this.#nextPlace);
    this.#hasMoved ||= ahead !== 0;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (ahead > 0) {
      if (isFirst && this.#traits.dropsFirst) return;
      const hasRoom = this.#queue.bytes + end - start <= this.#maxBytes;
      const carrier = { ...from, headerBytes: 0 };
      if (!hasRoom || this.#queue.insert(place, bytes, start, end, carrier, replaced) === 'no_memory') {
        this.#ledger.count('tcp.correction_memcap');
      }
      return;
    }
    if (start - ahead >= end || (ahead < 0 && this.#traits.dropsPartial)) return;
    this.#hand(bytes, start - ahead, end, from);
  }

  packetEnd(): void {
    const queue = this.#queue;
    for (let { first } = queue; first !== undefined && distance(first.seq, this.#nextPlace) <= 0; first = queue.first) {
      queue.shift();
      const known = -distance(first.seq, this.#nextPlace);
      if (known < first.bytes.length) this.#hand(first.bytes, known, first.bytes.length, first);
    }
  }

  #hand(bytes: Uint8Array, start: number, end: number, from: Provenance): void {
    const place = this.#nextPlace;
    this.#nextPlace = advance(place, end - start);
    this.#sink.data(bytes, start, end, place, from);
  }

  gap(bytes: number): void {
    this.#sink.gap(bytes);
  }

  end(): void {
    this.#sink.end();
  }

  stall(nowMs: number, afterMs: number): boolean {
    return this.#sink.stall(nowMs, afterMs);
  }

  fork(kind: ForkKind, afresh?: boolean): StreamSink | null {
    const sink = this.#sink.fork(kind, afresh);
    if (sink === null) return null;
    const copy = new DataOrderSink(
      sink, this.#order, this.#nextPlace, this.#isFirst, this.#traits, this.#budget,
      this.#maxBytes, this.#ledger,
    );
    copy.#hasMoved = this.#hasMoved;
    if (!copy.#queue.copyFrom(this.#queue, [])) this.#ledger.count('tcp.correction_memcap');
    return copy;
  }

  discard(): void {
    this.#queue.clear();
    this.#sink.discard();
  }
}
