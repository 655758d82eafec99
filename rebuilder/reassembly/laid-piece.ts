import type { MessageBuffer } from './message-buffers.ts';

const NOWHERE = -1;

/**
 * The captured piece that is read at the moment, and where a message lays it: whoever has to see it later looks there,
 * and needs no copy of its own.
 */
class LaidPiece {
  #buffer: MessageBuffer | null = null;
  /** Where in it the piece begins. */
  offset = 0;
  #bytes: Uint8Array | null = null;
  #start = 0;
  #end = NOWHERE;
  /** What was laid goes up to here. */
  #to = NOWHERE;

  /** bytes[start, end) is read from here on. */
  begin(bytes: Uint8Array, start: number, end: number): void {
    if (this.#bytes !== bytes) this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#to = start;
  }

  /** It was read, and its bytes may be others soon. @returns where all of it is; null = in no one place */
  end(): MessageBuffer | null {
    const isLaid = this.#to === this.#end;
    this.#to = NOWHERE;
    this.#end = NOWHERE;
    return isLaid ? this.#buffer : null;
  }

  /** bytes[start, end), all or part of a piece, was laid into a buffer, where it stays until that is given back. */
  lay(bytes: Uint8Array, start: number, end: number, buffer: MessageBuffer, offset: number): void {
    if (start !== this.#to || bytes !== this.#bytes) return;
    if (start === this.#start) {
      if (this.#buffer !== buffer) this.#buffer = buffer;
      this.offset = offset;
    } else if (this.#buffer !== buffer || offset - this.offset !== start - this.#start) {
      return;
    }
    this.#to = end;
    if (end === this.#end) buffer.lookInto();
  }
}

/** Of a thread: it reads one piece at a time. */
export const laidPiece = new LaidPiece();
