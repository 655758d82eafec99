/** Who waits for something that may not come. */
export abstract class Waiting {
  /** When it is to be looked at, ms; means something only while it `isDue`. Only Timers writes it. */
  dueMs = 0;
  /** Where it stands among those who wait; -1 = nowhere. Only Timers writes it. */
  timer = -1;

  /** Will it be looked at? */
  get isDue(): boolean {
    return this.timer >= 0;
  }

  /** Its time has come. @returns when to look again; Infinity = not */
  abstract expire(nowMs: number): number;
}

/** Looked at in one go: what is due beyond that waits for the next, so that those who are not due do not wait. */
const MOST_AT_ONCE = 4096;

/**
 * A binary heap by due time: checking what is due costs nothing for whatever is not. What is forgotten leaves it at
 * once: an evicted connection must not stay in memory until its stream would have been due.
 */
export class Timers {
  readonly #heap: Waiting[] = [];

  /** Has `who` looked at by `dueMs`, or earlier if that was asked for before. */
  by(who: Waiting, dueMs: number): void {
    if (who.isDue && dueMs >= who.dueMs) return;
    who.dueMs = dueMs;
    if (!who.isDue) {
      who.timer = this.#heap.length;
      this.#heap.push(who);
    }
    this.#rise(who);
  }

  expire(nowMs: number): void {
    for (let looks = 0; looks < MOST_AT_ONCE; looks++) {
      const first = this.#heap[0];
      if (first === undefined || first.dueMs > nowMs) return;
      this.forget(first);
      const again = first.expire(nowMs);
      if (again !== Infinity) this.by(first, again);
    }
  }

  forget(who: Waiting): void {
    if (!who.isDue) return;
    const at = who.timer;
    who.timer = -1;
    const last = this.#heap.pop()!;
    if (last === who) return;
    last.timer = at;
    this.#heap[at] = last;
    this.#rise(last);
    this.#sink(last);
  }

  get length(): number {
    return this.#heap.length;
  }

  #rise(who: Waiting): void {
    const heap = this.#heap;
    let at = who.timer;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = heap[above]!;
      if (other.dueMs <= who.dueMs) break;
      heap[at] = other;
      other.timer = at;
      at = above;
    }
    heap[at] = who;
    who.timer = at;
  }

  #sink(who: Waiting): void {
    const heap = this.#heap;
    let at = who.timer;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1]!.dueMs < heap[below]!.dueMs) below++;
      const other = heap[below]!;
      if (other.dueMs >= who.dueMs) break;
      heap[at] = other;
      other.timer = at;
      at = below;
    }
    heap[at] = who;
    who.timer = at;
  }
}
