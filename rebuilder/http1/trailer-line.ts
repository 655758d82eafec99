import { BLANK } from '../http/request-line.ts';

const LF = 10;
const COLON = 0x3a;
/** Longest beginning of a line that is looked at: a method and blanks. */
const MAX_BYTES = 64;
/** So many lines of one trailer section are taken for a request's. */
const MAX_REQUESTS = 4;

/**
 * The first line behind the last chunk: a trailer (RFC 9112 7.1.2), or the next request's line for servers that read no
 * trailers (Cheroot). It is looked at up to its second word: a trailer has a colon before that. So is what stands
 * behind a bare CR further on: Tomcat, up to 9.0.80, gives the trailers up there (CVE-2023-45648), and for Node's
 * lenient parser it ends their lines.
 */
export class TrailerLine {
  /** What there is of it, as long as it may be a request's. */
  bytes: number[] = [];
  #state: 'blanks' | 'word' | 'behind_word' | 'other' = 'blanks';
  #requests = 0;

  copyFrom(other: TrailerLine): void {
    if (this.bytes.length + other.bytes.length > 0) this.bytes = [...other.bytes];
    this.#state = other.#state;
    this.#requests = other.#requests;
  }

  /** Another line may begin here. */
  beginAnew(): void {
    if (this.#requests === MAX_REQUESTS) return;
    this.#state = 'blanks';
    if (this.bytes.length > 0) this.bytes = [];
  }

  /** Looks at its next byte. @returns true: a second word begins there, and the line may be a request's */
  isRequest(byte: number): boolean {
    if (this.#state === 'other') return false;
    const isBlank = BLANK[byte] === 1;
    const isSecondWord = this.#state === 'behind_word' && !isBlank && byte !== COLON;
    const isEnd = byte === LF && this.#state !== 'blanks';
    const isOther = isEnd || byte === COLON || isSecondWord || this.bytes.length === MAX_BYTES;
    if (isOther) {
      this.#state = 'other';
      if (isSecondWord) this.#requests++;
      else this.bytes = [];
      return isSecondWord;
    }
    if (this.#state === 'blanks' && !isBlank) this.#state = 'word';
    else if (this.#state === 'word' && isBlank) this.#state = 'behind_word';
    this.bytes.push(byte);
    return false;
  }
}
