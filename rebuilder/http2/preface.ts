/** RFC 9113 3.4: what a client begins with, and nobody else. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** Are bytes[start, end) the preface, as far as they go? */
export function isPreface(bytes: Uint8Array, start: number, end: number): boolean {
  const length = Math.min(PREFACE.length, end - start);
  for (let i = 0; i < length; i++) {
    if (bytes[start + i] !== PREFACE[i]) return false;
  }
  return true;
}

/** The preface in pieces. */
export class Preface {
  /** Bytes of it that were read. */
  #read = 0;

  get isWhole(): boolean {
    return this.#read === PREFACE.length;
  }

  get isBegun(): boolean {
    return this.#read > 0;
  }

  /** Captured bytes of a preface that is not whole. */
  get pending(): number {
    return this.isWhole ? 0 : this.#read;
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
    const bytes = Buffer.from(PREFACE.subarray(0, this.#read));
    this.#read = 0;
    return bytes;
  }

  copyFrom(other: Preface): void {
    this.#read = other.#read;
  }
}
