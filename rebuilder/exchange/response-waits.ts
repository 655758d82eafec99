import { Timers, Waiting } from '../reassembly/timers.ts';

/** A connection with requests that wait. */
interface Waiter {
  /** Those that have waited too long go on without a response. @returns false: no request waits any more */
  expire(nowMs: number): boolean;
  /** Since when the first one has waited; Infinity = none waits. */
  waitingSinceMs(): number;
}

class Wait extends Waiting {
  readonly #waiter: Waiter;
  readonly #waits: ResponseWaits;

  constructor(waiter: Waiter, waits: ResponseWaits) {
    super();
    this.#waiter = waiter;
    this.#waits = waits;
  }

  expire(nowMs: number): number {
    let goesOn = false;
    try {
      goesOn = this.#waiter.expire(nowMs);
    } finally {
      if (!goesOn) this.#waits.delete(this.#waiter);
    }
    return goesOn ? Math.max(nowMs + 1, this.#waits.dueMs(this.#waiter)) : Infinity;
  }
}

/**
 * Connections whose requests wait for their responses. Each is looked at when its first request has waited for too
 * long, and not before: clients that poll wait by the ten thousand, and a batch of packets comes every other
 * millisecond.
 */
export class ResponseWaits {
  readonly #timeoutMs: number;
  readonly #waits = new Map<Waiter, Wait>();
  readonly #timers = new Timers();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** One of its requests waits. */
  add(waiter: Waiter): void {
    if (this.#waits.has(waiter)) return;
    const wait = new Wait(waiter, this);
    this.#waits.set(waiter, wait);
    this.#timers.by(wait, this.dueMs(waiter));
  }

  delete(waiter: Waiter): void {
    const wait = this.#waits.get(waiter);
    if (wait === undefined) return;
    this.#waits.delete(waiter);
    this.#timers.forget(wait);
  }

  expire(nowMs: number): void {
    this.#timers.expire(nowMs);
  }

  dueMs(waiter: Waiter): number {
    return waiter.waitingSinceMs() + this.#timeoutMs;
  }
}
