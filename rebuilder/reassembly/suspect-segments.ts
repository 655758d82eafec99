import type { Ledger } from '../ledger.ts';
import type { Packet } from '../wire/packet.ts';
import type { Budget } from './budget.ts';
import { type Segment, SegmentQueue } from './segments.ts';
import { advance, distance } from './sequence.ts';

const replaced = { bytes: 0 };

/**
 * Segments with a wrong checksum. Their receiver drops them, unless it was the capture that spoilt the sum (segmentation offload): then the sender
 * goes on behind them, nothing else comes in their place, and they are read after all.
 */
export class SuspectSegments {
  readonly #queue: SegmentQueue;
  readonly #ledger: Ledger;

  constructor(budget: Budget, ledger: Ledger) {
    this.#queue = new SegmentQueue(budget);
    this.#ledger = ledger;
  }

  get bytes(): number {
    return this.#queue.bytes;
  }

  /** @param nextSeq what the stream expects; null = it has not begun */
  add(packet: Packet, nextSeq: number | null): void {
    const { seq, bytes, dataStart, dataEnd } = packet;
    if (dataStart === dataEnd) return;
    const insertion = nextSeq === null || distance(seq, nextSeq) < 0 ? 'covered'
      : this.#queue.insert(seq, bytes, dataStart, dataEnd, packet, replaced);
    this.#ledger.count('tcp.invalid_checksum_bytes', insertion === 'kept' ? replaced.bytes : dataEnd - dataStart);
  }

  /** Where the segments end that go on from `nextSeq` without a hole; = nextSeq when there are none. Older ones are dropped. */
  endOfRun(nextSeq: number): number {
    let end = nextSeq;
    for (const { seq, bytes } of this.#queue.segments) {
      if (distance(seq, end) > 0) break;
      const segmentEnd = advance(seq, bytes.length);
      if (distance(segmentEnd, end) > 0) end = segmentEnd;
    }
    while (this.#queue.first !== undefined && distance(advance(this.#queue.first.seq, this.#queue.first.bytes.length), nextSeq) <= 0) {
      this.#ledger.count('tcp.invalid_checksum_bytes', this.#queue.first.bytes.length);
      this.#queue.shift();
    }
    return end;
  }

  /** The first one that begins at or before `nextSeq` and brings something new to a hole before `seq`. */
  take(nextSeq: number, seq: number): Segment | null {
    for (let first = this.#queue.first; first !== undefined && distance(first.seq, seq) < 0; first = this.#queue.first) {
      this.#queue.shift();
      const known = distance(nextSeq, first.seq);
      if (known >= 0 && known < first.bytes.length) {
        this.#ledger.count('tcp.checksum_believed');
        return first;
      }
      this.#ledger.count('tcp.invalid_checksum_bytes', first.bytes.length);
    }
    return null;
  }

  drop(): void {
    this.#ledger.count('tcp.invalid_checksum_bytes', this.#queue.bytes);
    this.#queue.clear();
  }
}
