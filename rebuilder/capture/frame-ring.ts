/// <reference lib="es2024.sharedmemory" />
import type { FrameSink, FrameSource } from './frame-source.ts';

/**
 * Frames from one thread to another through shared memory: the thread that captures an interface (libpcap works in one thread only) fills one
 * ring for each worker. One writer, one reader, no locks.
 *
 *     control (Int32): written, read: bytes ever put in and taken out, modulo 2^30; wakeups: a word to wait at
 *     data: records [length u32][link i32][originalLength u32][outerSource i32][timeMs f64][bytes …], 8-byte aligned, never wrapped around:
 *           a length of WRAP says that the next record is at the beginning
 */
const WRITTEN = 0;
const READ = 1;
const WAKEUPS = 2;
const HEADER_BYTES = 24;
const WRAP = 0xffffffff;
/** Counters run to this and begin again; a multiple of every capacity. */
const CYCLE = 2 ** 30;

export interface FrameRing {
  readonly control: SharedArrayBuffer;
  readonly data: SharedArrayBuffer;
}

/** @param capacityBytes a power of two up to 512 MiB */
export function createFrameRing(capacityBytes: number): FrameRing {
  return { control: new SharedArrayBuffer(16), data: new SharedArrayBuffer(capacityBytes) };
}

const align = (n: number): number => (n + 7) & ~7;

export class FrameRingWriter {
  readonly #control: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #capacity: number;
  #written = 0;
  #unannounced = false;

  constructor(ring: FrameRing) {
    this.#control = new Int32Array(ring.control);
    this.#bytes = new Uint8Array(ring.data);
    this.#view = new DataView(ring.data);
    this.#capacity = ring.data.byteLength;
    this.#written = Atomics.load(this.#control, WRITTEN);
  }

  /** false = the ring is full, the frame was not taken. */
  offer(link: number, frame: Uint8Array, start: number, end: number, originalLength: number, timeMs: number, outerSource: number): boolean {
    const length = end - start;
    const need = align(HEADER_BYTES + length);
    let at = this.#written & (this.#capacity - 1);
    const left = this.#capacity - at;
    const skipped = left < need ? left : 0;
    const used = (this.#written - Atomics.load(this.#control, READ) + CYCLE) % CYCLE;
    // One record's room is always kept, so that a full ring differs from an empty one.
    if (used + skipped + need >= this.#capacity) return false;
    if (skipped > 0) {
      this.#view.setUint32(at, WRAP, true);
      at = 0;
    }
    this.#view.setUint32(at, length, true);
    this.#view.setInt32(at + 4, link, true);
    this.#view.setUint32(at + 8, originalLength, true);
    this.#view.setInt32(at + 12, outerSource, true);
    this.#view.setFloat64(at + 16, timeMs, true);
    this.#bytes.set(frame.subarray(start, end), at + HEADER_BYTES);
    this.#written = (this.#written + skipped + need) % CYCLE;
    Atomics.store(this.#control, WRITTEN, this.#written);
    this.#unannounced = true;
    return true;
  }

  /** Wakes the reader if anything was put in. */
  announce(): void {
    if (!this.#unannounced) return;
    this.#unannounced = false;
    Atomics.add(this.#control, WAKEUPS, 1);
    Atomics.notify(this.#control, WAKEUPS);
  }
}

/** Frames read in one go before the event loop has its turn. */
const MAX_BATCH = 1024;
const BEAT_MS = 100;

/** The reading end, in the worker's thread. */
export class FrameRingSource implements FrameSource {
  readonly done: Promise<void>;
  readonly #control: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #capacity: number;
  #beat: NodeJS.Timeout | undefined;
  #finish: () => void = () => {};
  #stopped = false;

  constructor(ring: FrameRing) {
    this.#control = new Int32Array(ring.control);
    this.#bytes = new Uint8Array(ring.data);
    this.#view = new DataView(ring.data);
    this.#capacity = ring.data.byteLength;
    this.done = new Promise((resolve) => { this.#finish = resolve; });
  }

  async start(sink: FrameSink): Promise<void> {
    this.#beat = setInterval(() => sink.batchEnd(Date.now()), BEAT_MS);
    void this.#readUntilStopped(sink);
  }

  describe(): string {
    return `frames of the capturing thread (ring of ${this.#capacity / 2 ** 20} MiB)`;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#beat);
    Atomics.add(this.#control, WAKEUPS, 1);
    Atomics.notify(this.#control, WAKEUPS);
    this.#finish();
  }

  async #readUntilStopped(sink: FrameSink): Promise<void> {
    while (!this.#stopped) {
      const wakeups = Atomics.load(this.#control, WAKEUPS);
      if (this.#readBatch(sink) > 0) {
        sink.batchEnd(Date.now());
        await new Promise((resolve) => { setImmediate(resolve); });
      } else {
        await Atomics.waitAsync(this.#control, WAKEUPS, wakeups, BEAT_MS * 10).value;
      }
    }
  }

  #readBatch(sink: FrameSink): number {
    let read = Atomics.load(this.#control, READ);
    const written = Atomics.load(this.#control, WRITTEN);
    let count = 0;
    while (read !== written && count < MAX_BATCH) {
      const at = read & (this.#capacity - 1);
      const length = this.#view.getUint32(at, true);
      if (length === WRAP) {
        read = (read + this.#capacity - at) % CYCLE;
        continue;
      }
      sink.frame(
        this.#view.getInt32(at + 4, true), this.#bytes, at + HEADER_BYTES, at + HEADER_BYTES + length,
        this.#view.getUint32(at + 8, true), this.#view.getFloat64(at + 16, true), this.#view.getInt32(at + 12, true),
      );
      read = (read + align(HEADER_BYTES + length)) % CYCLE;
      count++;
    }
    Atomics.store(this.#control, READ, read);
    return count;
  }
}
