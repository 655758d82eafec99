import { BLANK } from '../http/request-line.ts';

const LF = 10;
const CR = 13;

/**
 * The first line of a chunked body, which those who know no chunks can read as a request line: it has a second word.
 */
export class FirstSizeLine {
  #at: 'first_word' | 'blanks' | 'other' = 'first_word';

  copyFrom(other: FirstSizeLine): void {
    this.#at = other.#at;
  }

  /** It is not over, and may be a request's. */
  get isOpen(): boolean {
    return this.#at !== 'other';
  }

  /** It is over, or is not looked at. */
  pass(): void {
    this.#at = 'other';
  }

  /** Looks at its next byte. @returns true: a second word begins there */
  isRequest(byte: number): boolean {
    if (byte === CR || byte === LF) return false;
    if (BLANK[byte] === 1) {
      this.#at = 'blanks';
      return false;
    }
    if (this.#at === 'first_word') return false;
    this.#at = 'other';
    return true;
  }
}
