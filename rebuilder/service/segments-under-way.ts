/**
 * So much may be under way to one worker, bytes: what the main thread passes on in a fifth of a second, if the segments
 * are small.
 */
export const MOST_UNDER_WAY = 16 << 20;
/** What a segment takes besides its bytes, as a message that nobody has read yet. */
const SEGMENT_OVERHEAD = 1536;
/** Numbers of a worker: what was given to it, what of that was passed on to it, and what it has taken. */
const [GIVEN, PASSED, TAKEN] = [0, 1, 2] as const;
const NUMBERS = 3;

/**
 * What workers have given to each other and nobody has taken yet, counted in memory that all threads share. Messages
 * between threads wait without a limit of their own, and a client chooses how many of its packets are handed over.
 */
export class SegmentsUnderWay {
  /** Bytes, modulo 2^32. */
  readonly #numbers: Int32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#numbers = new Int32Array(buffer);
  }

  /** Shared memory for so many workers. */
  static buffer(workers: number): SharedArrayBuffer {
    return new SharedArrayBuffer(NUMBERS * workers * Int32Array.BYTES_PER_ELEMENT);
  }

  /** A segment of so many bytes is given to a worker. @returns false: too much is under way to it */
  give(to: number, bytes: number): boolean {
    if (this.bytes(to) >= MOST_UNDER_WAY) return false;
    this.#add(to, GIVEN, bytes);
    return true;
  }

  /** The main thread passes it on. */
  pass(to: number, bytes: number): void {
    this.#add(to, PASSED, bytes);
  }

  /** The worker has it. */
  take(worker: number, bytes: number): void {
    this.#add(worker, TAKEN, bytes);
  }

  /** The worker is no more: what was passed on to it, and what is passed on until another takes its place, is gone. */
  forget(worker: number): void {
    const passed = Atomics.load(this.#numbers, NUMBERS * worker + PASSED);
    Atomics.store(this.#numbers, NUMBERS * worker + TAKEN, passed);
  }

  /** What is under way to a worker, with what it takes besides its bytes. */
  bytes(to: number): number {
    return Atomics.load(this.#numbers, NUMBERS * to + GIVEN) - Atomics.load(this.#numbers, NUMBERS * to + TAKEN) | 0;
  }

  #add(worker: number, number: number, bytes: number): void {
    Atomics.add(this.#numbers, NUMBERS * worker + number, bytes + SEGMENT_OVERHEAD);
  }
}
