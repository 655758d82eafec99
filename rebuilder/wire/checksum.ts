import { AlignedWords } from './aligned-words.ts';
import { BLOCK_BYTES, blockSum } from './block-sum.ts';

/**
 * The Internet checksum (RFC 1071): the ones' complement sum does not depend on the byte order it is computed in, so
 * whole machine words are added and only the folded result is looked at.
 */
export class WordSum {
  readonly #aligned = new AlignedWords(Uint32Array);
  #viewed: Uint8Array | null = null;
  /** Of the buffer in view; null = its words are summed one by one. */
  #blockSum: ReturnType<typeof blockSum> = null;

  /**
   * Sum of the 16-bit words of `bytes[start..end)`, an odd last byte padded with zero: folded to 16 bits, not
   * complemented, and in the machine's (little-endian) byte order: see swap.
   */
  sum(bytes: Uint8Array, start: number, end: number): number {
    if (bytes !== this.#viewed) this.#view(bytes);
    const blocks = this.#blockSum;
    if (blocks === null || end - start < BLOCK_BYTES) return this.#sumWords(bytes, start, end);
    const { shift } = this.#aligned;
    const rest = end - (end - start) % BLOCK_BYTES;
    return fold((blocks(shift + start, shift + rest) >>> 0) + this.#sumWords(bytes, rest, end));
  }

  #view(bytes: Uint8Array): void {
    this.#viewed = bytes;
    this.#aligned.view(bytes);
    this.#blockSum = blockSum(bytes.buffer);
  }

  #sumWords(bytes: Uint8Array, start: number, end: number): number {
    const { words, shift } = this.#aligned;
    let at = start;
    // Sums of 32-bit words stay exact in a double up to 2^53: no carry to handle. Measured: twice as fast as 16-bit
    // halves.
    let sum = 0;
    const odd = ((shift + at) & 1) === 1 && at < end;
    if (odd) {
      // An odd start shifts every byte to the other half of its word; swapping the result puts them back (RFC 1071
      // 2.B).
      sum += bytes[at]! << 8;
      at++;
    }
    if (((shift + at) & 2) !== 0 && at + 2 <= end) {
      sum += bytes[at]! | (bytes[at + 1]! << 8);
      at += 2;
    }
    if (((shift + at) & 3) === 0) {
      const first = (shift + at) >> 2;
      const last = first + ((end - at) >> 2);
      sum += sumWords(words, first, last);
      at += (last - first) << 2;
    }
    if (at + 2 <= end) {
      sum += bytes[at]! | (bytes[at + 1]! << 8);
      at += 2;
    }
    if (at < end) sum += bytes[at]!;
    const folded = fold(sum);
    return odd ? swap(folded) : folded;
  }
}

/** Two sums side by side: neither addition waits for the other. */
function sumWords(words: Uint32Array, first: number, last: number): number {
  let even = 0;
  let odd = 0;
  let i = first | 0;
  for (const eight = (last - 7) | 0; i < eight; i = (i + 8) | 0) {
    even += words[i]! + words[i + 1]! + words[i + 2]! + words[i + 3]!;
    odd += words[i + 4]! + words[i + 5]! + words[i + 6]! + words[i + 7]!;
  }
  for (; i < last; i++) even += words[i]!;
  return even + odd;
}

/** A sum below 2^53 to 16 bits, end-around carry. */
export function fold(sum: number): number {
  let low = sum;
  if (low > 0xffff_ffff) low = (low >>> 0) + Math.floor(low / 0x1_0000_0000);
  if (low > 0xffff_ffff) low = (low >>> 0) + 1;
  let word = (low >>> 16) + (low & 0xffff);
  word = (word >>> 16) + (word & 0xffff);
  return word;
}

/** Between the machine's (little-endian) words and those of the network. */
export function swap(word: number): number {
  return ((word & 0xff) << 8) | (word >> 8);
}
