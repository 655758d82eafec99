import { write } from 'node:fs';

/** Bytes handed to the system at a time. */
const BATCH_BYTES = 64 << 10;
/** A pipe that is full says so; somebody may still read it. */
const RETRY_MS = 20;

/**
 * Lines on their way to a file descriptor. Nobody waits for them, neither for a slow pipe nor for a full disk: lines
 * that find no room, or cannot be written, are left out. (The usual log destinations wait at one point or another, for
 * ever on a full disk.)
 */
export class LineQueue {
  readonly #descriptor: number;
  readonly #limitBytes: number;
  readonly #onDrop: (lines: number) => void;
  #lines: Buffer[] = [];
  #bytes = 0;
  #isWriting = false;
  #whenEmpty: (() => void) | null = null;

  /** @param onDrop told how many lines were left out */
  constructor(descriptor: number, limitBytes: number, onDrop: (lines: number) => void) {
    this.#descriptor = descriptor;
    this.#limitBytes = limitBytes;
    this.#onDrop = onDrop;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#bytes + bytes.length > this.#limitBytes) {
      this.#onDrop(1);
      return;
    }
    this.#lines.push(bytes);
    this.#bytes += bytes.length;
    if (!this.#isWriting) {
      this.#isWriting = true;
      // What one turn of the event loop brings is written together.
      setImmediate(() => this.#next());
    }
  }

  /** Waits until all is written or left out, at most `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    if (!this.#isWriting) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#whenEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #next(): void {
    let count = 0;
    let bytes = 0;
    for (const { length } of this.#lines) {
      if (count > 0 && bytes + length > BATCH_BYTES) break;
      bytes += length;
      count++;
    }
    if (count === 0) {
      this.#isWriting = false;
      this.#whenEmpty?.();
      return;
    }
    this.#write(Buffer.concat(this.#lines.splice(0, count), bytes), count);
  }

  #write(batch: Buffer, lines: number): void {
    write(this.#descriptor, batch, (error, written) => {
      if (error === null && written < batch.length) {
        this.#bytes -= written;
        this.#write(batch.subarray(written), lines);
      } else if (error?.code === 'EAGAIN') {
        setTimeout(() => this.#write(batch, lines), RETRY_MS);
      } else {
        this.#bytes -= batch.length;
        if (error !== null) this.#onDrop(lines);
        this.#next();
      }
    });
  }
}
