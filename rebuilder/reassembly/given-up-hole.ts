import type { Ledger } from '../ledger.ts';
import type { Budget } from './budget.ts';
import { LateStream } from './late-stream.ts';
import { advance, distance } from './sequence.ts';
import type { Provenance } from './provenance.ts';
import type { StreamSink } from './stream-sink.ts';

/** The last hole of a stream that was given up, and who reads its bytes should they come after all. */
export class GivenUpHole {
  #start = 0;
  #end = 0;
  #late: LateStream | null = null;

  /** Bytes of it may still be read. */
  get isRead(): boolean {
    return this.#late !== null;
  }

  /** What is from `nextSeq` to `end` is passed over; a copy of the stream's reader as it is now will read it. */
  open(nextSeq: number, end: number, sink: StreamSink, budget: Budget, ledger: Ledger, nowMs: number): void {
    if (this.#late !== null && !this.#late.hasBegun && this.#end === nextSeq) {
      this.#late.extend(end);
    } else {
      const fork = sink.fork('correction');
      if (fork !== null || this.#late === null) {
        this.drop();
        this.#start = nextSeq;
      }
      if (fork !== null) this.#late = new LateStream(fork, nextSeq, end, budget, ledger, nowMs);
    }
    this.#end = end;
  }

  /** Are some of the `length` bytes at `seq` of the hole? */
  holds(seq: number, length: number): boolean {
    return this.#start !== this.#end && distance(seq, this.#end) < 0 && distance(advance(seq, length), this.#start) > 0;
  }

  /** Bytes of the hole came. @returns false: nobody reads them, or there was no memory */
  add(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): boolean {
    const taken = this.#late?.add(bytes, start, end, seq, from) === true;
    this.expire(from.timeMs);
    return taken;
  }

  /** Bytes behind the hole, as the stream reads them. */
  follow(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): void {
    this.#late?.follow(bytes, start, end, seq, from);
  }

  expire(nowMs: number): void {
    if (this.#late?.isOver(nowMs) === true) this.drop();
  }

  drop(): void {
    this.#late?.discard();
    this.#late = null;
  }
}
