import type { CounterName } from '../ledger.ts';
import { HeldBytes } from '../http/held-bytes.ts';
import { inField } from '../http/in-field.ts';
import type { Framing } from '../http/message.ts';
import type { HeaderLines } from '../http/header-lines.ts';
import { NO_BODY, type ReaderContext, cutBody, wholeBody } from '../http/reader-context.ts';
import { BodyProgress } from './body-progress.ts';
import type { BodyDifference } from './body-difference.ts';
import { entityOf } from './chunk-runs.ts';
import { HeldHead } from './held-head.ts';
import type { MessageGrammar } from './message-grammar.ts';

const LF = 10;
const CR = 13;
const LINE_END = Uint8Array.of(CR, LF);

/**
 * What there is of a message that is not finished: the bytes held, how many were captured, and what is known to be
 * missing. It tells the message as far as it came.
 */
export class MessageProgress {
  readonly held: HeldBytes;
  readonly head = new HeldHead();
  readonly body = new BodyProgress();
  /** Bytes captured, held or not. */
  bytes = 0;
  lost: CounterName[] | null = null;
  /** It was emitted once, incomplete, because nothing more came. */
  stalled = false;
  /** The end of the last line held is ours. */
  isLineCut = false;
  readonly #context: ReaderContext;
  /** Those of its whole head; null = they are not kept. */
  #lines: HeaderLines | null = null;

  constructor(context: ReaderContext) {
    this.#context = context;
    this.held = new HeldBytes(context.budget);
  }

  /** Counts captured bytes (fewer than 0: takes them back). */
  add(bytes: number): void {
    this.bytes = inField(this.bytes + bytes);
    this.#context.pendingBytes += bytes;
  }

  /**
   * Counts bytes[start, end) and holds as much of it as fits.
   * @param limit bytes held at most; what is beyond is lost for `reason` (null = nobody wants it)
   * @param expected length the message will have, when known
   * @param stays of HeldBytes.append
   * @returns false: no memory
   */
  hold(
    bytes: Uint8Array, start: number, end: number, limit: number, reason: CounterName | null, expected: number,
    stays = false,
  ): boolean {
    this.add(end - start);
    let to = end;
    if (this.held.length + to - start > limit) {
      to = start + Math.max(0, limit - this.held.length);
      if (reason !== null) this.lose(reason);
    }
    if (to === start || this.held.append(bytes, start, to, Math.min(expected, limit), stays)) return true;
    for (const stalled of this.#context.stalled) {
      stalled.gap(-1);
      if (this.held.append(bytes, start, to, Math.min(expected, limit), stays)) return true;
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
    this.head.clear();
    this.body.clear();
    this.lost = null;
    this.stalled = false;
    this.isLineCut = false;
    this.#dropLines();
  }

  /** @returns false: there was no memory for what the other one holds */
  copyFrom(other: MessageProgress): boolean {
    this.head.copyFrom(other.head);
    this.body.copyFrom(other.body);
    this.add(other.bytes);
    this.lost = other.lost === null ? null : [...other.lost];
    return this.held.append(other.held.bytes, 0, other.held.length);
  }

  /** Has it come as far as `other`, in the same state? */
  isLevelWith(other: MessageProgress): boolean {
    return this.bytes === other.bytes && this.head.end === other.head.end && this.body.isLevelWith(other.body);
  }

  // --- its head

  /** Begins behind the whole head bytes[start, headEnd) of another. @returns false: no memory for it */
  beginBehind(
    other: MessageProgress | null, bytes: Uint8Array, start: number, headersStart: number, headEnd: number,
  ): boolean {
    this.head.place(headersStart - start, headEnd - start);
    if (other?.head.long?.isOver === true) {
      this.head.passed = other.head.passed;
      this.add(other.head.passed);
      this.lose('http.head_limit');
    }
    return this.hold(bytes, start, headEnd, Infinity, null, 0);
  }

  /** Its header lines were read last, in bytes where it begins at `start`: it will be told with them. */
  keepLines(start: number): void {
    this.#dropLines();
    this.#lines = this.#context.keptLines.keep(this.#context.lines, start);
  }

  #dropLines(): void {
    if (this.#lines !== null) this.#context.keptLines.giveBack(this.#lines);
    this.#lines = null;
  }

  // --- its body

  /** Passes over a hole in the body. @returns false: it may have swallowed where that ends */
  passOver(bytes: number): boolean {
    if (!this.body.passOver(bytes)) return false;
    this.lose('tcp.reassembly_gap');
    if (this.body.framing === 'chunked') this.unchunk();
    return true;
  }

  /** Chunks were read up to `stop` of the piece. @returns false: what stands there is none */
  chunksRead(stop: number, grammar: MessageGrammar): boolean {
    const { chunks, isInvalid } = this.body;
    const { differs } = chunks;
    chunks.differs = '';
    if (differs !== '') grammar.bodyDiffers(stop, differs);
    if (isInvalid) this.lose('http.invalid_chunk');
    return !isInvalid;
  }

  /** Takes the chunk framing off what is held of the body. */
  unchunk(): void {
    if (this.body.isUnchunked) return;
    this.body.isUnchunked = true;
    const { held, head } = this;
    const entity = entityOf(held.bytes, head.end, held.length);
    held.truncate(head.end);
    held.append(entity, 0, entity.length);
  }

  /** The first line of a body was read up to `stop` of the piece: some servers may take it for a request's. */
  lineRead(stop: number, grammar: MessageGrammar): void {
    const { body, held, head } = this;
    body.isBehindLine = false;
    const differs = grammar.messageIn(held.bytes, head.end, held.length);
    if (differs !== '') grammar.bodyDiffers(stop, differs);
  }

  /** @returns what was read of another message, now that this one is over: null = it goes on */
  readBodyOtherwise(how: BodyDifference): Buffer | null {
    if (how === 'request_line') return this.#takeBody();
    this.unchunk();
    if (how === 'trailer_line') return this.#takeTrailer();
    const { chunks } = this.body;
    if (how === 'line_end') chunks.readByCrlf();
    else if (how === 'half_line_end') chunks.endByHalf();
    else if (how === 'data_rest') chunks.passRest();
    else chunks.readAnySizeEnd();
    return null;
  }

  #takeBody(): Buffer {
    const body = Buffer.from(this.held.bytes.subarray(this.head.end, this.held.length));
    this.giveBack(body.length);
    this.body.begin(NO_BODY, this.head.end, false);
    return body;
  }

  /** The last chunk was the end: of the unchunked body no trailer is held. */
  #takeTrailer(): Buffer {
    const line = this.body.chunks.endBeforeTrailer();
    this.add(-line.length);
    return line;
  }

  // --- telling it

  /** Tells the message, whose head is whole. */
  tell(grammar: MessageGrammar, framing: Framing, lost: CounterName[] | null, correction: boolean): void {
    const { held, head, body } = this;
    if (this.#lines !== null) this.#context.lines.copyFrom(this.#lines, 0);
    else this.#context.lines.scan(held.bytes, head.headersStart, head.end, head.byCrlf);
    const isChunked = body.framing === 'chunked';
    const unchunkedSize = body.framing === 'close' ? this.bytes - head.passed - head.end : body.contentLength;
    const size = isChunked ? body.chunks.entityBytes : unchunkedSize;
    const irregular = isChunked ? body.chunks.irregular : 0;
    const told = { framing, size, complete: lost === null, lost, irregular, correction };
    grammar.message(held.bytes, 0, head.headersStart, head.end, held.length, told);
  }

  /** The connection ends within a line of the head: some servers (CPython) take that for the line's end. */
  endLine(grammar: MessageGrammar): void {
    const { held } = this;
    if (held.length === 0 || held.bytes[held.length - 1] === LF || this.head.long !== null) return;
    this.isLineCut = held.append(LINE_END, held.bytes[held.length - 1] === CR ? 1 : 0, LINE_END.length);
    this.head.find(held, grammar);
  }

  /** Of a head that did not end, tells the lines that are whole. @returns false: that is not even a start line */
  tellHead(grammar: MessageGrammar, reason: CounterName): boolean {
    const { held, head } = this;
    // In another reading it ended before.
    if (head.byCrlf) return false;
    const end = head.long?.lineStart ?? (held.length === 0 ? 0 : held.bytes.lastIndexOf(LF, held.length - 1) + 1);
    const isAlone = head.headersStart === 0 && end > 0 && end === held.length
      && grammar.startLine(held.bytes, 0, end) === 'alone';
    if (!isAlone && (head.headersStart === 0 || end < head.headersStart)) return false;
    const headersStart = isAlone ? end : head.headersStart;
    const isWhole = isAlone && !this.isLineCut;
    this.#context.lines.scan(held.bytes, headersStart, end);
    const body = isWhole ? wholeBody('none', 0, 0) : cutBody('none', 0, [...new Set([...this.lost ?? [], reason])], 0);
    grammar.message(held.bytes, 0, headersStart, end, end, body);
    return true;
  }
}
