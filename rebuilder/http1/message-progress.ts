import type { CounterName } from '../ledger.ts';
import { entityOf } from './chunk-runs.ts';
import { type ChunkDifference, ChunkScanner } from './chunked.ts';
import { HeldBytes } from '../http/held-bytes.ts';
import type { Framing } from '../http/message.ts';
import { type ReaderContext, cutBody, wholeBody } from '../http/reader-context.ts';
import { crlfEnd, emptyLine, lineEnd } from '../http/request-line.ts';
import { type MessageGrammar, headAfter } from './message-grammar.ts';

const LF = 10;

/** What frames the bytes of a body. */
export type BodyKind = 'length' | 'chunked' | 'close';

/**
 * What there is of a message that is not finished: the bytes held, how many were captured, and what is known to be
 * missing. It finds the head in what is held, and tells the message as far as it came.
 */
export class MessageProgress {
  readonly held: HeldBytes;
  /** Where in its chunked body it is. */
  readonly chunks = new ChunkScanner();
  /** Bytes captured, held or not. */
  bytes = 0;
  /** Where in `held` the search for the empty line goes on. */
  scanFrom = 0;
  headersStart = 0;
  /** Where its first line ends that is no start line; 0 = there is none. */
  otherLineEnd = 0;
  headEnd = 0;
  contentLength = 0;
  /** Bytes of a body of known length that are still to come. */
  remaining = 0;
  /**
   * The held body is the entity, chunk framing taken off: a hole made the framing unreadable, or this reading has its
   * own.
   */
  unchunked = false;
  lost: CounterName[] | null = null;
  /** Only CRLF ends the lines of its head. */
  byCrlf = false;
  /** It was emitted once, incomplete, because nothing more came. */
  stalled = false;
  readonly #context: ReaderContext;

  constructor(context: ReaderContext) {
    this.#context = context;
    this.held = new HeldBytes(context.budget);
  }

  /** Counts captured bytes (fewer than 0: takes them back). */
  add(bytes: number): void {
    this.bytes += bytes;
    this.#context.pendingBytes += bytes;
  }

  /**
   * Counts bytes[start, end) and holds as much of it as fits.
   * @param limit bytes held at most; what is beyond is lost for `reason` (null = nobody wants it)
   * @param expected length the message will have, when known
   * @returns false: no memory
   */
  hold(
    bytes: Uint8Array, start: number, end: number, limit: number, reason: CounterName | null, expected: number,
  ): boolean {
    this.add(end - start);
    let to = end;
    if (this.held.length + to - start > limit) {
      to = start + Math.max(0, limit - this.held.length);
      if (reason !== null) this.lose(reason);
    }
    if (to === start || this.held.append(bytes, start, to, Math.min(expected, limit))) return true;
    for (const stalled of this.#context.stalled) {
      stalled.gap(-1);
      if (this.held.append(bytes, start, to, Math.min(expected, limit))) return true;
    }
    this.lose('http.memcap');
    return false;
  }

  /** Takes the last held bytes back out: they are not of this message. */
  giveBack(bytes: number): void {
    this.add(-bytes);
    this.held.truncate(this.held.length - bytes);
  }

  /** Bytes are missing. */
  lose(reason: CounterName): void {
    if (this.lost === null) this.lost = [reason];
    else if (!this.lost.includes(reason)) this.lost.push(reason);
  }

  /** Ready for the next message. */
  clear(): void {
    this.add(-this.bytes);
    this.held.clear();
    this.scanFrom = 0;
    this.headersStart = 0;
    this.otherLineEnd = 0;
    this.headEnd = 0;
    this.contentLength = 0;
    this.remaining = 0;
    this.unchunked = false;
    this.byCrlf = false;
    this.lost = null;
    this.stalled = false;
  }

  // --- the head

  /** Looks on for a head in what is held. @returns where it ends; 'more' = not yet; 'none' = this is none */
  findHead(grammar: MessageGrammar): number | 'more' | 'none' {
    const { held } = this;
    if (this.headersStart === 0) {
      const start = this.byCrlf ? crlfEnd(held.bytes, this.scanFrom, held.length, '\r\n') : lineEnd(held.bytes, this.scanFrom, held.length);
      // What ends it may have begun.
      this.scanFrom = start < 0 ? Math.max(0, held.length - 1) : start - (this.byCrlf ? 2 : 1);
      if (start < 0) return grammar.mayStart(held.bytes, 0, held.length) ? 'more' : 'none';
      const kind = headAfter(grammar.startLine(held.bytes, 0, start), held.bytes, start, held.length);
      if (kind === 'no') {
        this.otherLineEnd = start;
        return 'none';
      }
      if (kind === 'maybe') return 'more';
      this.headersStart = start;
      if (kind === 'alone') return start;
    }
    const end = this.byCrlf ? crlfEnd(held.bytes, this.scanFrom, held.length, '\r\n\r\n') : emptyLine(held.bytes, this.scanFrom, held.length);
    // The last line's end may be the first half of an empty line.
    if (end < 0) this.scanFrom = Math.max(this.headersStart - 2, held.length - 3);
    return end < 0 ? 'more' : end;
  }

  placeHead(headersStart: number, headEnd: number): void {
    this.headersStart = headersStart;
    this.headEnd = headEnd;
  }

  /** What was taken for a head is not one yet: it goes on to where two CRLF stand together. */
  lengthenHead(withStartLine: boolean): void {
    this.byCrlf = true;
    if (withStartLine) this.headersStart = 0;
    this.headEnd = 0;
    this.scanFrom = Math.max(0, this.headersStart - 2);
  }

  /** Of a head that did not end, tells the lines that are whole. @returns false: that is not even a start line */
  tellHead(grammar: MessageGrammar, reason: CounterName): boolean {
    const { held } = this;
    // In another reading it ended before.
    if (this.byCrlf) return false;
    const end = held.length === 0 ? 0 : held.bytes.lastIndexOf(LF, held.length - 1) + 1;
    const isAlone = this.headersStart === 0 && end > 0 && end === held.length && grammar.startLine(held.bytes, 0, end) === 'alone';
    if (!isAlone && (this.headersStart === 0 || end < this.headersStart)) return false;
    const headersStart = isAlone ? end : this.headersStart;
    this.#context.lines.scan(held.bytes, headersStart, end);
    grammar.message(held.bytes, 0, headersStart, end, end, isAlone ? wholeBody('none', 0, 0) : cutBody('none', 0, [reason], 0));
    return true;
  }

  // --- the body

  /** How the held body is framed, by what framed it in the stream. */
  framingOf(kind: BodyKind): Framing {
    return kind === 'chunked' && this.unchunked ? 'length' : kind;
  }

  /** Tells the message, whose head is whole. */
  tell(
    grammar: MessageGrammar, kind: BodyKind, framing: Framing, lost: CounterName[] | null, correction: boolean,
  ): void {
    const { held, chunks, bytes, headersStart, headEnd } = this;
    this.#context.lines.scan(held.bytes, headersStart, headEnd, this.byCrlf);
    const size = kind === 'chunked' ? chunks.entityBytes : kind === 'close' ? bytes - headEnd : this.contentLength;
    const irregular = kind === 'chunked' ? chunks.irregular : 0;
    const body = { framing, size, complete: lost === null, lost, irregular, correction };
    grammar.message(held.bytes, 0, headersStart, headEnd, held.length, body);
  }

  /** Passes over a hole in a body. @returns false: it may have swallowed where the body ends */
  passOver(framing: BodyKind, bytes: number): boolean {
    if (framing === 'length' && bytes > this.remaining) return false;
    if (framing === 'chunked' && bytes > this.chunks.dataRemaining) return false;
    this.lose('tcp.reassembly_gap');
    if (framing === 'length') this.remaining -= bytes;
    if (framing !== 'chunked') return true;
    this.unchunk();
    this.chunks.skipData(bytes);
    return true;
  }

  /** Has it come as far as `other`, in the same state? */
  isLevelWith(other: MessageProgress): boolean {
    return this.bytes === other.bytes && this.remaining === other.remaining
      && this.unchunked === other.unchunked && this.headEnd === other.headEnd
      && this.chunks.isLevelWith(other.chunks);
  }

  /** @returns false: there was no memory for what the other one holds */
  copyFrom(other: MessageProgress): boolean {
    this.chunks.copyFrom(other.chunks);
    this.add(other.bytes);
    this.scanFrom = other.scanFrom;
    this.headersStart = other.headersStart;
    this.headEnd = other.headEnd;
    this.contentLength = other.contentLength;
    this.remaining = other.remaining;
    this.unchunked = other.unchunked;
    this.byCrlf = other.byCrlf;
    this.lost = other.lost === null ? null : [...other.lost];
    return this.held.append(other.held.bytes, 0, other.held.length);
  }

  /** See MessageFramer.readOtherwise. */
  readChunks(how: ChunkDifference): Buffer | null {
    if (how === 'line_end') {
      this.unchunk();
      this.chunks.readByCrlf();
      return null;
    }
    const body = Buffer.from(this.held.bytes.subarray(this.headEnd, this.held.length));
    this.giveBack(body.length);
    return body;
  }

  /** Takes the chunk framing off what is held of the body. */
  unchunk(): void {
    if (this.unchunked) return;
    this.unchunked = true;
    const { held, headEnd } = this;
    const entity = entityOf(held.bytes, headEnd, held.length).slice();
    held.truncate(headEnd);
    held.append(entity, 0, entity.length);
  }
}
