import type { Budget } from '../reassembly/budget.ts';
import { CHARGE } from '../reassembly/connection-memory.ts';

const FIRST_BYTES = 4096;
/** Buffers of these sizes are kept for the next message, this many of each, and so many bytes in all. */
const MAX_POOLED_BYTES = 1 << 20;
const POOLED_OF_EACH = 32;
const POOL_BYTES = 1 << 24;
const EMPTY = Buffer.alloc(0);
const pools = new Map<number, Buffer[]>();
let pooledBytes = 0;

function allocate(size: number): Buffer {
  const pooled = pools.get(size)?.pop();
  if (pooled === undefined) return Buffer.allocUnsafeSlow(size);
  pooledBytes -= size;
  return pooled;
}

/** Gives a buffer of allocate() back; nobody may look at it any more. */
function recycle(buffer: Buffer): void {
  if (buffer.length > MAX_POOLED_BYTES || pooledBytes + buffer.length > POOL_BYTES) return;
  let pool = pools.get(buffer.length);
  if (pool === undefined) pools.set(buffer.length, pool = []);
  if (pool.length >= POOLED_OF_EACH) return;
  pool.push(buffer);
  pooledBytes += buffer.length;
}

/** The bytes of one message that came in pieces, made contiguous. Grows by doubling, within the budget. */
export class HeldBytes {
  bytes: Buffer = EMPTY;
  length = 0;
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /**
   * Appends bytes[start, end).
   * @param expected length the message will have in all, when known: saves the growing
   * @returns false: the memory budget is used up, nothing was appended
   */
  append(bytes: Uint8Array, start: number, end: number, expected = 0): boolean {
    const needed = this.length + (end - start) | 0;
    if (needed > this.bytes.length) {
      let size = Math.max(FIRST_BYTES, this.bytes.length);
      while (size < needed) size *= 2;
      // What a client announces is believed only up to a point: memory follows the bytes that came.
      while (size < expected && size < needed * 8) size *= 2;
      if (!this.#budget.take(size, this.bytes.length === 0 ? CHARGE.held : 0)) return false;
      const larger = allocate(size);
      larger.set(this.bytes.subarray(0, this.length));
      this.#giveBack();
      this.bytes = larger;
    }
    this.bytes.set(bytes.subarray(start, end), this.length);
    this.length = needed;
    return true;
  }

  truncate(length: number): void {
    this.length = length;
  }

  /** Forgets all; the memory serves the next message. */
  clear(): void {
    if (this.bytes.length > 0) this.#budget.release(0, CHARGE.held);
    this.#giveBack();
    this.bytes = EMPTY;
    this.length = 0;
  }

  #giveBack(): void {
    if (this.bytes.length === 0) return;
    this.#budget.release(this.bytes.length);
    recycle(this.bytes);
  }
}
