import type { Receiver } from './receiver.ts';
import type { Carrier, Queued } from './segment.ts';
import type { SegmentQueue } from './segments.ts';
import type { StreamSink } from './stream-sink.ts';
import type { Unproven } from './unproven.ts';

/** The first reader of a stream, whose place is contested. */
export interface FirstReader {
  /** Of Joined. */
  joined: number;
  readonly sink: StreamSink;
  readonly started: boolean;
  readonly hasRead: boolean;
  readonly nextSeq: number;
  known(): Receiver;
  forgetReceiver(): void;
  /** What waits behind a hole. */
  readonly waiting: SegmentQueue | null;
  deliver(
    bytes: Uint8Array, start: number, end: number, seq: number, from: Carrier, waited?: Queued | null,
  ): void;
  moveTo(seq: number): void;
  distrust(): Unproven;
  /** Segments that were set aside wait like the others from here on, in the order in which all came. */
  putBack(segments: readonly Queued[]): void;
}
