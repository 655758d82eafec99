/**
 * One allowance of memory, shared by everything that holds captured bytes: fragments, segments behind a hole, messages in progress.
 * Whoever is refused drops what it wanted to hold and counts it, so that no input makes the process grow without bound.
 */
export class Budget {
  readonly limitBytes: number;
  usedBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** true = granted; the holder gives it back with `release`. */
  take(bytes: number): boolean {
    if (this.usedBytes + bytes > this.limitBytes) return false;
    this.usedBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.usedBytes -= bytes;
  }
}
