import type { Connection } from './connection.ts';

/** The connections of one pool, and which of them takes what comes next. */
export class ConnectionSet {
  readonly all: Connection[] = [];
  readonly #isSingle: boolean;
  readonly #max: number;
  #next = 0;
  /** A connection that is left to run empty, for a request that goes alone. */
  #reserved: Connection | null = null;

  constructor(isSingle: boolean, max: number) {
    this.#isSingle = isSingle;
    this.#max = max;
  }

  get isFull(): boolean {
    return this.all.length >= this.#max;
  }

  remove(connection: Connection): void {
    this.all.splice(this.all.indexOf(connection), 1);
  }

  /**
   * A connection with nothing to do. An endpoint that dies takes all its connections with it, and each is found dead
   * only when it is written to: a request that was lost with one of them goes on one that was opened, or that answered,
   * since then.
   */
  idleSince(lostMs: number): Connection | null {
    let unproven: Connection | null = null;
    for (const connection of this.all) {
      if (!connection.isOpen || connection.inFlight > 0 || connection.isBlocked || connection.isDraining) continue;
      if (connection.sinceMs > lostMs || this.#isSingle) return connection;
      unproven = connection;
    }
    // It gives its place to a new one.
    if (unproven !== null && this.isFull) unproven.end('idle', '');
    return null;
  }

  /** Leaves the one with the least to do to run empty. @param isWanted false: none has to */
  reserve(isWanted: boolean): void {
    this.#reserved = null;
    if (!isWanted) return;
    for (const connection of this.all) {
      if (connection.isOpen && (this.#reserved === null || connection.inFlight < this.#reserved.inFlight)) {
        this.#reserved = connection;
      }
    }
  }

  /**
   * An idle connection, in turns; else the one with the least to do that is at most half full, so that the next batch
   * is worth a write.
   */
  pick(depth: number): Connection | null {
    const { all } = this;
    const half = depth >> 1;
    let best: Connection | null = null;
    for (let i = 0; i < all.length; i++) {
      const position = (this.#next + i) % all.length;
      const connection = all[position]!;
      if (!connection.isOpen || connection.isExclusive || connection.isBlocked || connection.isDraining) continue;
      if (connection === this.#reserved) continue;
      if (connection.inFlight === 0) {
        this.#next = position + 1;
        return connection;
      }
      if (connection.inFlight <= half && (best === null || connection.inFlight < best.inFlight)) best = connection;
    }
    return best;
  }
}
