import { Irregular } from '../http/irregular.ts';
import { BLANK } from '../http/request-line.ts';
import type { ChunkDifference } from './chunk-difference.ts';
import { TrailerLine } from './trailer-line.ts';

const LF = 10;
const CR = 13;
const SP = 32;
const TAB = 9;
const SEMICOLON = 59;
const PLUS = 0x2b;
const MINUS = 0x2d;
const UNDERSCORE = 0x5f;
const LOWER_X = 0x78;
const UPPER_X = 0x58;

const HEX = new Int8Array(256).fill(-1);
for (let i = 0; i < 16; i++) {
  HEX[i.toString(16).charCodeAt(0)] = i;
  HEX[i.toString(16).toUpperCase().charCodeAt(0)] = i;
}

type State = 'size' | 'extension' | 'data' | 'data_end' | 'trailer_start' | 'trailer' | 'done' | 'invalid';

/**
 * How a chunk's size line ends where a bare LF stands in its extension: with it, for most servers; at the next CRLF,
 * for those that look for one.
 */
type ChunkDialect = 'lf' | 'crlf';

/**
 * Walks over the chunked coding (RFC 9112 7.1) without moving a byte: where the body ends and how long the entity is.
 * Bytes may come in any pieces; the state is all it keeps. Sizes are read as generously as any server does (CPython's
 * int() takes `+15`, `0x15`, `1_5` and blanks around it, line ends included), and a line may be of any length: nothing
 * of it is held.
 */
export class ChunkScanner {
  state: State = 'size';
  dialect: ChunkDialect = 'lf';
  /** It stopped before a byte that others read otherwise; happens once in a body for each reason. */
  differs: ChunkDifference | '' = '';
  /** Entity bytes so far, framing taken off. */
  entityBytes = 0;
  irregular = 0;
  #remaining = 0;
  /** Digits of the present size; -1 = a sign or prefix that asks for some. */
  #digits = 0;
  /** The present size has a minus: it may be nothing but 0. */
  #isNegative = false;
  /** No digit may follow: a blank ended the size. */
  #sizeEnded = false;
  #isBareExtension = false;
  #hasDiffered = false;
  /** A bare LF has just ended a size line: others may read on to its CRLF. */
  #mayGoOn = false;
  /** In the first line: 1, or 2 behind its first blank; 0 = it cannot be a request line any more. */
  #firstLine = 1;
  #sawCr = false;
  /** Any other byte ends a size: what follows up to the line's end is for nothing. */
  #isAnySizeEnd = false;
  #hasSizeEndDiffered = false;
  readonly trailer = new TrailerLine();

  reset(): void {
    this.copyFrom(FRESH);
  }

  /** Its first line is not looked at as a request line. */
  passFirstLine(): void {
    this.#firstLine = 0;
  }

  copyFrom(other: ChunkScanner): void {
    this.state = other.state;
    this.dialect = other.dialect;
    this.differs = other.differs;
    this.entityBytes = other.entityBytes;
    this.irregular = other.irregular;
    this.#remaining = other.#remaining;
    this.#digits = other.#digits;
    this.#isNegative = other.#isNegative;
    this.#sizeEnded = other.#sizeEnded;
    this.#isBareExtension = other.#isBareExtension;
    this.#hasDiffered = other.#hasDiffered;
    this.#mayGoOn = other.#mayGoOn;
    this.#firstLine = other.#firstLine;
    this.#sawCr = other.#sawCr;
    this.#isAnySizeEnd = other.#isAnySizeEnd;
    this.#hasSizeEndDiffered = other.#hasSizeEndDiffered;
    this.trailer.copyFrom(other.trailer);
  }

  isLevelWith(other: ChunkScanner): boolean {
    return this.state === other.state && this.dialect === other.dialect && this.#isAnySizeEnd === other.#isAnySizeEnd
      && this.entityBytes === other.entityBytes && this.#remaining === other.#remaining
      && this.#digits === other.#digits && this.#sawCr === other.#sawCr;
  }

  /** Bytes of the present chunk's data that are still to come: what a hole may swallow without harm to the framing. */
  get dataRemaining(): number {
    return this.state === 'data' ? this.#remaining : 0;
  }

  /** Passes over `bytes` of chunk data that are missing; at most dataRemaining. */
  skipData(bytes: number): void {
    this.#mayGoOn = false;
    this.#remaining -= bytes;
    this.entityBytes += bytes;
    if (this.#remaining === 0) this.state = 'data_end';
  }

  /** @returns where the body that begins at `from` ends; -1: not before `to`, or not for every server */
  wholeEnd(bytes: Uint8Array, from: number, to: number): number {
    this.reset();
    const end = this.scan(bytes, from, to);
    return this.state === 'done' && this.differs === '' ? end : -1;
  }

  /**
   * @returns the offset where it stopped: `to`, or one past the end of the body (`done`), or the offending byte
   * (`invalid`, or `differs`).
   */
  scan(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    while (at < to) {
      switch (this.state) {
        case 'data': {
          if (this.#mayGoOn && this.#goesOn(bytes[at]!)) return at;
          const n = Math.min(this.#remaining, to - at);
          at += n;
          this.skipData(n);
          break;
        }
        case 'size':
          if (this.#firstLine !== 0 && this.#hasSecondWord(bytes[at]!)) return at;
          if (!this.#size(bytes[at]!)) return at;
          at++;
          break;
        case 'extension':
          if (this.#firstLine !== 0 && this.#hasSecondWord(bytes[at]!)) return at;
          if (!this.#extension(bytes[at]!)) return at;
          at++;
          break;
        case 'data_end':
          if (!this.#dataEnd(bytes[at]!)) return at;
          at++;
          break;
        case 'trailer_start':
        case 'trailer':
          if (this.trailer.isRequest(bytes[at]!)) {
            this.differs = 'trailer_line';
            return at;
          }
          this.#trailer(bytes[at]!);
          at++;
          break;
        case 'done':
        case 'invalid':
          return at;
      }
    }
    return at;
  }

  /** From here on only CRLF ends a size line: one that a bare LF has just ended goes on. */
  readByCrlf(): void {
    this.dialect = 'crlf';
    if (this.state !== 'data') return;
    this.state = 'size';
    this.#digits = 1;
    this.#sizeEnded = true;
  }

  /** From here on any byte ends a size. */
  readAnySizeEnd(): void {
    this.#isAnySizeEnd = true;
  }

  /** The last chunk was the end of the body. @returns what was read behind it */
  endBeforeTrailer(): Buffer {
    this.state = 'done';
    return Buffer.from(this.trailer.bytes);
  }

  /** The first byte of data may be of the size line, too: gunicorn takes blanks there, and drops what follows `;`. */
  #goesOn(byte: number): boolean {
    this.#mayGoOn = false;
    if (this.#hasDiffered || (BLANK[byte] === 0 && byte !== SEMICOLON)) return false;
    this.#hasDiffered = true;
    this.differs = 'line_end';
    return true;
  }

  /** Looks at a byte of the first line: the second word makes it one that may be a request's. */
  #hasSecondWord(byte: number): boolean {
    if (byte === CR || byte === LF) return false;
    if (BLANK[byte] === 1) {
      this.#firstLine = 2;
      return false;
    }
    if (this.#firstLine === 1) return false;
    this.#firstLine = 0;
    this.differs = 'request_line';
    return true;
  }

  #size(byte: number): boolean {
    const digit = HEX[byte]!;
    if (this.#sizeEnded && !this.#sawCr && byte !== CR && byte !== LF && byte !== SEMICOLON && BLANK[byte] === 0) {
      // nginx takes whatever stands behind a blank for an extension.
      return this.#passToLineEnd();
    }
    if (digit >= 0) {
      if (this.#sawCr || (this.#isNegative && digit > 0)) return this.#invalid();
      this.#remaining = this.#remaining * 16 + digit;
      this.#digits = Math.max(this.#digits, 0) + 1;
      return this.#remaining <= Number.MAX_SAFE_INTEGER || this.#invalid();
    }
    if (this.#digits <= 0 || byte === UNDERSCORE || byte === LOWER_X || byte === UPPER_X) return this.#oddSize(byte);
    if (byte === LF) {
      const isBare = !this.#sawCr;
      this.#lineByte(byte);
      this.#sizeEnded = true;
      if (isBare && this.dialect === 'crlf') return true;
      this.#sizeLineEnd();
      this.#mayGoOn = isBare;
    } else if (byte === SEMICOLON) {
      this.#lineByte(byte);
      this.state = 'extension';
      this.#isBareExtension = true;
    } else if (byte === CR) {
      this.#lineByte(byte);
    } else if (BLANK[byte] === 1) {
      if (byte !== SP && byte !== TAB) this.irregular |= Irregular.invalid_chunk;
      this.#lineByte(byte);
      this.#sizeEnded = true;
    } else {
      return this.#oddSizeEnd();
    }
    return true;
  }

  /** What stands behind the size is for nothing. */
  #passToLineEnd(): true {
    this.irregular |= Irregular.invalid_chunk;
    this.state = 'extension';
    this.#isBareExtension = false;
    return true;
  }

  /** What is no part of a size stands behind its digits. */
  #oddSizeEnd(): boolean {
    if (this.#isAnySizeEnd && !this.#sawCr) return this.#passToLineEnd();
    if (this.#hasSizeEndDiffered || this.#sawCr) return this.#invalid();
    this.#hasSizeEndDiffered = true;
    this.differs = 'size_end';
    return false;
  }

  /** What int() of CPython takes before and between the digits. */
  #oddSize(byte: number): boolean {
    this.irregular |= Irregular.invalid_chunk;
    if (this.#digits === 0 && (BLANK[byte] === 1 || byte === LF)) return true;
    const isPrefix = this.#digits === 1 && this.#remaining === 0 && (byte === LOWER_X || byte === UPPER_X);
    if (isPrefix || (this.#digits === 0 && (byte === PLUS || byte === MINUS))) {
      this.#isNegative ||= byte === MINUS;
      this.#digits = -1;
      return true;
    }
    if (this.#digits <= 0) return this.#invalid();
    return (byte === UNDERSCORE && !this.#sizeEnded) || this.#oddSizeEnd();
  }

  #extension(byte: number): boolean {
    if (byte === LF && !this.#sawCr) {
      if (this.dialect === 'crlf') {
        this.irregular |= Irregular.bare_lf;
        return true;
      }
      if (!this.#hasDiffered) {
        this.#hasDiffered = true;
        this.differs = 'line_end';
        return false;
      }
    }
    // `;` with nothing behind it is no extension (RFC 9112 7.1.1).
    if (byte === CR && this.#isBareExtension) this.irregular |= Irregular.invalid_chunk;
    this.#isBareExtension = false;
    this.#lineByte(byte);
    if (byte === LF) this.#sizeLineEnd();
    return true;
  }

  /** Notes line ends that are not CRLF. */
  #lineByte(byte: number): void {
    if (byte === LF && !this.#sawCr) this.irregular |= Irregular.bare_lf;
    if (byte !== LF && this.#sawCr) this.irregular |= Irregular.bare_cr;
    this.#sawCr = byte === CR;
  }

  #sizeLineEnd(): void {
    this.state = this.#remaining === 0 ? 'trailer_start' : 'data';
    this.#firstLine = 0;
    this.#digits = 0;
    this.#isNegative = false;
    this.#sizeEnded = false;
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

  #trailer(byte: number): void {
    const empty = this.state === 'trailer_start';
    if (empty && byte === CR && !this.#sawCr) {
      this.#sawCr = true;
      return;
    }
    if (byte === LF && empty) {
      if (!this.#sawCr) this.irregular |= Irregular.bare_lf;
      this.state = 'done';
      return;
    }
    this.#lineByte(byte);
    this.state = byte === LF ? 'trailer_start' : 'trailer';
    if (byte === LF) this.#sawCr = false;
  }

  #invalid(): false {
    this.state = 'invalid';
    if (this.#firstLine !== 0) this.differs = 'request_line';
    this.irregular |= Irregular.invalid_chunk;
    return false;
  }
}

const FRESH = new ChunkScanner();
