import { quantile, type Measures } from '../forward/measures.ts';
import { INDEX, Ledger, type CounterName } from '../ledger.ts';

/** A second each: a minute, and one more to take the first difference from. */
const KEPT_SAMPLES = 61;
/** Rates are of so many seconds: steady enough to be read, quick enough to be believed. */
const RATE_SAMPLES = 5;

interface Sample {
  readonly ms: number;
  readonly counters: Float64Array;
  readonly delays: Float64Array;
  readonly queueTimes: Float64Array;
}

/** Half of them were quicker than p50, all but one in a hundred than p99; ms; null = there were none. */
export interface Quantiles { readonly p50: number | null; readonly p99: number | null }

/** All counters, sampled about once a second, bounded to a minute: rates, and what the last minute brought. */
export class RateHistory {
  readonly #samples: Sample[] = [];
  #delayBounds: readonly number[] = [];

  sample(ledger: Ledger, measures: Measures, nowMs: number): void {
    this.#delayBounds = measures.delay.bounds;
    this.#samples.push({
      ms: nowMs, counters: ledger.values.slice(), delays: measures.delay.counts.slice(),
      queueTimes: measures.queueTime.counts.slice(),
    });
    if (this.#samples.length > KEPT_SAMPLES) this.#samples.shift();
  }

  /** Sum of some counters per second, over the last seconds; 0 before the second sample. */
  perSecond(...names: CounterName[]): number {
    const [last, first] = [this.#samples.at(-1), this.#samples.at(-Math.min(RATE_SAMPLES + 1, this.#samples.length))];
    return last === undefined || first === undefined ? 0 : rate(first, last, names);
  }

  /** The same between each two samples, oldest first: at most 60. */
  series(...names: CounterName[]): number[] {
    return this.#samples.slice(1).map((sample, i) => rate(this.#samples[i] ?? sample, sample, names));
  }

  /** What the counters have grown by in the last minute, or since the first sample. */
  lastMinute(): Ledger {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    const grown = new Ledger();
    if (first === undefined || last === undefined) return grown;
    last.counters.forEach((value, i) => { grown.values[i] = value - (first.counters[i] ?? 0); });
    return grown;
  }

  /** Of the deliveries of the last minute. */
  delays(): Quantiles {
    return this.#quantiles(({ delays }) => delays);
  }

  queueTimes(): Quantiles {
    return this.#quantiles(({ queueTimes }) => queueTimes);
  }

  #quantiles(of: (sample: Sample) => Float64Array): Quantiles {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined) return { p50: null, p99: null };
    const before = of(first);
    const counts = Array.from(of(last), (count, i) => count - (before[i] ?? 0));
    return { p50: quantile(0.5, this.#delayBounds, counts), p99: quantile(0.99, this.#delayBounds, counts) };
  }
}

function rate(a: Sample, b: Sample, names: readonly CounterName[]): number {
  if (a === b) return 0;
  const grown = names.reduce((sum, name) => sum + (b.counters[INDEX[name]] ?? 0) - (a.counters[INDEX[name]] ?? 0), 0);
  return grown * 1000 / Math.max(1, b.ms - a.ms);
}
