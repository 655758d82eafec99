import { inField } from '../http/in-field.ts';
import type { Framing } from '../http/message.ts';
import type { BodyFraming } from '../http/reader-context.ts';
import { lineEnd } from '../http/request-line.ts';
import { ChunkScanner } from './chunk-scanner.ts';

const LF = 10;
const CR = 13;
/** Of the first line of a body so much is waited for. */
const MAX_LINE_BYTES = 65_536;

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
  /** Its first line with a byte in it has just ended, or is long, or ends with it: in a body of known length. */
  isBehindLine = false;
  /** So much of that line has come; -1 = it was looked at. */
  #firstLine = -1;
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
    this.#firstLine = -1;
  }

  begin({ framing, contentLength }: BodyFraming, start: number): void {
    this.framing = framing;
    this.start = start;
    this.contentLength = this.#remaining = inField(contentLength);
    this.#firstLine = framing === 'length' ? 0 : -1;
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
    const stop = this.#firstLine < 0 ? to : this.#firstLineEnd(bytes, at, to);
    this.#remaining = inField(this.#remaining - (stop - at));
    return stop;
  }

  /** @returns where the first line ends that has a byte in it; or `to` */
  #firstLineEnd(bytes: Uint8Array, at: number, to: number): number {
    let from = at;
    while (this.#firstLine === 0 && from < to && (bytes[from] === CR || bytes[from] === LF)) from++;
    const end = lineEnd(bytes, from, to);
    this.#firstLine += to - from;
    this.isBehindLine = end > 0 || to - at === this.#remaining || this.#firstLine > MAX_LINE_BYTES;
    if (this.isBehindLine) this.#firstLine = -1;
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
    this.#firstLine = other.#firstLine;
    this.chunks.copyFrom(other.chunks);
  }

  isLevelWith(other: BodyProgress): boolean {
    return this.framing === other.framing && this.#remaining === other.#remaining
      && this.isUnchunked === other.isUnchunked
      && (this.framing !== 'chunked' || this.chunks.isLevelWith(other.chunks));
  }
}
