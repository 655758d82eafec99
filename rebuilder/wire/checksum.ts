/**
 * The Internet checksum (RFC 1071): the ones' complement sum does not depend on the byte order it is computed in, so whole machine
 * words are added and only the folded result is looked at. One view of the last buffer is kept: capture sources reuse their slabs.
 */
export class WordSum {
  #buffer: ArrayBufferLike = new ArrayBuffer(0);
  #words: Int32Array = new Int32Array(0);

  /**
   * Sum of the 16-bit words of `bytes[start..end)`, an odd last byte padded with zero: folded to 16 bits, not complemented, and in the
   * machine's (little-endian) byte order: see swap. At most 64 KiB at a time.
   */
  sum(bytes: Uint8Array, start: number, end: number): number {
    if (bytes.buffer !== this.#buffer) {
      this.#buffer = bytes.buffer;
      this.#words = new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2);
    }
    const words = this.#words;
    let at = bytes.byteOffset + start;
    const stop = bytes.byteOffset + end;
    let low = 0;
    let high = 0;
    const odd = (at & 1) === 1 && at < stop;
    // An odd start shifts every byte to the other half of its word; swapping the result puts them back (RFC 1071 2.B).
    if (odd) {
      high += bytes[start]! << 8;
      at++;
    }
    if ((at & 2) !== 0 && at + 2 <= stop) {
      low += bytes[at - bytes.byteOffset]! | (bytes[at - bytes.byteOffset + 1]! << 8);
      at += 2;
    }
    let i = at >> 2;
    const last = (at & 2) === 0 ? stop >> 2 : i;
    for (const four = last - 3; i < four; i += 4) {
      const a = words[i]!;
      const b = words[i + 1]!;
      const c = words[i + 2]!;
      const d = words[i + 3]!;
      low = (low + (a & 0xffff) + (b & 0xffff) + (c & 0xffff) + (d & 0xffff)) | 0;
      high = (high + (a >>> 16) + (b >>> 16) + (c >>> 16) + (d >>> 16)) | 0;
    }
    for (; i < last; i++) {
      low = (low + (words[i]! & 0xffff)) | 0;
      high = (high + (words[i]! >>> 16)) | 0;
    }
    if (last << 2 > at) at = last << 2;
    if (at + 2 <= stop) {
      low += bytes[at - bytes.byteOffset]! | (bytes[at - bytes.byteOffset + 1]! << 8);
      at += 2;
    }
    if (at < stop) low += bytes[at - bytes.byteOffset]!;
    const folded = fold((low >>> 0) + (high >>> 0));
    return odd ? swap(folded) : folded;
  }
}

/** To 16 bits, end-around carry. */
export function fold(sum: number): number {
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}

/** Between the machine's (little-endian) words and those of the network. */
export function swap(word: number): number {
  return ((word & 0xff) << 8) | (word >> 8);
}
