/**
 * One allowance of memory, shared by everything that holds captured bytes: fragments, segments behind a hole, messages
 * in progress. Whoever is refused drops what it wanted to hold and counts it, so that no input makes the process grow
 * without bound.
 */
export class Budget {
  readonly limitBytes: number;
  /** Granted: captured bytes, and what holding them takes besides. */
  usedBytes = 0;
  /** The captured bytes among them. */
  dataBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /**
   * @param overhead bytes that the objects and lists around the data take: a sender of single bytes must pay for them
   *   too
   * @returns true = granted; the holder gives it back with `release`
   */
  take(bytes: number, overhead = 0): boolean {
    if (this.usedBytes + bytes + overhead > this.limitBytes) return false;
    this.usedBytes += bytes + overhead;
    this.dataBytes += bytes;
    return true;
  }

  release(bytes: number, overhead = 0): void {
    this.usedBytes -= bytes + overhead;
    this.dataBytes -= bytes;
  }
}
