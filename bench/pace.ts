import { monotonicMs } from './monotonic.ts';

/** What was missed while this thread did not run is not made up for by a flood, beyond so much. */
const MAX_DEBT_MS = 10;

/** Without a warm-up the rate grows as slowly as this: what compilers do in the beginning is not what is tested. */
export const RAMP_MS = 5000;

/** When packets are due at a steady rate. */
export class Pace {
  readonly #perMs: number;
  readonly #rampMs: number;
  #clockMs = 0;
  #lastMs = monotonicMs();

  /** @param rampMs the rate grows from nothing during so long */
  constructor(perSecond: number, rampMs = 0) {
    this.#perMs = perSecond / 1000;
    this.#rampMs = rampMs;
  }

  /** How many are due by now (a time of the monotonic clock), all in all. */
  due(nowMs: number): number {
    this.#clockMs += Math.min(nowMs - this.#lastMs, MAX_DEBT_MS);
    this.#lastMs = nowMs;
    const steadyMs =
      this.#clockMs < this.#rampMs
        ? (this.#clockMs * this.#clockMs) / (2 * this.#rampMs)
        : this.#clockMs - this.#rampMs / 2;
    return Math.floor(this.#perMs * steadyMs);
  }
}
