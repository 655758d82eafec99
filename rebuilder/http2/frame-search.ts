import { DEFAULT_FRAME_BYTES, FRAME_HEADER_BYTES, FrameHeader, MAX_FRAME_BYTES, UNHEARD_FRAME_BYTES } from './frame.ts';

/** So many streams may have been opened within a hole. */
const MAX_STREAMS_LOST = 20_000;

const frame = new FrameHeader();

/** Where the frames of one direction begin, and whether that is known: a hole may have swallowed a frame's head. */
export class FrameSearch {
  /** It is not known. */
  isLost = false;
  /** It was not known before, and was found again. */
  isFoundAgain = false;
  /** What the peer allows. */
  #maxFrameBytes = UNHEARD_FRAME_BYTES;
  #lastStreamId = 0;

  allow(frameBytes: number): void {
    this.#maxFrameBytes = Math.min(Math.max(frameBytes, DEFAULT_FRAME_BYTES), MAX_FRAME_BYTES);
  }

  sawStream(streamId: number): void {
    this.#lastStreamId = Math.max(this.#lastStreamId, streamId);
  }

  /**
   * Is bytes[start, end), a piece as it was captured, nothing but frames, from its first byte on? Two of them at least,
   * or one that fills it: senders begin a segment with a frame, and what is none has no such chain of types, flags,
   * streams and lengths.
   */
  find(bytes: Uint8Array, start: number, end: number): boolean {
    let count = 0;
    let at = start;
    while (end - at >= FRAME_HEADER_BYTES) {
      frame.parse(bytes, at);
      if (!frame.isUsual(this.#maxFrameBytes, this.#lastStreamId + MAX_STREAMS_LOST)) return false;
      at += FRAME_HEADER_BYTES + frame.length;
      count++;
    }
    const isFound = count >= 2 || (count === 1 && at === end);
    if (isFound) {
      this.isLost = false;
      this.isFoundAgain = true;
    }
    return isFound;
  }

  copyFrom(other: FrameSearch): void {
    this.isLost = other.isLost;
    this.isFoundAgain = other.isFoundAgain;
    this.#maxFrameBytes = other.#maxFrameBytes;
    this.#lastStreamId = other.#lastStreamId;
  }
}
