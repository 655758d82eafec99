import { distance } from './sequence.ts';

/**
 * From where on a stream was read as its receiver may not have read it, which is seen but has not acknowledged that:
 * behind bytes that it may have dropped, or behind a hole that it may have, too. What it acknowledges is proven.
 */
export class Unproven {
  #isDoubtful = false;
  isBehindHole = false;
  #doubtSeq = 0;
  #holeSeq = 0;

  get isAny(): boolean {
    return this.#isDoubtful || this.isBehindHole;
  }

  /** Was something read from there on? @param nextSeq behind what was read */
  isDoubtfulAt(nextSeq: number): boolean {
    return this.#isDoubtful && distance(nextSeq, this.#doubtSeq) > 0;
  }

  fromDoubt(seq: number): void {
    if (this.#isDoubtful) return;
    this.#isDoubtful = true;
    this.#doubtSeq = seq;
  }

  fromHole(seq: number): void {
    if (this.isBehindHole) return;
    this.isBehindHole = true;
    this.#holeSeq = seq;
  }

  acknowledged(ack: number): void {
    if (distance(ack, this.#doubtSeq) > 0) this.#isDoubtful = false;
    if (distance(ack, this.#holeSeq) > 0) this.isBehindHole = false;
  }
}
