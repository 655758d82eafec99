import { type Delivery, Trait } from './delivery.ts';
import { FairQueue } from './fair-queue.ts';
import { Queue } from './queue.ts';

/** What waits for one endpoint. */
export class Backlog {
  readonly queue: Queue<Delivery> | FairQueue;
  /** Those that failed once, or must not be followed: each goes on a connection where nothing else is. */
  readonly alone = new FairQueue();

  /** @param isSingle every request needs a connection of its own, so clients take turns */
  constructor(isSingle: boolean) {
    this.queue = isSingle ? new FairQueue() : new Queue();
  }

  get length(): number {
    return this.queue.length + this.alone.length;
  }

  get bytes(): number {
    return this.queue.bytes + this.alone.bytes;
  }

  push(delivery: Delivery): void {
    if ((delivery.traits & Trait.alone) !== 0) this.alone.push(delivery);
    else this.queue.push(delivery);
  }

  /**
   * Takes out the one to ask with whether a node answers again: one that did not fail, of another client than `failed`
   * if there is one. The failure may be due to what that client sends.
   */
  toProbe(failed: string): Delivery | null {
    const { queue, alone } = this;
    const other = queue instanceof FairQueue ? null : queue.shiftFirst(({ client }) => client !== failed);
    return other ?? queue.shift() ?? alone.shift();
  }

  /**
   * Takes the request out that makes room for another: the oldest, or where each needs a connection of its own the
   * oldest of the client that holds the most. null = there is none.
   */
  toDrop(): Delivery | null {
    const { queue, alone } = this;
    if (queue instanceof FairQueue) return (queue.bytes >= alone.bytes ? queue : alone).shiftHeaviest();
    const oldest = alone.oldest();
    if (queue.first === null || (oldest !== null && oldest.submittedMs <= queue.first.submittedMs)) {
      return alone.shiftOldest();
    }
    return queue.shift();
  }

  /**
   * Takes out a request that was submitted before `beforeMs`, or before `otherFormMs` if another form of it is left;
   * null = there is none.
   */
  shiftOlderThan(beforeMs: number, otherFormMs = beforeMs): Delivery | null {
    const isLate = ({ submittedMs, alternate }: Delivery): boolean => (
      submittedMs < (alternate === null ? beforeMs : otherFormMs));
    const { queue, alone } = this;
    if (queue instanceof FairQueue) return queue.shiftOldest(isLate) ?? alone.shiftOldest(isLate);
    return queue.first !== null && isLate(queue.first) ? queue.shift() : alone.shiftOldest(isLate);
  }
}
