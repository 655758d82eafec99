import { FrameType, type FrameHeader } from './frame.ts';
import type { FrameBytes, FrameGrammar } from './frame-grammar.ts';
import { FrameReader, type Knowledge } from './frame-reader.ts';
import type { Http2Message, Placed } from './message.ts';
import { type MessageTeller, OpenMessages, type Telling } from './open-messages.ts';
import { Preface } from './preface.ts';
import { type Translation, hasPseudoHeader, isRequestHead, requestHead } from './translation.ts';
import { Irregular } from '../http/irregular.ts';
import type { Endpoints } from '../http/message.ts';
import type { ReaderContext } from '../http/reader-context.ts';
import { type HttpRequest, translatedRequest } from '../http/http-request.ts';
import type { Provenance } from '../reassembly/provenance.ts';

/** Requests remembered behind a hole that may be filled. */
const MAX_TOLD = 10_000;

/** The requests of one connection that speaks HTTP/2: each stream's becomes one of HTTP/1.1. */
export class Http2Requests implements FrameGrammar, MessageTeller {
  readonly frames: FrameReader;
  readonly #context: ReaderContext;
  readonly #endpoints: Endpoints;
  readonly #request: (request: HttpRequest) => void;
  /** RFC 9113 3.4: what a client begins with. */
  readonly #preface = new Preface();
  readonly #open: OpenMessages;
  /** A copy that reads on from a hole, should its bytes come late. */
  #late: Http2Requests | null = null;
  /** In such a copy: the only stream whose request is told; null = all. */
  #onlyStream: number | null = null;
  #main: Http2Requests | null = null;
  /** Sequence numbers of requests that were told whole while a copy may tell them again. */
  readonly #told = new Set<number>();
  /** The highest that a block of fields has come for. */
  #lastStreamId = 0;

  constructor(context: ReaderContext, endpoints: Endpoints, request: (request: HttpRequest) => void) {
    this.#context = context;
    this.#endpoints = endpoints;
    this.#request = request;
    this.#open = new OpenMessages(context, this);
    this.frames = new FrameReader(context, this, this.#open);
  }

  /** The head of the preface was read as a request. */
  passPrefaceHead(): void {
    this.#preface.passHead();
  }

  /** Was nothing read yet? */
  get isFresh(): boolean {
    return this.frames.isFresh && !this.#preface.isBegun;
  }

  /** Were frames read, so that this is more than a guess? */
  get isBegun(): boolean {
    return this.frames.isBegun;
  }

  /** Has it found bytes that are not HTTP/2, and stopped there? */
  get isOver(): boolean {
    return this.frames.isOver;
  }

  /** After that: captured bytes of earlier pieces that turned out not to be HTTP/2, to be read again. */
  get leftover(): Uint8Array {
    return this.frames.leftover;
  }

  /** Last bytes that were read, of a preface or a frame's head that is not whole: they may become the leftover. */
  get undecided(): number {
    return this.#preface.pending + this.frames.headRead;
  }

  get knowledge(): Knowledge {
    return this.frames.knowledge;
  }

  /** Is a request begun and not whole? */
  get unfinished(): boolean {
    if (this.#main === null) return this.#open.size > 0;
    return this.knowledge > 0 && (this.#onlyStream === null || this.#open.has(this.#onlyStream));
  }

  hasOpen(streamId: number): boolean {
    return this.#open.has(streamId);
  }

  /** Emits requests that nothing was added to for `afterMs`, as far as they came. @returns true: some are not whole */
  stall(nowMs: number, afterMs: number): boolean {
    this.#open.stall(nowMs, afterMs);
    return this.unfinished;
  }

  // --- bytes that come late

  /**
   * Begins as a copy of `main`, which is about to pass over a hole. What the copy finds are corrections; when it has
   * caught up with a main that could not go on behind the hole, it takes its place.
   *
   * @returns false: there is no memory for it
   */
  follow(main: Http2Requests): boolean {
    if (!this.#copyFrom(main)) return false;
    // Those that main gives up are told a second time when they are whole.
    this.#open.markTold();
    this.#main = main;
    main.#late = this;
    main.#told.clear();
    return true;
  }

  /** Begins as a copy of `main`, to read other bytes than it does. @returns false: there is no memory for it */
  readBeside(main: Http2Requests): boolean {
    return this.#copyFrom(main);
  }

  #copyFrom(other: Http2Requests): boolean {
    this.#preface.copyFrom(other.#preface);
    this.#lastStreamId = other.#lastStreamId;
    this.#context.pendingBytes += this.#preface.pending;
    return this.frames.copyFrom(other.frames) && this.#open.copyFrom(other.#open);
  }

  /**
   * Reads bytes[start, end), a captured piece. @returns `end`; or, when it ended there (`isOver`), where bytes begin
   * that are not HTTP/2
   */
  read(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): number {
    const at = this.#preface.isWhole ? start : this.#readPreface(bytes, start, end);
    const stop = this.isOver ? at : this.frames.read(bytes, at, end, (seq + at - start) | 0, from);
    if (this.#late !== null) this.#giveWay();
    if (this.#main !== null) this.#main.#giveWay();
    return stop;
  }

  hasTold(seq: number): boolean {
    return this.#told.has(seq);
  }

  /** Is there a copy that will know more than this one, should a hole be filled? Another would be no use. */
  get isFollowed(): boolean {
    return this.#late !== null && this.#late.knowledge > this.knowledge;
  }

  /** Lets the late copy take over, if it knows what this one has lost. */
  #giveWay(): void {
    const late = this.#late;
    if (late === null || this.isOver || this.knowledge === 2) return;
    if (late.knowledge === 0 || late.knowledge < this.knowledge || !late.frames.isLevelWith(this.frames)) return;
    this.frames.losePending();
    if (!this.#copyFrom(late)) this.frames.lose('http.memcap');
    late.discard();
    this.#late = null;
  }

  #readPreface(bytes: Uint8Array, start: number, end: number): number {
    const n = this.#preface.accept(bytes, start, end);
    if (n < 0) {
      this.#endInPreface();
      return start;
    }
    this.#context.pendingBytes += n;
    if (this.#preface.isWhole) {
      this.#context.pendingBytes -= this.#preface.length;
      this.count(this.#preface.length, 'other');
      this.#context.ledger.count('http.http2_flow');
    }
    return start + n;
  }

  /** What began like the preface is none. */
  #endInPreface(): void {
    this.#context.pendingBytes -= this.#preface.pending;
    this.frames.endBefore(this.#preface.takeBack());
  }

  gap(bytes: number): void {
    // Nothing has shown yet that this is HTTP/2.
    if (!this.#preface.isWhole && !this.isOver) return this.#endInPreface();
    const streamId = this.frames.dataStream;
    const { knowledge } = this;
    this.frames.gap(bytes);
    // A hole that was passed over: one request is not whole, or none.
    if (this.#late !== null && this.knowledge === knowledge && knowledge > 0) this.#late.#onlyStream = streamId;
  }

  end(): void {
    if (!this.#preface.isWhole && !this.isOver) this.#endInPreface();
    else this.frames.end();
  }

  discard(): void {
    this.frames.discard();
    this.#context.pendingBytes -= this.#preface.pending;
    this.#preface.takeBack();
    this.#open.discard();
    if (this.#main !== null && this.#main.#late === this) this.#main.#late = null;
  }

  // --- what FrameReader asks

  readonly beginsWithSettings = false;

  /** Data of a stream that was never opened is an error (RFC 9113 5.1); NGINX passes over it. */
  admits({ type }: FrameHeader): boolean {
    return type !== FrameType.pushPromise;
  }

  hasStream(streamId: number): boolean {
    return this.#open.has(streamId);
  }

  /**
   * Streams of clients have odd numbers (RFC 9113 5.1.1). Others are an error, behind which Go still takes what belongs
   * to those that are open. Trailers of a stream that is over (5.1) begin no request.
   */
  head(fields: readonly string[], _endsStream: boolean, streamId: number): Translation | 'passed' | null {
    if (streamId % 2 === 0) return 'passed';
    const isOver = streamId <= this.#lastStreamId;
    this.#lastStreamId = Math.max(this.#lastStreamId, streamId);
    if (isOver && !hasPseudoHeader(fields)) return 'passed';
    return this.knowledge < 2 && !isRequestHead(fields) ? null : requestHead(fields);
  }

  isAnother(fields: readonly string[]): boolean {
    return isRequestHead(fields);
  }

  unreadable(): void {
    this.#context.ledger.count('http.http2_unreadable_requests');
  }

  reset(): void {}

  count(bytes: number, are: FrameBytes): void {
    const { ledger } = this.#context;
    if (are === 'message') ledger.count('http.request_bytes', bytes);
    else ledger.count(are === 'other' ? 'http.http2_frame_bytes' : 'http.http2_unreadable_bytes', bytes);
  }

  tell(streamId: number, message: Http2Message, { trailers, isWhole, lost }: Telling): void {
    if (this.#onlyStream !== null && this.#onlyStream !== streamId) return;
    if (this.#main?.hasTold(message.began.seq) === true) return;
    if (this.#late !== null && lost === null && this.#told.size < MAX_TOLD) this.#told.add(message.began.seq);
    const placed = message.place(trailers, isWhole, lost);
    this.#tellPlaced(streamId, message, placed, placed.isTrue ? 0 : Irregular.http2_malformed, 1);
    if (!message.hasSurplus || !(isWhole || isCutOnly(lost))) return;
    // RFC 9113 8.1.1: malformed; HAProxy has sent it on by then, and Apache as much of it as it said.
    const asSaid = message.placeAsSaid();
    if (asSaid !== null) this.#tellPlaced(streamId, message, asSaid, Irregular.http2_malformed, 2);
  }

  #tellPlaced(streamId: number, message: Http2Message, placed: Placed, malformed: number, reading: number): void {
    const { bytes, start, headersStart, headEnd, end, body } = placed;
    const { lines } = this.#context;
    lines.scan(bytes, headersStart, headEnd);
    let irregular = message.irregular | lines.irregular | malformed;
    if (lines.hostCount === 0) irregular |= Irregular.missing_host;
    const request = translatedRequest(this.#endpoints, bytes, start, headersStart, headEnd, end, body, irregular);
    request.streamId = streamId;
    request.reading = reading;
    if (this.frames.isDoubtful) request.isFound = true;
    message.mark(request, lines);
    request.ipId = message.began.ipId;
    // The same however much of its body is known.
    request.identifyBy(message.head);
    this.#request(request);
  }
}

function isCutOnly(lost: Telling['lost']): boolean {
  return lost?.length === 1 && lost[0] === 'http.message_cut';
}
