/** A typed array of 32-bit words over a stretch of a buffer. */
type WordsOf<T> = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => T;

/**
 * The bytes of a buffer as 32-bit words, for loops that look at four bytes at a time. Capture sources reuse their slabs
 * and hand out parts of them: the words cover the whole buffer, and are made anew only for another buffer.
 */
export class AlignedWords<T extends Int32Array | Uint32Array> {
  words: T;
  /** Where in the buffer bytes[0] is: byte `i` is in word `i + shift >> 2`. */
  shift = 0;
  readonly #of: WordsOf<T>;
  #viewed: Uint8Array | null = null;
  #buffer: ArrayBufferLike = new ArrayBuffer(0);

  constructor(of: WordsOf<T>) {
    this.#of = of;
    this.words = new of(this.#buffer, 0, 0);
  }

  view(bytes: Uint8Array): void {
    if (bytes === this.#viewed) return;
    this.#viewed = bytes;
    this.shift = bytes.byteOffset;
    const { buffer } = bytes;
    if (buffer === this.#buffer) return;
    this.#buffer = buffer;
    this.words = new this.#of(buffer, 0, buffer.byteLength >> 2);
  }
}
