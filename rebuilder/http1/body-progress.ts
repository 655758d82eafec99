import { inField } from '../http/in-field.ts';
import type { Framing } from '../http/message.ts';
import type { BodyFraming } from '../http/reader-context.ts';
import { ChunkScanner } from './chunk-scanner.ts';
import { FirstBodyLine } from './first-body-line.ts';

/** Where in its body a message stands, of which neither all nor nothing has come. */
export class BodyProgress {
  /** What frames its bytes in the stream. */
  framing: Framing = 'none';
  /** Where it begins in what is held of the message. */
  start = 0;
  /** As the head says; 0 where it does not. */
  contentLength = 0;
  /** Bytes of a body of known length that are still to come. */
  #remaining = 0;
  readonly chunks = new ChunkScanner();
  readonly #firstLine = new FirstBodyLine();
  /** Its first line, which may be a request's, has just ended, or is long, or ends with it. */
  isBehindLine = false;
  /**
   * What is held is the entity, chunk framing taken off: a hole made the framing unreadable, or this reading has its
   * own.
   */
  isUnchunked = false;

  clear(): void {
    this.framing = 'none';
    this.start = 0;
    this.contentLength = 0;
    this.#remaining = 0;
    this.isUnchunked = false;
    this.isBehindLine = false;
    this.#firstLine.pass();
  }

  /** @param mayBeLeft some servers read its first line as that of the next message */
  begin({ framing, contentLength }: BodyFraming, start: number, mayBeLeft: boolean): void {
    this.framing = framing;
    this.start = start;
    this.contentLength = this.#remaining = inField(contentLength);
    if (framing === 'length' && mayBeLeft) this.#firstLine.begin();
    else this.#firstLine.pass();
    if (framing === 'chunked') this.chunks.reset();
  }

  /** Is there no more of it? One up to the end of the connection never is over of itself. */
  get isOver(): boolean {
    switch (this.framing) {
      case 'none':
      case 'length': return this.#remaining === 0;
      case 'chunked': return this.chunks.state === 'done' || this.isInvalid;
      case 'close': return false;
    }
  }

  /** What stands there is no chunk. */
  get isInvalid(): boolean {
    return this.framing === 'chunked' && this.chunks.state === 'invalid';
  }

  /** So many bytes are between here and what follows it; Infinity = nobody knows. */
  get toEnd(): number {
    return this.framing === 'length' ? this.#remaining : Infinity;
  }

  /** So many bytes at least are still to come of it; Infinity = all up to the end of the connection. */
  get left(): number {
    if (this.framing === 'close') return Infinity;
    return this.framing === 'chunked' ? this.chunks.dataRemaining : this.#remaining;
  }

  /** Are the next bytes held? Of an unchunked one only data is; the framing between is passed over. */
  get holdsNext(): boolean {
    return !this.isUnchunked || this.chunks.dataRemaining > 0;
  }

  /** How the bytes that are held are framed. */
  get heldFraming(): Framing {
    return this.isUnchunked ? 'length' : this.framing;
  }

  /** Moves on over bytes[at, end). @returns how far: to its end, or to where `holdsNext` or the reading changes */
  advance(bytes: Uint8Array, at: number, end: number): number {
    if (this.framing === 'close') return end;
    if (this.framing === 'chunked') {
      const data = this.chunks.dataRemaining;
      return this.chunks.scan(bytes, at, !this.isUnchunked ? end : data > 0 ? Math.min(end, at + data) : at + 1);
    }
    const to = Math.min(end, at + this.#remaining) | 0;
    const stop = this.#firstLine.isOpen ? this.#firstLineEnd(bytes, at, to) : to;
    this.#remaining = inField(this.#remaining - (stop - at));
    return stop;
  }

  /** @returns where its first line ends in bytes[at, to); or `to` */
  #firstLineEnd(bytes: Uint8Array, at: number, to: number): number {
    const line = this.#firstLine;
    const end = line.endIn(bytes, at, to);
    if (!line.isOpen) return to;
    this.isBehindLine = end > 0 || to - at === this.#remaining || line.isLong;
    if (this.isBehindLine) line.pass();
    return end > 0 ? end : to;
  }

  /** Passes over a hole. @returns false: it may have swallowed where the body ends */
  passOver(bytes: number): boolean {
    switch (this.framing) {
      case 'none':
      case 'length':
        if (bytes > this.#remaining) return false;
        this.#remaining = inField(this.#remaining - bytes);
        return true;
      case 'chunked':
        if (bytes > this.chunks.dataRemaining) return false;
        this.chunks.skipData(bytes);
        return true;
      case 'close': return true;
    }
  }

  copyFrom(other: BodyProgress): void {
    this.framing = other.framing;
    this.start = other.start;
    this.contentLength = other.contentLength;
    this.#remaining = other.#remaining;
    this.isUnchunked = other.isUnchunked;
    this.#firstLine.copyFrom(other.#firstLine);
    this.chunks.copyFrom(other.chunks);
  }

  isLevelWith(other: BodyProgress): boolean {
    return this.framing === other.framing && this.#remaining === other.#remaining
      && this.isUnchunked === other.isUnchunked
      && (this.framing !== 'chunked' || this.chunks.isLevelWith(other.chunks));
  }
}
