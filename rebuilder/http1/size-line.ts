import { hexDigit } from '../http/hex-digit.ts';
import { Irregular } from '../http/irregular.ts';
import { BLANK } from '../http/request-line.ts';
import type { BodyDifference } from './body-difference.ts';
import { ChunkSize, mayJoinDigits } from './chunk-size.ts';
import { FirstSizeLine } from './first-size-line.ts';

const LF = 10;
const CR = 13;
const SP = 32;
const TAB = 9;
const SEMICOLON = 59;

/** Of reading on in a line; a BodyDifference once in a body for each, before a byte that others read otherwise. */
type Outcome = 'more' | 'over' | 'invalid' | BodyDifference;

/**
 * The line before a chunk's data (RFC 9112 7.1): its size, and an extension. It may be of any length: nothing of it is
 * held. One object reads all lines of a body.
 */
export class SizeLine {
  /** What `read` came to. */
  outcome: Outcome = 'more';
  /** Of the chunk whose line ended last. */
  dataBytes = 0;
  /** Bits of Irregular, of all lines. */
  irregular = 0;
  readonly #size = new ChunkSize();
  readonly #first = new FirstSizeLine();
  /** It has come to what is for nothing, up to the line's end. */
  #isExtension = false;
  #isBareExtension = false;
  #sawCr = false;
  /** It ends with CRLF alone, also where a bare LF stands: with that it ends for most servers. */
  #isByCrlf = false;
  #hasEndDiffered = false;
  /** A bare LF has just ended it: others may read on to its CRLF. */
  mayGoOn = false;
  /** CR alone ends it. */
  #endsByCr = false;
  #hasCrDiffered = false;
  /** Any other byte ends a size. */
  #isAnySizeEnd = false;
  #hasSizeEndDiffered = false;

  copyFrom(other: SizeLine): void {
    this.dataBytes = other.dataBytes;
    this.irregular = other.irregular;
    this.#size.copyFrom(other.#size);
    this.#first.copyFrom(other.#first);
    this.#isExtension = other.#isExtension;
    this.#isBareExtension = other.#isBareExtension;
    this.#sawCr = other.#sawCr;
    this.#isByCrlf = other.#isByCrlf;
    this.#hasEndDiffered = other.#hasEndDiffered;
    this.mayGoOn = other.mayGoOn;
    this.#endsByCr = other.#endsByCr;
    this.#hasCrDiffered = other.#hasCrDiffered;
    this.#isAnySizeEnd = other.#isAnySizeEnd;
    this.#hasSizeEndDiffered = other.#hasSizeEndDiffered;
  }

  isLevelWith(other: SizeLine): boolean {
    return this.#isByCrlf === other.#isByCrlf && this.#endsByCr === other.#endsByCr
      && this.#isAnySizeEnd === other.#isAnySizeEnd
      && this.#isExtension === other.#isExtension && this.#sawCr === other.#sawCr
      && this.#size.isLevelWith(other.#size);
  }

  /** It may be a request line for those who know no chunks. */
  get mayBeRequest(): boolean {
    return this.#first.isOpen;
  }

  /** The first one is not looked at as a request line. */
  passFirst(): void {
    this.#first.pass();
  }

  /** From here on only CRLF ends it. */
  readByCrlf(): void {
    this.#isByCrlf = true;
  }

  /** From here on CR alone ends it. */
  endByCr(): void {
    this.#endsByCr = true;
  }

  /** From here on any byte ends a size. */
  readAnySizeEnd(): void {
    this.#isAnySizeEnd = true;
  }

  /** The line that ended last goes on. */
  reopen(): void {
    this.#size.reopen(this.dataBytes);
  }

  /** Reads on in bytes[from, to). @returns where it stopped: behind the line, or before a byte that it has not taken */
  read(bytes: Uint8Array, from: number, to: number): number {
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!;
      if (this.#sawCr && byte !== LF && this.#isOverByCr()) return at;
      const outcome = this.#byte(byte);
      if (outcome === 'more') continue;
      this.outcome = outcome;
      return outcome === 'over' ? at + 1 : at;
    }
    this.outcome = 'more';
    return to;
  }

  /** Another byte than LF stands behind a CR. @returns true: it is not taken */
  #isOverByCr(): boolean {
    if (this.#endsByCr) {
      this.irregular |= Irregular.bare_cr;
      this.outcome = this.#over();
      return true;
    }
    if (this.#hasCrDiffered) return false;
    this.#hasCrDiffered = true;
    this.outcome = 'half_line_end';
    return true;
  }

  #byte(byte: number): Outcome {
    if (this.#first.isOpen && this.#first.isRequest(byte)) return 'request_line';
    return this.#isExtension ? this.#extension(byte) : this.#sizeByte(byte);
  }

  /** Is the first byte of data one of the line for others? gunicorn takes blanks there, and drops what follows `;`. */
  goesOnWith(byte: number): boolean {
    this.mayGoOn = false;
    if (this.#hasEndDiffered || (BLANK[byte] === 0 && byte !== SEMICOLON)) return false;
    this.#hasEndDiffered = true;
    return true;
  }

  /** Short, so that V8 inlines it: nearly all lines are digits and CRLF. */
  #sizeByte(byte: number): Outcome {
    const size = this.#size;
    const digit = hexDigit(byte);
    if (digit >= 0 && !size.isEnded) return !this.#sawCr && size.add(digit) ? 'more' : this.#invalid();
    if (!size.hasDigits || digit >= 0) return this.#oddByte(byte, digit);
    if (byte === LF) return this.#sizeEnd();
    if (byte !== CR) return this.#oddByte(byte, digit);
    this.#lineByte(byte);
    return 'more';
  }

  #sizeEnd(): 'more' | 'over' {
    const isBare = !this.#sawCr;
    this.#lineByte(LF);
    this.#size.isEnded = true;
    if (isBare && this.#isByCrlf) return 'more';
    this.mayGoOn = isBare;
    return this.#over();
  }

  /** Neither a digit of the size nor its line end. */
  #oddByte(byte: number, digit: number): 'more' | 'invalid' | 'size_end' {
    const size = this.#size;
    const isBlank = BLANK[byte] === 1;
    // nginx takes whatever stands behind a blank for an extension.
    if (size.isEnded && !this.#sawCr && byte !== SEMICOLON && !isBlank) return this.#passToEnd();
    if (digit >= 0) return this.#invalid();
    if (!size.hasDigits || mayJoinDigits(byte)) return this.#oddSize(byte);
    if (byte === SEMICOLON) {
      this.#isExtension = true;
      this.#isBareExtension = true;
    } else if (!isBlank) {
      return this.#oddSizeEnd();
    } else {
      if (byte !== SP && byte !== TAB) this.irregular |= Irregular.invalid_chunk;
      size.isEnded = true;
    }
    this.#lineByte(byte);
    return 'more';
  }

  /** What stands behind the size is for nothing. */
  #passToEnd(): 'more' {
    this.irregular |= Irregular.invalid_chunk;
    this.#isExtension = true;
    this.#isBareExtension = false;
    return 'more';
  }

  /** What is no part of a size stands behind its digits. */
  #oddSizeEnd(): 'more' | 'invalid' | 'size_end' {
    if (this.#isAnySizeEnd && !this.#sawCr) return this.#passToEnd();
    if (this.#hasSizeEndDiffered || this.#sawCr) return this.#invalid();
    this.#hasSizeEndDiffered = true;
    return 'size_end';
  }

  #oddSize(byte: number): 'more' | 'invalid' | 'size_end' {
    this.irregular |= Irregular.invalid_chunk;
    switch (this.#size.addOther(byte)) {
      case 'taken': return 'more';
      case 'over': return this.#oddSizeEnd();
      case 'invalid': return 'invalid';
    }
  }

  #extension(byte: number): 'more' | 'over' | 'line_end' {
    if (byte === LF && !this.#sawCr) {
      if (this.#isByCrlf) {
        this.irregular |= Irregular.bare_lf;
        return 'more';
      }
      if (!this.#hasEndDiffered) {
        this.#hasEndDiffered = true;
        return 'line_end';
      }
    }
    // `;` with nothing behind it is no extension (RFC 9112 7.1.1).
    if (byte === CR && this.#isBareExtension) this.irregular |= Irregular.invalid_chunk;
    this.#isBareExtension = false;
    this.#lineByte(byte);
    return byte === LF ? this.#over() : 'more';
  }

  /** Notes line ends that are not CRLF. */
  #lineByte(byte: number): void {
    if (byte === LF && !this.#sawCr) this.irregular |= Irregular.bare_lf;
    if (byte !== LF && this.#sawCr) this.irregular |= Irregular.bare_cr;
    this.#sawCr = byte === CR;
  }

  #over(): 'over' {
    this.dataBytes = this.#size.value;
    this.#size.clear();
    this.#first.pass();
    this.#isExtension = false;
    this.#sawCr = false;
    return 'over';
  }

  #invalid(): 'invalid' {
    this.irregular |= Irregular.invalid_chunk;
    return 'invalid';
  }
}
