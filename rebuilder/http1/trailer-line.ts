import { BLANK } from '../http/request-line.ts';

const LF = 10;
const COLON = 0x3a;
/** Longest beginning of a line that is looked at: a method and blanks. */
const MAX_BYTES = 64;

/**
 * The first line behind the last chunk: a trailer (RFC 9112 7.1.2), or the next request's line for servers that read no
 * trailers (Cheroot). It is looked at up to its second word: a trailer has a colon before that.
 */
export class TrailerLine {
  /** What there is of it, as long as it may be a request's. */
  bytes: number[] = [];
  #state: 'blanks' | 'word' | 'behind_word' | 'other' = 'blanks';

  copyFrom(other: TrailerLine): void {
    if (this.bytes.length + other.bytes.length > 0) this.bytes = [...other.bytes];
    this.#state = other.#state;
  }

  /** Looks at its next byte. @returns true: a second word begins there, and the line may be a request's */
  isRequest(byte: number): boolean {
    if (this.#state === 'other') return false;
    const isBlank = BLANK[byte] === 1;
    const isSecondWord = this.#state === 'behind_word' && !isBlank && byte !== COLON;
    const isOther = byte === LF || byte === COLON || isSecondWord || this.bytes.length === MAX_BYTES;
    if (isOther) {
      this.#state = 'other';
      if (!isSecondWord) this.bytes = [];
      return isSecondWord;
    }
    if (this.#state === 'blanks' && !isBlank) this.#state = 'word';
    else if (this.#state === 'word' && isBlank) this.#state = 'behind_word';
    this.bytes.push(byte);
    return false;
  }
}
