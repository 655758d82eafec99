import { distance } from './sequence.ts';

/** More than these are sent by nobody who means one of them. */
const MOST = 8;

/**
 * The FINs of one direction, of which the first that data do not cover counts: a receiver drops those that are covered,
 * and another one behind them ends the stream.
 */
export class Fins {
  /** Sequence numbers, in order. */
  readonly #seqs: number[];

  constructor(seq: number) {
    this.#seqs = [seq];
  }

  /** Sequence number of the one that counts. */
  get seq(): number {
    return this.#seqs[0]!;
  }

  add(seq: number): void {
    const seqs = this.#seqs;
    if (seqs.includes(seq)) return;
    seqs.push(seq);
    seqs.sort((a, b) => distance(a, b));
    if (seqs.length > MOST) seqs.pop();
  }

  /** Data up to `nextSeq` cover those before it. @returns false: there is no other */
  cover(nextSeq: number): boolean {
    const seqs = this.#seqs;
    while (seqs.length > 0 && distance(seqs[0]!, nextSeq) < 0) seqs.shift();
    return seqs.length > 0;
  }
}
