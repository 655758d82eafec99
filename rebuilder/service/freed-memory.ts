/** So much more than after the last time may be free memory that nobody else gets. */
const STEP_BYTES = 64 << 20;

/**
 * Buffers of messages are malloc's. What is freed of them malloc keeps, in pieces that V8's heap cannot use: after a
 * flood of half requests that were 300 MiB for as long as the process lived. It is given back as the process grows.
 */
export class FreedMemory {
  readonly #trim: () => void;
  readonly #resident: () => number;
  #least = Infinity;

  /** @param trim gives it back: some ms of CPU for each 64 MiB */
  constructor(trim: () => void, resident: () => number = process.memoryUsage.rss) {
    this.#trim = trim;
    this.#resident = resident;
  }

  /** To be called once a second; most times it reads one number. */
  look(): void {
    const resident = this.#resident();
    if (resident < this.#least + STEP_BYTES) {
      this.#least = Math.min(this.#least, resident);
      return;
    }
    this.#trim();
    this.#least = this.#resident();
  }
}
