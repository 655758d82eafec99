/** Who waits for something that may not come. */
export interface Waiting {
  /** When it is to be looked at, ms; Infinity = not. Only Timers writes it. */
  dueMs: number;
  /** Its time has come. @returns when to look again; Infinity = not */
  expire(nowMs: number): number;
}

/** Looked at in one go: what is due beyond that waits for the next, so that those who are not due do not wait. */
const MOST_AT_ONCE = 4096;

/** A binary heap by due time: to look at what is due costs nothing for those who wait on. */
export class Timers {
  readonly #heap: { readonly dueMs: number; readonly who: Waiting }[] = [];

  /** Has `who` looked at by `dueMs`, or earlier if that was asked for before. */
  by(who: Waiting, dueMs: number): void {
    if (dueMs >= who.dueMs) return;
    who.dueMs = dueMs;
    this.#push({ dueMs, who });
  }

  expire(nowMs: number): void {
    for (let looks = 0; looks < MOST_AT_ONCE; looks++) {
      const first = this.#heap[0];
      if (first === undefined || first.dueMs > nowMs) return;
      this.#shift();
      const { who, dueMs } = first;
      // Asked to be looked at earlier meanwhile, or no more.
      if (who.dueMs !== dueMs) continue;
      who.dueMs = Infinity;
      const again = who.expire(nowMs);
      if (again !== Infinity) this.by(who, again);
    }
  }

  forget(who: Waiting): void {
    who.dueMs = Infinity;
  }

  get length(): number {
    return this.#heap.length;
  }

  #push(entry: { readonly dueMs: number; readonly who: Waiting }): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (heap[above]!.dueMs <= entry.dueMs) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = entry;
  }

  #shift(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1]!.dueMs < heap[below]!.dueMs) below++;
      if (heap[below]!.dueMs >= last.dueMs) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
  }
}
