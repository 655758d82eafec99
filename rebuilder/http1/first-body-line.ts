import { tokenEnd } from '../http/field-names.ts';
import { BLANK, lineEnd } from '../http/request-line.ts';

const LF = 10;
const CR = 13;
/** No method that anybody serves of a body's bytes is longer. */
const METHOD_BYTES = 64;
/** Of a line so much is waited for. */
const MAX_LINE_BYTES = 65_536;

/**
 * The first line of a body of known length, as long as it may be a request's: a method comes first, behind empty lines.
 * Servers that read no bodies take it for one.
 */
export class FirstBodyLine {
  #at: 'empty_lines' | 'method' | 'behind_method' | 'other' = 'other';
  /** So much of it has come. */
  #bytes = 0;

  begin(): void {
    this.#at = 'empty_lines';
    this.#bytes = 0;
  }

  /** It is over, or is not looked at. */
  pass(): void {
    this.#at = 'other';
  }

  copyFrom(other: FirstBodyLine): void {
    this.#at = other.#at;
    this.#bytes = other.#bytes;
  }

  /** It is not over, and may be a request's. */
  get isOpen(): boolean {
    return this.#at !== 'other';
  }

  get isLong(): boolean {
    return this.#bytes > MAX_LINE_BYTES;
  }

  /** Looks on in bytes[start, end). @returns where it ends; -1 = not there, or it is none */
  endIn(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    if (this.#at === 'empty_lines') {
      while (at < end && (bytes[at] === CR || bytes[at] === LF)) at++;
      if (at < end) this.#at = 'method';
    }
    if (this.#at === 'method') at = this.#methodEnd(bytes, at, end);
    if (this.#at !== 'behind_method') return -1;
    this.#bytes += end - at;
    return lineEnd(bytes, at, end);
  }

  #methodEnd(bytes: Uint8Array, start: number, end: number): number {
    const at = tokenEnd(bytes, start, Math.min(end, start + METHOD_BYTES - this.#bytes));
    this.#bytes += at - start;
    if (this.#bytes === METHOD_BYTES) this.#at = 'other';
    else if (at < end) this.#at = this.#bytes > 0 && BLANK[bytes[at]!] === 1 ? 'behind_method' : 'other';
    return at;
  }
}
