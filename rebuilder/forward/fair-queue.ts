import { randomInt } from 'node:crypto';
import type { Delivery } from './delivery.ts';
import { Queue } from './queue.ts';

/** Two clients seldom meet in one, and to look through all of them takes microseconds. */
const BUCKETS = 4096;

/**
 * Stochastic fairness queueing (McKenney 1990): clients share out the turns and the memory, however many requests one
 * of them sends. Each client's requests lie in one of a fixed number of queues, chosen by a hash that nobody outside
 * can foresee; so the cost of every operation is bounded, whatever addresses are made up.
 */
export class FairQueue {
  /** Those that hold requests; the first one's turn is next. */
  readonly #buckets = new Map<number, Queue>();
  readonly #seed = randomInt(2 ** 31);
  length = 0;
  bytes = 0;

  push(delivery: Delivery): void {
    this.#bucketFor(delivery).push(delivery);
  }

  /** The next of its client. */
  unshift(delivery: Delivery): void {
    this.#bucketFor(delivery).unshift(delivery);
  }

  /** The first request of the next client; null = nobody waits. */
  shift(): Delivery | null {
    for (const [number, bucket] of this.#buckets) {
      // Behind all others it waits for its next turn.
      this.#buckets.delete(number);
      this.#buckets.set(number, bucket);
      return this.#takeFrom(number, bucket);
    }
    return null;
  }

  /** The oldest request of the client that holds the most bytes: what makes room. */
  shiftHeaviest(): Delivery | null {
    let heaviest = -1;
    let bytes = -1;
    for (const [number, bucket] of this.#buckets) {
      if (bucket.bytes <= bytes) continue;
      heaviest = number;
      bytes = bucket.bytes;
    }
    return this.#takeFrom(heaviest, this.#buckets.get(heaviest));
  }

  /** The oldest of all, or of those that are the first of their client and `is` is true of. */
  oldest(is: ((delivery: Delivery) => boolean) | null = null): Delivery | null {
    let oldest: Delivery | null = null;
    for (const { first } of this.#buckets.values()) {
      if (first === null || (oldest !== null && first.submittedMs >= oldest.submittedMs)) continue;
      if (is === null || is(first)) oldest = first;
    }
    return oldest;
  }

  shiftOldest(is: ((delivery: Delivery) => boolean) | null = null): Delivery | null {
    const oldest = this.oldest(is);
    if (oldest === null) return null;
    const number = this.#numberOf(oldest);
    return this.#takeFrom(number, this.#buckets.get(number));
  }

  #takeFrom(number: number, bucket: Queue | undefined): Delivery | null {
    const delivery = bucket?.shift() ?? null;
    if (delivery === null) return null;
    if (bucket!.length === 0) this.#buckets.delete(number);
    this.length--;
    this.bytes -= delivery.end - delivery.start;
    return delivery;
  }

  #bucketFor(delivery: Delivery): Queue {
    this.length++;
    this.bytes += delivery.end - delivery.start;
    const number = this.#numberOf(delivery);
    let bucket = this.#buckets.get(number);
    if (bucket === undefined) this.#buckets.set(number, bucket = new Queue());
    return bucket;
  }

  #numberOf({ client }: Delivery): number {
    let hash = this.#seed;
    for (let i = 0; i < client.length; i++) hash = Math.imul(hash ^ client.charCodeAt(i), 0x01000193);
    return (hash ^ hash >>> 15) & (BUCKETS - 1);
  }
}
