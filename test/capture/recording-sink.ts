import type { FrameSink } from '../../rebuilder/capture/frame-source.ts';

/** Keeps a copy of each frame, and lets a test wait for a number of them. */
export class RecordingSink implements FrameSink {
  readonly frames: {
    link: number; bytes: Buffer; originalLength: number; timeMs: number; outerSource: number; address: number;
  }[] = [];

  batchEnds = 0;
  #waiting: (() => void)[] = [];

  frame(
    link: number, bytes: Uint8Array, start: number, end: number, originalLength: number, timeMs: number,
    outerSource: number,
  ): void {
    const address = bytes.byteOffset + start;
    this.frames.push({ link, bytes: Buffer.from(bytes.subarray(start, end)), originalLength,
      timeMs, outerSource, address });
  }

  batchEnd(): void {
    this.batchEnds++;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves at the first batchEnd at which the condition holds. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => { this.#waiting.push(resolve); });
  }
}
