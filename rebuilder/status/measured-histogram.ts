import { Histogram } from 'prom-client';
import type { Histogram as Measured } from '../forward/measures.ts';

interface Value {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** A Prometheus histogram whose counts are kept elsewhere: in memory that all threads write to. */
export class MeasuredHistogram extends Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #scale: number;
  readonly #read: () => Measured;

  /** @param scale what a measured value is divided by to be in the base unit: 1000 for ms */
  constructor(name: string, help: string, scale: number, read: () => Measured) {
    super({ name, help, registers: [] });
    this.#name = name;
    this.#help = help;
    this.#scale = scale;
    this.#read = read;
  }

  /** What Registry.metrics() and get() ask: the values of this moment. */
  async getForPromString(): Promise<{ name: string; help: string; type: 'histogram'; aggregator: 'sum'; values: readonly Value[] }> {
    const measured = this.#read();
    let below = 0;
    const buckets = [...measured.bounds.map((bound) => bound / this.#scale), '+Inf' as const].map((le, i): Value => {
      below += measured.counts[i] ?? 0;
      return { metricName: `${this.#name}_bucket`, labels: { le }, value: below };
    });
    return {
      name: this.#name, help: this.#help, type: 'histogram', aggregator: 'sum', values: [
        ...buckets,
        { metricName: `${this.#name}_sum`, labels: {}, value: measured.sum / this.#scale },
        { metricName: `${this.#name}_count`, labels: {}, value: below },
      ],
    };
  }
}
