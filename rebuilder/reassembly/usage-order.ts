/** What can stand in an order of use; the links are the order's. */
export interface Used<T> {
  older: T | null;
  newer: T | null;
}

/** A list from the one not used for longest to the one used last. */
export class UsageOrder<T extends Used<T>> {
  oldest: T | null = null;
  newest: T | null = null;

  link(one: T): void {
    one.older = this.newest;
    one.newer = null;
    if (this.newest !== null) this.newest.newer = one;
    else this.oldest = one;
    this.newest = one;
  }

  unlink(one: T): void {
    if (one.older !== null) one.older.newer = one.newer;
    else this.oldest = one.newer;
    if (one.newer !== null) one.newer.older = one.older;
    else this.newest = one.older;
    // Once promoted to the old generation, a finished one would keep its younger neighbours from being collected with
    // the young generation.
    one.older = null;
    one.newer = null;
  }

  /** Moves it to the end. */
  touch(one: T): void {
    if (this.newest === one) return;
    this.unlink(one);
    this.link(one);
  }
}
