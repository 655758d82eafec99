import { Irregular } from '../http/irregular.ts';

const LF = 10;
const CR = 13;
const SEMICOLON = 59;

/** Longest chunk-size line with extensions, and longest trailer section, bytes: what servers allow is far less. */
const MAX_LINE_BYTES = 16_384;

const HEX = new Int8Array(256).fill(-1);
for (let i = 0; i < 16; i++) {
  HEX[i.toString(16).charCodeAt(0)] = i;
  HEX[i.toString(16).toUpperCase().charCodeAt(0)] = i;
}

type State = 'size' | 'extension' | 'data' | 'data_end' | 'trailer_start' | 'trailer' | 'done' | 'invalid';

/**
 * Walks over the chunked coding (RFC 9112 7.1) without moving a byte: where the body ends and how long the entity is. Bytes may come in any
 * pieces; the state is all it keeps.
 */
export class ChunkScanner {
  state: State = 'size';
  /** Entity bytes so far, framing taken off. */
  entityBytes = 0;
  irregular = 0;
  #remaining = 0;
  #digits = 0;
  #lineBytes = 0;
  #sawCr = false;

  reset(): void {
    this.state = 'size';
    this.entityBytes = 0;
    this.irregular = 0;
    this.#remaining = 0;
    this.#digits = 0;
    this.#lineBytes = 0;
    this.#sawCr = false;
  }

  copyFrom(other: ChunkScanner): void {
    this.state = other.state;
    this.entityBytes = other.entityBytes;
    this.irregular = other.irregular;
    this.#remaining = other.#remaining;
    this.#digits = other.#digits;
    this.#lineBytes = other.#lineBytes;
    this.#sawCr = other.#sawCr;
  }

  get finished(): boolean {
    return this.state === 'done' || this.state === 'invalid';
  }

  /** Bytes of the present chunk's data that are still to come: what a hole may swallow without harm to the framing. */
  get dataRemaining(): number {
    return this.state === 'data' ? this.#remaining : 0;
  }

  /** Passes over `bytes` of chunk data that are missing; at most dataRemaining. */
  skipData(bytes: number): void {
    this.#remaining -= bytes;
    this.entityBytes += bytes;
    if (this.#remaining === 0) this.state = 'data_end';
  }

  /** @returns the offset where it stopped: `to`, or one past the end of the body (`done`), or the offending byte (`invalid`). */
  scan(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    while (at < to) {
      switch (this.state) {
        case 'data': {
          const n = Math.min(this.#remaining, to - at);
          at += n;
          this.skipData(n);
          break;
        }
        case 'size':
          if (!this.#size(bytes[at]!)) return at;
          at++;
          break;
        case 'extension':
          // `;` with nothing behind it is no extension (RFC 9112 7.1.1).
          if (bytes[at] === CR && this.#lineBytes === this.#digits + 1) this.irregular |= Irregular.invalid_chunk;
          if (!this.#lineByte(bytes[at]!)) return at;
          if (bytes[at] === LF) this.#sizeLineEnd();
          at++;
          break;
        case 'data_end':
          if (!this.#dataEnd(bytes[at]!)) return at;
          at++;
          break;
        case 'trailer_start':
        case 'trailer':
          if (!this.#trailer(bytes[at]!)) return at;
          at++;
          break;
        case 'done':
        case 'invalid':
          return at;
      }
    }
    return at;
  }

  #size(byte: number): boolean {
    const digit = HEX[byte]!;
    if (digit >= 0) {
      if (this.#sawCr || this.#lineBytes > this.#digits) return this.#invalid();
      this.#remaining = this.#remaining * 16 + digit;
      this.#digits++;
      this.#lineBytes++;
      return this.#remaining <= Number.MAX_SAFE_INTEGER || this.#invalid();
    }
    if (this.#digits === 0) return this.#invalid();
    if (!this.#lineByte(byte)) return false;
    if (byte === LF) this.#sizeLineEnd();
    else if (byte === SEMICOLON) this.state = 'extension';
    else if (byte !== CR && byte !== 32 && byte !== 9) return this.#invalid();
    return true;
  }

  /** Counts a byte of a line, and notes line ends that are not CRLF. */
  #lineByte(byte: number): boolean {
    if (++this.#lineBytes > MAX_LINE_BYTES) return this.#invalid();
    if (byte === LF && !this.#sawCr) this.irregular |= Irregular.bare_lf;
    if (byte !== LF && this.#sawCr) this.irregular |= Irregular.bare_cr;
    this.#sawCr = byte === CR;
    return true;
  }

  #sizeLineEnd(): void {
    this.state = this.#remaining === 0 ? 'trailer_start' : 'data';
    this.#digits = 0;
    this.#lineBytes = 0;
    this.#sawCr = false;
  }

  #dataEnd(byte: number): boolean {
    if (byte === CR && !this.#sawCr) {
      this.#sawCr = true;
      return true;
    }
    if (byte !== LF) return this.#invalid();
    if (!this.#sawCr) this.irregular |= Irregular.bare_lf;
    this.#sawCr = false;
    this.state = 'size';
    return true;
  }

  #trailer(byte: number): boolean {
    const empty = this.state === 'trailer_start';
    if (empty && byte === CR && !this.#sawCr) {
      this.#sawCr = true;
      return true;
    }
    if (byte === LF && empty) {
      if (!this.#sawCr) this.irregular |= Irregular.bare_lf;
      this.state = 'done';
      return true;
    }
    if (!this.#lineByte(byte)) return false;
    this.state = byte === LF ? 'trailer_start' : 'trailer';
    if (byte === LF) this.#sawCr = false;
    return true;
  }

  #invalid(): false {
    this.state = 'invalid';
    this.irregular |= Irregular.invalid_chunk;
    return false;
  }
}

/** The entity of a chunked body: bytes[from, to) without the framing; as much of it as is held. */
export function entityOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const scanner = new ChunkScanner();
  const pieces: Uint8Array[] = [];
  let at = from;
  while (at < to && !scanner.finished) {
    const data = scanner.dataRemaining;
    if (data > 0) {
      const end = Math.min(to, at + data);
      pieces.push(bytes.subarray(at, end));
      at = scanner.scan(bytes, at, end);
    } else {
      at = scanner.scan(bytes, at, at + 1);
      if (scanner.finished) break;
    }
  }
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

/** Where the trailer section of a complete chunked body begins, as header lines; = `to` less the empty line when there is none. */
export function trailersStart(bytes: Uint8Array, from: number, to: number): number {
  const scanner = new ChunkScanner();
  let at = from;
  while (at < to && scanner.state !== 'trailer_start' && scanner.state !== 'invalid') {
    const data = scanner.dataRemaining;
    at = scanner.scan(bytes, at, data > 0 ? Math.min(to, at + data) : at + 1);
  }
  return at;
}
