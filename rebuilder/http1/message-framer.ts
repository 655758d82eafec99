import type { CounterName } from '../ledger.ts';
import { Origin, type Provenance } from '../reassembly/provenance.ts';
import type { StreamSink } from '../reassembly/stream-sink.ts';
import type { Framing } from '../http/message.ts';
import { type BodyFraming, cutBody, wholeBody } from '../http/reader-context.ts';
import { lineEnd } from '../http/request-line.ts';
import { readHead } from './head-reading.ts';
import { type Http1Context, MOST_SPARE } from './http1-context.ts';
import { type MessageGrammar, type Reading, headAfter } from './message-grammar.ts';
import { MessageProgress } from './message-progress.ts';

const LF = 10;
const CR = 13;

type State = 'idle' | 'none' | 'head' | 'body';

/**
 * Frames the messages of one direction (RFC 9112): a head, then a body by length, by chunks or up to the end. It reads
 * one message at a time and stops behind it; whoever owns it says what stands there. A message that lies whole in one
 * captured piece is never copied; any other is held contiguous until it ends, is cut or is given up.
 */
export class MessageFramer {
  readonly #context: Http1Context;
  readonly #grammar: MessageGrammar;
  /** The stream it reads: what it holds makes room when it has stalled and memory is short. */
  readonly #stream: StreamSink;
  #state: State = 'idle';
  /** false: only counts and frames (responses nobody asked for). */
  readonly #keepBodies: boolean;
  /** What is known of a message that lies in several pieces; null = there is none, or all of it is in this piece. */
  #part: MessageProgress | null = null;
  /** Where the message in progress begins, and in which packet. */
  readonly began = new Origin();
  /** Bytes of earlier pieces behind the message that was just read, which its owner reads next; null = none */
  behind: Uint8Array | null = null;
  lastByteMs = 0;

  constructor(context: Http1Context, grammar: MessageGrammar, stream: StreamSink, keepBodies: boolean) {
    this.#context = context;
    this.#grammar = grammar;
    this.#stream = stream;
    this.#keepBodies = keepBodies;
  }

  #progress(): MessageProgress {
    return this.#part ??= this.#context.spareProgress.pop() ?? new MessageProgress(this.#context);
  }

  /** The next byte is the first of a message, or of something else. */
  get isIdle(): boolean { return this.#state === 'idle'; }

  /** What was read last is no message: it is for somebody else from there on (`releaseNone`). */
  get isNone(): boolean { return this.#state === 'none'; }

  /** Is a message begun and not finished? */
  get unfinished(): boolean { return this.#part !== null && this.#part.bytes > 0; }

  /** So many bytes are between here and the next message; Infinity = nobody knows. */
  get toNext(): number {
    return this.isIdle ? 0 : this.#state === 'body' ? this.#progress().body.toEnd : Infinity;
  }

  /** So many bytes at least are still of the body in progress; Infinity = all up to the connection's end. */
  get leftOfBody(): number { return this.#state === 'body' ? this.#progress().body.left : 0; }

  /** Reads on; when it is idle a new message begins. @returns how far it read: to the message's end, or to `end` */
  read(bytes: Uint8Array, at: number, end: number, seq: number, from: Provenance): number {
    this.lastByteMs = from.timeMs;
    // More comes of what is held: it makes room for nobody, least of all for itself.
    if (this.#context.stalled.size > 0) this.#context.stalled.delete(this.#stream);
    switch (this.#state) {
      case 'idle':
        this.began.set(seq, from);
        return this.#newHead(bytes, at, end);
      case 'head': return this.#moreHead(bytes, at, end);
      case 'body': return this.#moreBody(bytes, at, end);
      case 'none': return at;
    }
  }

  /**
   * After `isNone`. @returns a copy of the bytes of earlier pieces that are no message; none = all of it is in the
   * present one
   */
  releaseNone(): Buffer {
    this.#state = 'idle';
    const bytes = Buffer.from(this.#part?.held.bytes.subarray(0, this.#part.bytes) ?? NOTHING);
    this.#reset();
    return bytes;
  }

  /** A hole. @returns false: where the next message begins is not known any more */
  gap(bytes: number): boolean {
    if (this.#state === 'body' && bytes >= 0 && this.#progress().passOver(bytes)) {
      if (this.#progress().body.isOver) this.#finishHeld();
      return true;
    }
    this.giveUp('tcp.reassembly_gap');
    return false;
  }

  /** Nothing more will come. */
  end(): void {
    if (this.#goesToEnd()) this.#finishHeld();
    if (this.#state === 'head') this.#part?.endLine(this.#grammar);
    this.giveUp('http.message_cut');
  }

  /**
   * Emits what there is of a message that nothing was added to for long. The reading goes on: should the rest come, the
   * whole message is emitted again as a correction, unless what is held had to make room.
   */
  stall(nowMs: number, afterMs: number): boolean {
    const part = this.#part;
    if (part === null || part.bytes === 0 || this.#goesToEnd()) return false;
    if (nowMs - this.lastByteMs < afterMs) return true;
    if (!part.stalled) part.stalled = this.#emitPart('http.stalled');
    this.#context.stalled.add(this.#stream);
    return false;
  }

  /** Ends a message in progress: it is emitted as incomplete, or counted as lost if it has no start line. */
  giveUp(reason: CounterName): void {
    if (!this.unfinished) return;
    const { stalled, held, bytes } = this.#progress();
    const emitted = stalled || this.#emitPart(reason);
    this.#state = 'idle';
    if (emitted) this.#grammar.count(bytes);
    else this.#grammar.lose(held.bytes.subarray(0, Math.min(held.length, bytes)), bytes);
    this.#reset();
  }

  /** Frees what is held without a word: for copies that are dropped. */
  discard(): void {
    this.#reset();
    this.#state = 'idle';
  }

  // --- copies

  /** Takes over the state of another framer, with what it holds. @returns false: there was no memory for that */
  copyFrom(other: MessageFramer): boolean {
    this.#state = other.#state;
    this.began.set(other.began.seq, other.began);
    this.lastByteMs = other.lastByteMs;
    return other.#part === null || this.#progress().copyFrom(other.#part);
  }

  /** Begins behind the head that another reads, with a framing of its own. @returns false: no memory for the head */
  begin(other: MessageFramer, bytes: Uint8Array, start: number, headersStart: number, headEnd: number): boolean {
    this.began.set(other.began.seq, other.began);
    this.lastByteMs = other.lastByteMs;
    this.behind = other.#part?.head.behind ?? null;
    return this.#progress().beginBehind(other.#part, bytes, start, headersStart, headEnd);
  }

  /** Reads on otherwise than what it was copied from. @returns bytes read as a body that are behind it; null = none */
  readOtherwise(how: Exclude<Reading, 'dropped_body' | 'shorter_lines'>): Uint8Array | null {
    const { behind } = this;
    this.behind = null;
    const progress = this.#progress();
    if (how === 'longer_line' || how === 'longer_head') {
      progress.head.lengthen(how === 'longer_line');
      this.#state = 'head';
      return behind;
    }
    const unread = typeof how === 'string' ? progress.readBodyOtherwise(how) : null;
    if (unread !== null) {
      this.#finishHeld();
      return unread;
    }
    if (typeof how !== 'string') this.#bodyBegins(how);
    // What reads no chunks is another reading already.
    if (this.#state === 'body' && progress.body.framing === 'chunked') progress.body.chunks.passFirstLine();
    return behind;
  }

  /** Begins anew with what is held of a head. @returns that, bare CRs replaced by LF, and what was read behind it */
  takeHead(): Buffer {
    const { behind } = this;
    const { held, head } = this.#progress();
    const bytes = Buffer.concat([held.bytes.subarray(0, head.end), behind ?? NOTHING]);
    for (let at = 0; at + 1 < head.end; at++) if (bytes[at] === CR && bytes[at + 1] !== LF) bytes[at] = LF;
    this.behind = null;
    this.discard();
    return bytes;
  }

  /** Has it read as far as `other`, and does it read on like it? */
  isLevelWith(other: MessageFramer): boolean {
    if (this.#state !== other.#state || this.unfinished !== other.unfinished) return false;
    return !this.unfinished || (this.began.seq === other.began.seq && this.#progress().isLevelWith(other.#progress()));
  }

  // --- heads

  /** A message begins in a piece; @returns how far it was read. */
  #newHead(bytes: Uint8Array, start: number, end: number): number {
    const headersStart = lineEnd(bytes, start, end);
    if (headersStart >= 0) {
      const kind = headAfter(this.#grammar.startLine(bytes, start, headersStart), bytes, headersStart, end);
      if (kind === 'no') {
        this.#grammar.notStartLine(bytes, start, headersStart, headersStart);
        this.#state = 'none';
        return start;
      }
      const linesEnd = kind === 'alone' ? headersStart : end;
      const headEnd = kind === 'maybe' ? -1 : this.#context.lines.scan(bytes, headersStart, linesEnd);
      if (kind === 'alone') return this.#headDone(bytes, start, headersStart, headersStart, end);
      if (headEnd >= 0) return this.#headDone(bytes, start, headersStart, headEnd, end);
    }
    this.#state = 'head';
    return this.#moreHead(bytes, start, end);
  }

  /** A head whole in bytes[start, headEnd), in the captured piece. */
  #headDone(bytes: Uint8Array, start: number, headersStart: number, headEnd: number, end: number): number {
    const body = this.#grammar.frame(bytes, start, headersStart, headEnd, headEnd);
    const { framing, contentLength } = body;
    const { chunks } = this.#context;
    let messageEnd = framing === 'close' ? -1 : headEnd + contentLength;
    if (framing === 'chunked') messageEnd = chunks.wholeEnd(bytes, headEnd, end);
    const isWhole = messageEnd >= 0 && messageEnd <= end;
    if (isWhole && !(framing === 'length' && this.#grammar.messageIn(bytes, headEnd, messageEnd) !== '')) {
      this.#grammar.count(messageEnd - start);
      this.#state = 'idle';
      const whole = framing === 'chunked' ? wholeBody(framing, chunks.entityBytes, chunks.irregular)
        : wholeBody(framing, contentLength, 0);
      this.#grammar.message(bytes, start, headersStart, headEnd, messageEnd, whole);
      return messageEnd;
    }
    this.#progress().head.place(headersStart - start, headEnd - start);
    this.#progress().keepLines(start);
    const headBytes = headEnd - start;
    const expected = headBytes + contentLength;
    if (this.#hold(bytes, start, headEnd, headBytes + this.#mostBody(), expected, framing === 'length')) {
      this.#bodyBegins(body);
      return headEnd;
    }
    // No memory even for the head: what this piece has of the message is emitted, and the next one searched.
    this.#progress().add(end - headEnd);
    this.#grammar.count(this.#progress().bytes);
    this.#reset();
    const cut = cutBody(framing === 'chunked' ? 'chunked' : 'length', contentLength, ['http.memcap'], 0);
    this.#grammar.message(bytes, start, headersStart, headEnd, end, cut);
    this.#state = 'none';
    return end;
  }

  /** More of a head that did not end in its first piece. */
  #moreHead(bytes: Uint8Array, at: number, end: number): number {
    const progress = this.#progress();
    const { head } = progress;
    const stop = readHead(progress, bytes, at, end, this.#context.headBytes, this.#grammar);
    this.behind = head.behind;
    switch (head.outcome) {
      case 'more': break;
      case 'whole':
        this.#headHeld(stop);
        break;
      case 'none':
        this.#state = 'none';
        break;
      case 'http.memcap':
      case 'http.head_limit':
        this.giveUp(head.outcome);
        this.#state = 'none';
    }
    return stop;
  }

  #headHeld(bodyAt: number): void {
    const { held, head } = this.#progress();
    this.#context.lines.scan(held.bytes, head.headersStart, head.end, head.byCrlf);
    this.#progress().keepLines(0);
    this.#bodyBegins(this.#grammar.frame(held.bytes, 0, head.headersStart, head.end, bodyAt));
  }

  // --- bodies

  /** A head is held whole. */
  #bodyBegins(how: BodyFraming): void {
    const { body, head } = this.#progress();
    body.begin(how, head.end, this.#grammar.mayLeaveBodies);
    this.#state = 'body';
    if (body.isOver) this.#finishHeld(how.framing);
  }

  #moreBody(bytes: Uint8Array, at: number, end: number): number {
    const progress = this.#progress();
    const { body, body: { holdsNext } } = progress;
    const stop = body.advance(bytes, at, end);
    const stays = body.framing === 'length';
    if (holdsNext) this.#hold(bytes, at, stop, body.start + this.#mostBody(), body.start + body.contentLength, stays);
    else progress.add(stop - at);
    const isInvalid = body.framing === 'chunked' && !progress.chunksRead(stop, this.#grammar);
    if (body.isBehindLine) progress.lineRead(stop, this.#grammar);
    if (body.isOver) this.#finishHeld();
    if (isInvalid) this.#state = 'none';
    return stop;
  }

  /** Bytes of a body that are held. */
  #mostBody(): number {
    return this.#keepBodies ? this.#context.bodyLimitBytes : 0;
  }

  /** Adds captured bytes to the message; beyond `most` held they are only counted. @returns false: no memory */
  #hold(bytes: Uint8Array, start: number, end: number, most: number, expected: number, stays = false): boolean {
    return this.#progress().hold(bytes, start, end, most, this.#keepBodies ? 'http.body_limit' : null, expected, stays);
  }

  // --- ends

  /** The message in progress is read up to the end of the connection. */
  #goesToEnd(): boolean {
    return this.#state === 'body' && this.#progress().body.framing === 'close';
  }

  #finishHeld(framing: Framing = this.#progress().body.heldFraming): void {
    const progress = this.#progress();
    this.#state = 'idle'; // what follows is read afresh
    progress.tell(this.#grammar, framing, progress.lost, progress.stalled);
    this.#grammar.count(progress.bytes);
    this.#reset();
  }

  /** Emits what there is; @returns false when that is not even a start line. */
  #emitPart(reason: CounterName): boolean {
    const progress = this.#progress();
    if (this.#state === 'head') return progress.tellHead(this.#grammar, reason);
    progress.tell(this.#grammar, progress.body.heldFraming, [...progress.lost ?? [], reason], false);
    return true;
  }

  #reset(): void {
    if (this.#part === null) return;
    this.#part.clear();
    this.#context.stalled.delete(this.#stream);
    const { spareProgress } = this.#context;
    if (spareProgress.length < MOST_SPARE) spareProgress.push(this.#part);
    this.#part = null;
  }
}

const NOTHING = new Uint8Array(0);
