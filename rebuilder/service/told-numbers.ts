const GENERATION_BYTES = 8;

/**
 * Numbers of one moment, in shared memory, that one thread tells and another reads at any time: those that are counted
 * while somebody reads them belong to several moments, and their sums to none. They are there twice, and the generation
 * says which ones were told last.
 */
export class ToldNumbers {
  /** How often they were told. */
  readonly #generation: Int32Array;
  readonly #copies: readonly [Float64Array, Float64Array];

  constructor(buffer: SharedArrayBuffer, at: number, count: number) {
    this.#generation = new Int32Array(buffer, at, 1);
    const [first, second] = [at + GENERATION_BYTES, at + GENERATION_BYTES + count * 8];
    this.#copies = [new Float64Array(buffer, first, count), new Float64Array(buffer, second, count)];
  }

  /** Bytes of shared memory for so many of them. */
  static bytes(count: number): number {
    return GENERATION_BYTES + 2 * count * 8;
  }

  tell(numbers: Float64Array): void {
    const next = Atomics.load(this.#generation, 0) + 1 | 0;
    this.#copies[next & 1 ? 1 : 0].set(numbers);
    Atomics.store(this.#generation, 0, next);
  }

  /** A copy. */
  read(): Float64Array {
    for (;;) {
      const generation = Atomics.load(this.#generation, 0);
      const copy = this.#copies[generation & 1 ? 1 : 0].slice();
      // Told again meanwhile: the next time may have begun to overwrite what was copied.
      if (Atomics.load(this.#generation, 0) === generation) return copy;
    }
  }
}
