/** RFC 9113 3.4: what a client begins with, and nobody else. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** It has the form of a request of HTTP/1: so many bytes are its head, in which Go's x/net also takes header lines. */
export const PREFACE_HEAD_BYTES = PREFACE.indexOf('SM');

/** Are bytes[start, end) the preface from its byte `from` on, as far as they go? */
export function isPreface(bytes: Uint8Array, start: number, end: number, from: number): boolean {
  const length = Math.min(PREFACE.length - from, end - start);
  for (let i = 0; i < length; i++) {
    if (bytes[start + i] !== PREFACE[from + i]) return false;
  }
  return true;
}

/** The preface in pieces. */
export class Preface {
  /** Where it is read from: its beginning, or behind its head. */
  #from = 0;
  /** How far it was read. */
  #read = 0;

  /** Its head was read as a request. */
  passHead(): void {
    this.#from = this.#read = PREFACE_HEAD_BYTES;
  }

  /** Bytes of it that are read as it. */
  get length(): number {
    return PREFACE.length - this.#from;
  }

  get isWhole(): boolean {
    return this.#read === PREFACE.length;
  }

  get isBegun(): boolean {
    return this.#read > 0;
  }

  /** Captured bytes of a preface that is not whole. */
  get pending(): number {
    return this.isWhole ? 0 : this.#read - this.#from;
  }

  /**
   * @returns how many of bytes[at, end) belong to it; -1: this is none, and all that was read before has to be read as
   * something else
   */
  accept(bytes: Uint8Array, at: number, end: number): number {
    let n = 0;
    for (; at + n < end && this.#read + n < PREFACE.length; n++) {
      if (bytes[at + n] !== PREFACE[this.#read + n]) return -1;
    }
    this.#read += n;
    return n;
  }

  /** Forgets what was read of it. @returns that, once more */
  takeBack(): Buffer {
    const bytes = Buffer.from(PREFACE.subarray(this.#from, this.#read));
    this.#from = this.#read = 0;
    return bytes;
  }

  copyFrom(other: Preface): void {
    this.#from = other.#from;
    this.#read = other.#read;
  }
}
