import type { CounterName } from '../ledger.ts';
import type { Delivery } from './delivery.ts';

export interface PoolOptions {
  readonly maxConnections: number;
  readonly pipelining: number;
  /** One request a connection. */
  readonly isSingle: boolean;
  readonly connectTimeoutMs: number;
  readonly responseTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly attempts: number;
  readonly deadlineMs: number;
}

/**
 * Told when a request has come to its end. `undeliverable`: dropped for `reason`, or what else the owner can do with
 * it.
 */
export interface PoolOwner {
  delivered(delivery: Delivery): void;
  undeliverable(delivery: Delivery, reason: CounterName): void;
}
