import { advance, distance } from './sequence.ts';

/**
 * From where on a stream was read as its receiver may not have read it, which is seen but has not acknowledged that:
 * behind bytes that it may have dropped, or behind a hole that it may have, too. What it acknowledges is proven, unless
 * other bytes came for the same place.
 */
export class Unproven {
  #isDoubtful = false;
  isBehindHole = false;
  /** No SYN-ACK has said that there is such a connection. */
  isUnanswered = false;
  /** Other bytes may have been taken in the place of those that are doubted. */
  #isContested = false;
  #doubtSeq = 0;
  /** What is doubted ends here at the latest. */
  #doubtEnd = 0;
  /** Where the holes begin, and where they end. */
  #holeSeq = 0;
  #holeEnd = 0;
  /** Other bytes came for them, or for what is behind them. */
  #isHoleContested = false;

  get isAny(): boolean {
    return this.#isDoubtful || this.isBehindHole || this.isUnanswered;
  }

  /** Was something read from there on? @param nextSeq behind what was read */
  isDoubtfulAt(nextSeq: number): boolean {
    return this.isUnanswered || (this.#isDoubtful && distance(nextSeq, this.#doubtSeq) > 0);
  }

  /** @param end behind the bytes that are doubted; what follows them is doubted as these are */
  fromDoubt(seq: number, end = advance(seq, 1)): void {
    if (!this.#isDoubtful) {
      this.#doubtSeq = seq;
      this.#doubtEnd = end;
      this.#isContested = false;
    } else if (distance(end, this.#doubtEnd) > 0) {
      this.#doubtEnd = end;
    }
    this.#isDoubtful = true;
  }

  /** @param end of the hole: with some of it its receiver has not what is behind it */
  fromHole(seq: number, end: number): void {
    if (!this.isBehindHole) {
      this.#holeSeq = seq;
      this.#holeEnd = end;
      this.#isHoleContested = false;
    } else if (distance(end, this.#holeEnd) > 0) {
      this.#holeEnd = end;
    }
    this.isBehindHole = true;
  }

  /** Other bytes came than those that were read behind a hole. */
  holeIsContested(): void {
    this.#isHoleContested = true;
  }

  /**
   * What stands from `seq` to `end` came once more, so that it is not known which of the two an acknowledgment means.
   */
  again(seq: number, end: number): void {
    if (distance(end, this.#doubtSeq) > 0 && distance(seq, this.#doubtEnd) < 0) this.#isContested = true;
    if (distance(end, this.#holeSeq) > 0 && distance(seq, this.#holeEnd) < 0) this.#isHoleContested = true;
  }

  /**
   * @param isOne all who read the stream are between two messages there, so that what comes next is the same for all
   */
  acknowledged(ack: number, isOne: boolean): void {
    if (distance(ack, this.#doubtEnd) >= 0 && (isOne || !this.#isContested)) this.#isDoubtful = false;
    if (distance(ack, this.#holeEnd) >= 0 && (isOne || !this.#isHoleContested)) this.isBehindHole = false;
  }
}
