/** The same bytes as words of 32 bits, for loops that look at four at a time. A receive slab is read again and again, so its view is made once. */
export class AlignedWords {
  words: Int32Array = new Int32Array(0);
  /** Bytes of the first word that lie before bytes[0]: byte `i` is in word `i + shift >> 2`. */
  shift = 0;
  #viewed: Uint8Array | null = null;

  view(bytes: Uint8Array): void {
    if (bytes === this.#viewed) return;
    this.#viewed = bytes;
    this.shift = bytes.byteOffset & 3;
    this.words = new Int32Array(bytes.buffer, bytes.byteOffset - this.shift, (bytes.length + this.shift) >> 2);
  }
}
