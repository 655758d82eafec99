import type { Budget } from '../reassembly/budget.ts';
import { CHARGE } from '../reassembly/connection-memory.ts';
import { laidPiece } from '../reassembly/laid-piece.ts';
import { allocate, giveBack, MAX_KEPT_BYTES, type MessageBuffer, resize } from '../reassembly/message-buffers.ts';

const FIRST_BYTES = 4096;
const EMPTY = Buffer.alloc(0);

/** The bytes of one message that came in pieces, made contiguous. Grows by doubling, within the budget. */
export class HeldBytes {
  bytes: Buffer = EMPTY;
  length = 0;
  /** Where they are; null = there are none. */
  #buffer: MessageBuffer | null = null;
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /**
   * Appends bytes[start, end).
   * @param expected length the message will have in all, when known: saves the growing
   * @param stays nothing that is held is changed or taken out again, up to `clear`
   * @returns false: the memory budget is used up, nothing was appended
   */
  append(bytes: Uint8Array, start: number, end: number, expected = 0, stays = false): boolean {
    const offset = this.length;
    const needed = offset + (end - start) | 0;
    if (needed > this.bytes.length && !this.#grow(needed, expected)) return false;
    this.bytes.set(bytes.subarray(start, end), offset);
    this.length = needed;
    if (stays && this.bytes.length <= MAX_KEPT_BYTES) laidPiece.lay(bytes, start, end, this.#buffer!, offset);
    return true;
  }

  truncate(length: number): void {
    this.length = length;
  }

  /** Forgets all; the memory serves the next message. */
  clear(): void {
    const buffer = this.#buffer;
    if (buffer !== null) {
      this.#budget.release(buffer.bytes.length);
      this.#budget.release(0, CHARGE.held);
      giveBack(buffer, this.length);
      this.#buffer = null;
      this.bytes = EMPTY;
    }
    this.length = 0;
  }

  #grow(needed: number, expected: number): boolean {
    const buffer = this.#buffer;
    const before = this.bytes.length;
    let size = Math.max(FIRST_BYTES, before);
    while (size < needed) size *= 2;
    // What a client announces is believed only up to a point: memory follows the bytes that came.
    while (size < expected && size < needed * 8) size *= 2;
    if (!this.#budget.take(size, buffer === null ? CHARGE.held : 0)) return false;
    this.#buffer = buffer === null ? allocate(size) : this.#larger(buffer, size);
    this.bytes = this.#buffer.bytes;
    if (before > 0) this.#budget.release(before);
    return true;
  }

  /** What it holds, in a larger one. */
  #larger(buffer: MessageBuffer, size: number): MessageBuffer {
    if (size <= MAX_KEPT_BYTES) {
      resize(buffer, size, this.length);
      return buffer;
    }
    // Those who look into it look there.
    const larger = allocate(size);
    larger.bytes.set(this.bytes.subarray(0, this.length));
    giveBack(buffer, this.length);
    return larger;
  }
}
