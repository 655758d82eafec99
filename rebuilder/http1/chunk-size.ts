import { BLANK } from '../http/request-line.ts';

const PLUS = 0x2b;
const MINUS = 0x2d;
const UNDERSCORE = 0x5f;
const LOWER_X = 0x78;
const UPPER_X = 0x58;

/**
 * The size of a chunk as it comes, byte by byte, read as generously as any server does: int() of CPython takes `+15`,
 * `0x15`, `1_5` and blanks around it, line ends included.
 */
export class ChunkSize {
  /** Of the digits that have come. */
  value = 0;
  /** Digits so far; -1 = a sign or prefix that asks for some. */
  #digits = 0;
  /** It has a minus: it may be nothing but 0. */
  #isNegative = false;
  /** No digit may follow: a blank has ended it. */
  isEnded = false;

  get hasDigits(): boolean {
    return this.#digits > 0;
  }

  /** Another one begins. */
  clear(): void {
    this.value = 0;
    this.#digits = 0;
    this.#isNegative = false;
    this.isEnded = false;
  }

  /** It had come to its end, and its line goes on. */
  reopen(value: number): void {
    this.value = value;
    this.#digits = 1;
    this.isEnded = true;
  }

  copyFrom(other: ChunkSize): void {
    this.value = other.value;
    this.#digits = other.#digits;
    this.#isNegative = other.#isNegative;
    this.isEnded = other.isEnded;
  }

  isLevelWith(other: ChunkSize): boolean {
    return this.value === other.value && this.#digits === other.#digits;
  }

  /** @returns false: with this hexadecimal digit it is no size */
  add(digit: number): boolean {
    if (this.#isNegative && digit > 0) return false;
    this.value = this.value * 16 + digit;
    this.#digits = Math.max(this.#digits, 0) + 1;
    return this.value <= Number.MAX_SAFE_INTEGER;
  }

  /** A byte that is no digit, where one is missing or between two. @returns 'over' = it is none of the size any more */
  addOther(byte: number): 'taken' | 'over' | 'invalid' {
    if (this.#digits === 0 && BLANK[byte] === 1) return 'taken';
    const isPrefix = this.#digits === 1 && this.value === 0 && isX(byte);
    if (isPrefix || (this.#digits === 0 && (byte === PLUS || byte === MINUS))) {
      this.#isNegative ||= byte === MINUS;
      this.#digits = -1;
      return 'taken';
    }
    if (this.#digits <= 0) return 'invalid';
    return byte === UNDERSCORE && !this.isEnded ? 'taken' : 'over';
  }
}

/** Is the byte one that may stand between two digits? */
export function mayJoinDigits(byte: number): boolean {
  return byte === UNDERSCORE || isX(byte);
}

function isX(byte: number): boolean {
  return byte === LOWER_X || byte === UPPER_X;
}
