/**
 * A stretch of memory that serialised requests lie in, one behind the other; it is free again when none of them lives.
 */
export class Slab {
  readonly bytes: Buffer;
  /** First byte that is not taken. */
  used = 0;
  /** Requests in it that are neither delivered nor dropped. */
  live = 0;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size);
  }
}

const MAX_SLAB_BYTES = 256 * 1024;
/** Slabs kept for the next burst; what is beyond goes back to the garbage collector. */
const MAX_SPARE = 16;

/**
 * The memory of one queue. Its limit counts whole slabs, so it holds for the process's memory and not just for the sum
 * of requests. Requests are written at `slab.used` of the slab that `reserve` gives, then kept with `take`.
 */
export class SlabPool {
  readonly maxBytes: number;
  /** Bytes of all slabs in use. */
  allocatedBytes = 0;
  readonly #slabBytes: number;
  readonly #spare: Slab[] = [];
  #current: Slab | null = null;

  /** @param slabBytes size of a slab that several requests share; 0 = none do */
  constructor(maxBytes: number, slabBytes = Math.min(MAX_SLAB_BYTES, Math.floor(maxBytes / 4))) {
    this.maxBytes = maxBytes;
    this.#slabBytes = slabBytes;
  }

  /** Could a request of `size` bytes ever be held? */
  fits(size: number): boolean {
    return Math.max(size, this.#slabBytes) <= this.maxBytes;
  }

  /** A slab with at least `size` free bytes behind `used`, or null when the limit is reached. */
  reserve(size: number): Slab | null {
    const current = this.#current;
    if (current !== null && current.bytes.length - current.used >= size) return current;
    // A large request gets memory of its own, so that it does not leave half a slab unused.
    if (size > this.#slabBytes / 2) return this.#allocate(size);
    const next = this.#allocate(this.#slabBytes);
    if (next === null) return null;
    this.#current = next;
    if (current !== null && current.live === 0) this.#free(current);
    return next;
  }

  #allocate(size: number): Slab | null {
    if (this.allocatedBytes + size > this.maxBytes) return null;
    this.allocatedBytes += size;
    if (size !== this.#slabBytes) return new Slab(size);
    return this.#spare.pop() ?? new Slab(size);
  }

  /** Keeps the `size` bytes that were written at `slab.used`. */
  take(slab: Slab, size: number): void {
    slab.used += size;
    slab.live++;
  }

  /** Gives back what `reserve` returned when nothing was written after all. */
  abandon(slab: Slab): void {
    if (slab.live === 0 && slab !== this.#current) this.#free(slab);
  }

  release(slab: Slab): void {
    if (--slab.live > 0) return;
    // Starting over in the same memory keeps it in the processor's cache.
    if (slab === this.#current) slab.used = 0;
    else this.#free(slab);
  }

  #free(slab: Slab): void {
    this.allocatedBytes -= slab.bytes.length;
    slab.used = 0;
    if (slab.bytes.length === this.#slabBytes && this.#spare.length < MAX_SPARE) this.#spare.push(slab);
  }
}
