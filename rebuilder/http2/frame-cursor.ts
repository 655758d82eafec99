import { FRAME_HEADER_BYTES, FrameHeader } from './frame.ts';
import type { ReaderContext } from '../http/reader-context.ts';

/**
 * Where in the frames of an HTTP/2 stream the reading stands: in a frame's head, in the prefix of its payload (pad
 * length, priority, promised stream), in its content or in its padding.
 */
export class FrameCursor {
  /** The present frame, or the last. */
  readonly frame = new FrameHeader();
  /** Bytes of a head that is not whole: neither frame nor loss yet. */
  headRead = 0;
  inFrame = false;
  #prefix = 0;
  #content = 0;
  #padding = 0;
  /** false: the byte that says how much of the payload is padding is to come; behind a hole that passes for content. */
  isPadLengthKnown = true;
  /** The padding is longer than the frame: none of it is content. */
  isPaddingTooLong = false;
  readonly #head = Buffer.alloc(FRAME_HEADER_BYTES);
  readonly #context: ReaderContext;

  constructor(context: ReaderContext) {
    this.#context = context;
  }

  /** Takes bytes of a head. @returns true: it is whole, and parsed */
  readHead(bytes: Uint8Array, at: number, end: number): boolean {
    const n = Math.min(FRAME_HEADER_BYTES - this.headRead, end - at);
    this.#head.set(bytes.subarray(at, at + n), this.headRead);
    if (this.headRead + n < FRAME_HEADER_BYTES) {
      this.headRead += n;
      this.#context.pendingBytes += n;
      return false;
    }
    this.takeHead();
    this.frame.parse(this.#head, 0);
    return true;
  }

  /** What there is of a head is counted by whoever takes it. @returns how many bytes that is */
  takeHead(): number {
    const { headRead } = this;
    this.headRead = 0;
    this.#context.pendingBytes -= headRead;
    return headRead;
  }

  /** The first bytes of the last head. */
  headStart(length: number): Buffer {
    return Buffer.from(this.#head.subarray(0, length));
  }

  /** The head is that of a frame: its payload follows. */
  enter(): void {
    this.inFrame = true;
    this.#prefix = this.frame.prefixBytes;
    this.#content = this.frame.length - this.#prefix;
    this.#padding = 0;
    this.isPadLengthKnown = !this.frame.isPadded;
    this.isPaddingTooLong = false;
  }

  leave(): void {
    this.inFrame = false;
    this.#prefix = 0;
    this.#content = 0;
    this.#padding = 0;
  }

  /** Bytes of the payload still to come. */
  get left(): number {
    return this.#prefix + this.#content + this.#padding;
  }

  /** @returns bytes of the prefix in bytes[at, end) */
  readPrefix(bytes: Uint8Array, at: number, end: number): number {
    if (this.#prefix === 0) return 0;
    if (!this.isPadLengthKnown) {
      this.isPaddingTooLong = bytes[at]! > this.#content;
      const padding = Math.min(bytes[at]!, this.#content);
      this.isPadLengthKnown = true;
      this.#padding = padding;
      this.#content -= padding;
    }
    const n = Math.min(this.#prefix, end - at);
    this.#prefix -= n;
    return n;
  }

  /** @returns how many of the next `room` bytes are content */
  readContent(room: number): number {
    const n = this.#prefix > 0 ? 0 : Math.min(this.#content, room);
    this.#content -= n;
    return n;
  }

  readPadding(room: number): number {
    const n = this.#prefix + this.#content > 0 ? 0 : Math.min(this.#padding, room);
    this.#padding -= n;
    return n;
  }

  /** A hole of at most `left` bytes. @returns how many of them were content */
  skip(bytes: number): number {
    const prefix = Math.min(this.#prefix, bytes);
    const content = Math.min(this.#content, bytes - prefix);
    this.isPadLengthKnown = true;
    this.#prefix -= prefix;
    this.#content -= content;
    this.#padding -= bytes - prefix - content;
    return content;
  }

  copyFrom(other: FrameCursor): void {
    this.#head.set(other.#head);
    this.frame.copyFrom(other.frame);
    this.headRead = other.headRead;
    this.#context.pendingBytes += other.headRead;
    this.inFrame = other.inFrame;
    this.#prefix = other.#prefix;
    this.#content = other.#content;
    this.#padding = other.#padding;
    this.isPadLengthKnown = other.isPadLengthKnown;
    this.isPaddingTooLong = other.isPaddingTooLong;
  }
}
