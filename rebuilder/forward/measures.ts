/**
 * Upper bounds of the delays that are told apart, ms: from less than the shortest pause of ours to the longest deadline
 * by default.
 */
const DELAY_BOUNDS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000] as const;
/** Upper bounds of sizes, bytes: a small GET has some hundred, `forward.body_limit` is 8 MiB by default. */
const SIZE_BOUNDS_BYTES = [
  256, 512, 1024, 2048, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216,
] as const;

/** What is measured of each request, and of each exchange, that is delivered. */
export const MEASURES = {
  /** From the moment it was handed over for delivery to the node's final response. */
  delay: DELAY_BOUNDS_MS,
  /** From the moment it was handed over until its bytes were first written to a connection. */
  queueTime: DELAY_BOUNDS_MS,
  /** Bytes sent to the node, our own lines included. */
  size: SIZE_BOUNDS_BYTES,
  /** The same of each exchange that is delivered to a native node. */
  exchangeDelay: DELAY_BOUNDS_MS,
  exchangeQueueTime: DELAY_BOUNDS_MS,
  exchangeSize: SIZE_BOUNDS_BYTES,
} as const;
export type MeasureName = keyof typeof MEASURES;
export const MEASURE_NAMES = Object.keys(MEASURES) as readonly MeasureName[];

/** One count a bound, one for what is beyond, and the sum of all values. */
const slots = (bounds: readonly number[]): number => bounds.length + 2;
export const MEASURE_SLOTS = MEASURE_NAMES.reduce((sum, name) => sum + slots(MEASURES[name]), 0);

/** A histogram in a row of numbers that may lie in shared memory. To observe is a few comparisons and two additions. */
export class Histogram {
  readonly bounds: readonly number[];
  /**
   * How many values there were up to each bound and above the one before it; behind them how many were larger than all.
   */
  readonly counts: Float64Array;
  readonly #sum: Float64Array;

  constructor(bounds: readonly number[], numbers: Float64Array) {
    this.bounds = bounds;
    this.counts = numbers.subarray(0, bounds.length + 1);
    this.#sum = numbers.subarray(bounds.length + 1, bounds.length + 2);
  }

  observe(value: number): void {
    let i = 0;
    while (i < this.bounds.length && value > this.bounds[i]!) i++;
    this.counts[i]!++;
    this.#sum[0]! += value;
  }

  get sum(): number {
    return this.#sum[0]!;
  }

  get count(): number {
    return this.counts.reduce((all, one) => all + one, 0);
  }
}

/** All measures of a thread, or of all of them. */
export class Measures implements Readonly<Record<MeasureName, Histogram>> {
  readonly numbers: Float64Array;
  readonly delay: Histogram;
  readonly queueTime: Histogram;
  readonly size: Histogram;
  readonly exchangeDelay: Histogram;
  readonly exchangeQueueTime: Histogram;
  readonly exchangeSize: Histogram;

  constructor(numbers: Float64Array = new Float64Array(MEASURE_SLOTS)) {
    this.numbers = numbers;
    let at = 0;
    const next = (bounds: readonly number[]): Histogram =>
      new Histogram(bounds, numbers.subarray(at, (at += slots(bounds))));
    this.delay = next(MEASURES.delay);
    this.queueTime = next(MEASURES.queueTime);
    this.size = next(MEASURES.size);
    this.exchangeDelay = next(MEASURES.exchangeDelay);
    this.exchangeQueueTime = next(MEASURES.exchangeQueueTime);
    this.exchangeSize = next(MEASURES.exchangeSize);
  }

  add(other: Measures): void {
    for (let i = 0; i < this.numbers.length; i++) this.numbers[i]! += other.numbers[i]!;
  }
}

/**
 * The value below which a share of the observations lies, interpolated within its bounds as Prometheus'
 * histogram_quantile does.
 * @param counts of the same bounds, such as the difference of two moments
 * @returns null when nothing was observed; the last bound when it lies beyond it
 */
export function quantile(share: number, bounds: readonly number[], counts: readonly number[]): number | null {
  const total = counts.reduce((sum, one) => sum + one, 0);
  if (total === 0) return null;
  let below = 0;
  for (let i = 0; i < bounds.length; i++) {
    const here = counts[i]!;
    if (below + here >= share * total) {
      const from = i === 0 ? 0 : bounds[i - 1]!;
      return from + (bounds[i]! - from) * (here === 0 ? 1 : (share * total - below) / here);
    }
    below += here;
  }
  return bounds.at(-1)!;
}
