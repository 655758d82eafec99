import { hexDigit } from '../http/hex-digit.ts';
import { Irregular } from '../http/irregular.ts';
import type { BodyDifference } from './body-difference.ts';
import { SizeLine } from './size-line.ts';
import { TrailerLine } from './trailer-line.ts';

const LF = 10;
const CR = 13;

type State = 'size' | 'data' | 'data_end' | 'trailer_start' | 'trailer' | 'done' | 'invalid';

/**
 * Walks over the chunked coding (RFC 9112 7.1) without moving a byte: where the body ends and how long the entity is.
 * Bytes may come in any pieces; the state is all it keeps.
 */
export class ChunkScanner {
  state: State = 'size';
  /** It stopped before a byte that others read otherwise; happens once in a body for each reason. */
  differs: BodyDifference | '' = '';
  /** Entity bytes so far, framing taken off. */
  entityBytes = 0;
  readonly #line = new SizeLine();
  /** Of the present chunk's data. */
  #remaining = 0;
  readonly #trailer = new TrailerLine();
  /** The last byte behind data, or of the trailer section, was a CR. */
  #sawCr = false;
  /** Of what stands between the size lines. */
  #irregular = 0;
  /** What stands between data and the end of their line is passed over. */
  #passesRest = false;
  #hasRestDiffered = false;
  /** CR alone ends a line, and data need no line end. */
  #endsByHalf = false;
  #hasHalfDiffered = false;

  reset(): void {
    this.copyFrom(FRESH);
  }

  copyFrom(other: ChunkScanner): void {
    this.state = other.state;
    this.differs = other.differs;
    this.entityBytes = other.entityBytes;
    this.#line.copyFrom(other.#line);
    this.#remaining = other.#remaining;
    this.#trailer.copyFrom(other.#trailer);
    this.#sawCr = other.#sawCr;
    this.#irregular = other.#irregular;
    this.#passesRest = other.#passesRest;
    this.#hasRestDiffered = other.#hasRestDiffered;
    this.#endsByHalf = other.#endsByHalf;
    this.#hasHalfDiffered = other.#hasHalfDiffered;
  }

  isLevelWith(other: ChunkScanner): boolean {
    return this.state === other.state && this.#line.isLevelWith(other.#line) && this.entityBytes === other.entityBytes
      && this.#remaining === other.#remaining && this.#sawCr === other.#sawCr
      && this.#passesRest === other.#passesRest && this.#endsByHalf === other.#endsByHalf;
  }

  /** Bits of Irregular. */
  get irregular(): number {
    return this.#line.irregular | this.#irregular;
  }

  /** Bytes of the present chunk's data that are still to come: what a hole may swallow without harm to the framing. */
  get dataRemaining(): number {
    return this.state === 'data' ? this.#remaining : 0;
  }

  /** Passes over `bytes` of chunk data that are missing; at most dataRemaining. */
  skipData(bytes: number): void {
    this.#line.mayGoOn = false;
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
          if (this.#line.mayGoOn && this.#line.goesOnWith(bytes[at]!)) {
            this.differs = 'line_end';
            return at;
          }
          const n = Math.min(this.#remaining, to - at);
          at += n;
          this.skipData(n);
          break;
        }
        case 'size': {
          const lineAt = at;
          at = this.#line.read(bytes, at, to);
          // Where it is over before a byte, that one is data.
          if (!this.#goesOn() || at === lineAt) return at;
          break;
        }
        case 'data_end':
          if (this.#dataEnd(bytes[at]!)) at++;
          else if (!this.#isAtSize()) return at;
          break;
        case 'trailer_start':
        case 'trailer':
          if (this.#sawCr && bytes[at] !== LF && this.#isBehindCr()) return at;
          if (this.#trailer.isRequest(bytes[at]!)) {
            this.differs = 'trailer_line';
            return at;
          }
          this.#trailers(bytes[at]!);
          at++;
          break;
        case 'done':
        case 'invalid':
          return at;
      }
    }
    return at;
  }

  #isAtSize(): boolean { return this.state === 'size'; }

  /** Behind what was read of a size line. @returns false: its next byte is not taken */
  #goesOn(): boolean {
    const { outcome, dataBytes } = this.#line;
    switch (outcome) {
      case 'more': return true;
      case 'over':
        this.#remaining = dataBytes;
        this.state = dataBytes === 0 ? 'trailer_start' : 'data';
        return true;
      case 'invalid':
        this.state = 'invalid';
        if (this.#line.mayBeRequest) this.differs = 'request_line';
        return false;
      default:
        this.differs = outcome;
        return false;
    }
  }

  // --- other ways to read

  /** Its first line is not looked at as a request line. */
  passFirstLine(): void {
    this.#line.passFirst();
  }

  /** From here on only CRLF ends a size line: one that a bare LF has just ended goes on. */
  readByCrlf(): void {
    this.#line.readByCrlf();
    if (this.state !== 'data') return;
    this.state = 'size';
    this.#remaining = 0;
    this.#line.reopen();
  }

  /** From here on any byte ends a size. */
  readAnySizeEnd(): void {
    this.#line.readAnySizeEnd();
  }

  /** From here on what stands behind data is passed over, up to the end of the line. */
  passRest(): void {
    this.#passesRest = true;
  }

  /** From here on CR alone ends a line, and data need no line end. */
  endByHalf(): void {
    this.#endsByHalf = true;
    this.#line.endByCr();
  }

  /** The last chunk was the end of the body. @returns what was read behind it */
  endBeforeTrailer(): Buffer {
    this.state = 'done';
    return Buffer.from(this.#trailer.bytes);
  }

  // --- bytes behind data

  /** @returns false: this one is not taken */
  #dataEnd(byte: number): boolean {
    if (byte === LF) {
      if (!this.#sawCr) this.#irregular |= Irregular.bare_lf;
      this.#sawCr = false;
      this.state = 'size';
      return true;
    }
    if (byte === CR && !this.#sawCr) {
      this.#sawCr = true;
      return true;
    }
    return this.#oddDataEnd(byte);
  }

  /** No line end stands behind the data. @returns false: this byte is not taken */
  #oddDataEnd(byte: number): boolean {
    if (this.#passesRest) {
      this.#irregular |= Irregular.invalid_chunk;
      this.#sawCr = byte === CR;
      return true;
    }
    const isSize = hexDigit(byte) >= 0;
    if (this.#endsByHalf && isSize) {
      this.#irregular |= Irregular.invalid_chunk;
      this.#sawCr = false;
      this.state = 'size';
    } else if (!this.#hasRestDiffered) {
      this.#hasRestDiffered = true;
      this.differs = 'data_rest';
    } else if (isSize && !this.#hasHalfDiffered) {
      this.#hasHalfDiffered = true;
      this.differs = 'half_line_end';
    } else {
      this.#irregular |= Irregular.invalid_chunk;
      this.state = 'invalid';
    }
    return false;
  }

  /** In the trailer section another byte than LF stands behind a CR. @returns true: that was the end of the section */
  #isBehindCr(): boolean {
    this.#trailer.beginAnew();
    if (!this.#endsByHalf) return false;
    this.#irregular |= Irregular.bare_cr;
    this.#sawCr = false;
    const isOver = this.state === 'trailer_start';
    this.state = isOver ? 'done' : 'trailer_start';
    return isOver;
  }

  #trailers(byte: number): void {
    const empty = this.state === 'trailer_start';
    if (empty && byte === CR && !this.#sawCr) {
      this.#sawCr = true;
      return;
    }
    if (byte === LF && !this.#sawCr) this.#irregular |= Irregular.bare_lf;
    if (byte === LF && empty) {
      this.state = 'done';
      return;
    }
    if (byte !== LF && this.#sawCr) this.#irregular |= Irregular.bare_cr;
    this.#sawCr = byte === CR;
    this.state = byte === LF ? 'trailer_start' : 'trailer';
  }
}

const FRESH = new ChunkScanner();
