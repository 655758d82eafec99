/** A typed array of words over a stretch of a buffer. */
interface WordsOf<T> {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
}

/**
 * The bytes of a buffer as words of 32 or 64 bits, for loops that take a word a step. Capture sources reuse their slabs
 * and hand out parts of them: the words cover the whole buffer, and are made anew only for another buffer.
 */
export class AlignedWords<T extends Int32Array | Uint32Array | BigInt64Array> {
  /** All whole words of the buffer. */
  words: T;
  /** Where in the buffer bytes[0] is: byte `i` is byte `i + shift` of the words. */
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
    this.words = new this.#of(buffer, 0, Math.floor(buffer.byteLength / this.#of.BYTES_PER_ELEMENT));
  }
}
