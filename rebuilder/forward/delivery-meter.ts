import { INDEX, type Ledger } from '../ledger.ts';
import type { Delivery } from './delivery.ts';
import type { Measures } from './measures.ts';

/** By hundreds of the status. */
const ANSWERED: readonly (number | undefined)[] = [
  undefined, undefined, INDEX['forward.answered_2xx'], INDEX['forward.answered_3xx'], INDEX['forward.answered_4xx'], INDEX['forward.server_error'],
];

/** Measures the deliveries of one pool. */
export class DeliveryMeter {
  readonly #ledger: Ledger;
  readonly #measures: Measures;
  readonly #clock: () => number;
  /** When the responses that are being read came; -1 = not asked yet. */
  #readMs = -1;

  constructor(ledger: Ledger, measures: Measures, clock: () => number) {
    this.#ledger = ledger;
    this.#measures = measures;
    this.#clock = clock;
  }

  leaves(delivery: Delivery, nowMs: number): Delivery {
    if (delivery.attempts === 0) this.#measures.queueTime.observe(nowMs - delivery.submittedMs);
    delivery.trace?.note('sent');
    return delivery;
  }

  delivered(delivery: Delivery, status: number): void {
    const counter = ANSWERED[Math.floor(status / 100)];
    if (counter !== undefined) this.#ledger.values[counter]!++;
    // All that one read brought came at once: the clock is asked once.
    if (this.#readMs < 0) this.#readMs = this.#clock();
    this.#measures.delay.observe(this.#readMs - delivery.submittedMs);
    this.#measures.size.observe(delivery.end - delivery.start);
  }

  /** All bytes that had come are read. */
  readEnds(): void {
    this.#readMs = -1;
  }
}
