/** Deterministic pseudo-random numbers (mulberry32): the same seed builds the same load, byte for byte. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** 0 <= result < 2^32 */
  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** 0 <= result < n */
  below(n: number): number {
    return Math.floor(this.uint32() / 0x1_0000_0000 * n);
  }

  /** min <= result <= max */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  chance(probability: number): boolean {
    return this.uint32() < probability * 0x1_0000_0000;
  }
}
