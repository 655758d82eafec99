/** So many a second, evenly: what is not taken adds up to one second's worth. */
export class Allowance {
  readonly #perSecond: number;
  readonly #clock: () => number;
  #left: number;
  #sinceMs: number;

  /** @param clock ms, steady */
  constructor(perSecond: number, clock: () => number) {
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#left = perSecond;
    this.#sinceMs = clock();
  }

  take(): boolean {
    if (this.#left < 1) {
      const nowMs = this.#clock();
      this.#left = Math.min(this.#perSecond, this.#left + (nowMs - this.#sinceMs) * this.#perSecond / 1000);
      this.#sinceMs = nowMs;
      if (this.#left < 1) return false;
    }
    this.#left--;
    return true;
  }
}
