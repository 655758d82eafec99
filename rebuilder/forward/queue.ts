import type { Delivery } from './delivery.ts';

/** What a queue can hold: bytes from `start` to `end`, and a link. */
export interface Queued<T> {
  readonly start: number;
  readonly end: number;
  next: T | null;
}

/**
 * What waits, in the order it came, chained by `next`: nothing is allocated, and putting back at the head costs the
 * same as adding.
 */
export class Queue<T extends Queued<T> = Delivery> {
  first: T | null = null;
  #last: T | null = null;
  length = 0;
  bytes = 0;

  push(delivery: T): void {
    delivery.next = null;
    if (this.#last === null) this.first = delivery;
    else this.#last.next = delivery;
    this.#last = delivery;
    this.length++;
    this.bytes += delivery.end - delivery.start;
  }

  unshift(delivery: T): void {
    delivery.next = this.first;
    this.first = delivery;
    this.#last ??= delivery;
    this.length++;
    this.bytes += delivery.end - delivery.start;
  }

  /** Takes out the first one that `is` is true of; null = there is none. */
  shiftFirst(is: (delivery: T) => boolean): T | null {
    let before: T | null = null;
    let one = this.first;
    for (; one !== null && !is(one); one = one.next) before = one;
    if (one === null) return null;
    if (before === null) return this.shift();
    before.next = one.next;
    if (this.#last === one) this.#last = before;
    one.next = null;
    this.length--;
    this.bytes -= one.end - one.start;
    return one;
  }

  shift(): T | null {
    const first = this.first;
    if (first === null) return null;
    this.first = first.next;
    if (this.first === null) this.#last = null;
    first.next = null;
    this.length--;
    this.bytes -= first.end - first.start;
    return first;
  }

  oldest(): T | null {
    return this.first;
  }
}
