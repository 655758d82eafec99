import type { FrameSink, FrameSource } from '../rebuilder/capture/frame-source.ts';

export interface CollectedFrame {
  link: number;
  bytes: Uint8Array;
  originalLength: number;
  timeMs: number;
  outerSource: number;
}

/** A sink that keeps copies of all frames. */
export class CollectedFrames implements FrameSink {
  readonly frames: CollectedFrame[] = [];
  batches = 0;

  frame(
    link: number, bytes: Uint8Array, start: number, end: number, originalLength: number, timeMs: number,
    outerSource: number,
  ): void {
    this.frames.push({ link, bytes: new Uint8Array(bytes.subarray(start, end)), originalLength, timeMs, outerSource });
  }

  batchEnd(): void {
    this.batches++;
  }
}

/** Every frame of a source that ends by itself. */
export async function framesOf(source: FrameSource): Promise<CollectedFrame[]> {
  const sink = new CollectedFrames();
  await source.start(sink);
  await source.done;
  return sink.frames;
}
