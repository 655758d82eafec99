import { distance } from './sequence.ts';

/** More than these are sent by nobody who means one of them. */
const MOST = 8;

/**
 * The FINs of one direction, of which the first that data do not cover counts: a receiver drops those that are covered,
 * and another one behind them ends the stream.
 */
export class Fins {
  /** Sequence number of the one that counts. */
  seq: number;
  /** Those of the others, in order; null = there is one, as nearly always. */
  #later: number[] | null = null;

  constructor(seq: number) {
    this.seq = seq;
  }

  add(seq: number): void {
    if (seq === this.seq) return;
    const later = this.#later ??= [];
    if (later.includes(seq)) return;
    later.push(seq, this.seq);
    later.sort((a, b) => distance(a, b));
    this.seq = later.shift()!;
    if (later.length >= MOST) later.pop();
  }

  /** Does one of them stand where data from `seq` to `end` do? Its receiver has taken the one or the others. */
  isAmong(seq: number, end: number): boolean {
    const isCovered = (one: number): boolean => distance(one, seq) >= 0 && distance(one, end) < 0;
    return isCovered(this.seq) || this.#later?.some(isCovered) === true;
  }

  /** Data up to `nextSeq` cover those before it. @returns false: there is no other */
  cover(nextSeq: number): boolean {
    while (distance(this.seq, nextSeq) < 0) {
      const next = this.#later?.shift();
      if (next === undefined) return false;
      this.seq = next;
    }
    return true;
  }
}
