import type { CounterName } from '../ledger.ts';
import { type FrameHeader, FrameType } from './frame.ts';
import { type FrameBytes, Http2Half } from './half.ts';
import { Http2Message } from './message.ts';
import { PREFACE, Preface } from './preface.ts';
import { isRequestHead, requestHead, trailerLines } from './translation.ts';
import { Irregular } from '../http/irregular.ts';
import type { Endpoints } from '../http/message.ts';
import type { ReaderContext } from '../http/reader-context.ts';
import { type HttpRequest, translatedRequest } from '../http/http-request.ts';
import type { Provenance } from '../reassembly/provenance.ts';

/** Streams whose request is not whole, in one connection: servers allow 100 to 250 at a time. */
export const MAX_OPEN_STREAMS = 1000;

/** Requests remembered behind a hole that may be filled. */
const MAX_TOLD = 10_000;

/** The requests of one connection that speaks HTTP/2: each stream's becomes one of HTTP/1.1. */
export class Http2Requests extends Http2Half {
  readonly #endpoints: Endpoints;
  readonly #request: (request: HttpRequest) => void;
  /** RFC 9113 3.4: what a client begins with. */
  readonly #preface = new Preface();
  /** Requests that are not whole, oldest first. */
  readonly #open = new Map<number, Http2Message>();
  /** A copy that reads on from a hole, should its bytes come late. */
  #late: Http2Requests | null = null;
  /** In such a copy: the only stream whose request is told; null = all. */
  #onlyStream: number | null = null;
  #main: Http2Requests | null = null;
  /** Sequence numbers of requests that were told whole while a copy may tell them again. */
  readonly #told = new Set<number>();
  /** No open request has waited since before then. */
  #oldestMs = Infinity;

  constructor(context: ReaderContext, endpoints: Endpoints, request: (request: HttpRequest) => void) {
    super(context);
    this.#endpoints = endpoints;
    this.#request = request;
  }

  override get isFresh(): boolean {
    return super.isFresh && !this.#preface.isBegun;
  }

  /** Is a request begun and not whole? */
  get unfinished(): boolean {
    if (this.#main === null) return this.#open.size > 0;
    return this.knowledge > 0 && (this.#onlyStream === null || this.#open.has(this.#onlyStream));
  }

  hasOpen(streamId: number): boolean {
    return this.#open.has(streamId);
  }

  /** Emits requests that nothing was added to for `afterMs`, as far as they came. */
  stall(nowMs: number, afterMs: number): void {
    if (nowMs - this.#oldestMs < afterMs) return;
    this.#oldestMs = Infinity;
    for (const [streamId, message] of this.#open) {
      if (message.stalledSize >= 0) continue;
      if (nowMs - message.lastByteMs < afterMs) {
        this.#oldestMs = Math.min(this.#oldestMs, message.lastByteMs);
        continue;
      }
      this.#emit(streamId, message, '', false, [...message.lost ?? [], 'http.stalled']);
      message.stalledSize = message.bodySize;
    }
  }

  // --- bytes that come late

  /**
   * Begins as a copy of `main`, which is about to pass over a hole. What the copy finds are corrections; when it has
   * caught up with a main that could not go on behind the hole, it takes its place.
   *
   * @returns false: there is no memory for it
   */
  follow(main: Http2Requests): boolean {
    if (!this.copyFrom(main)) return false;
    // Those that main gives up are told a second time when they are whole.
    for (const message of this.#open.values()) message.stalledSize = Math.max(message.stalledSize, 0);
    this.#main = main;
    main.#late = this;
    main.#told.clear();
    return true;
  }

  /** Begins as a copy of `main`, to read other bytes than it does. @returns false: there is no memory for it */
  readBeside(main: Http2Requests): boolean {
    return this.copyFrom(main);
  }

  protected override copyFrom(other: Http2Requests): boolean {
    this.#preface.copyFrom(other.#preface);
    this.context.pendingBytes += this.#preface.pending;
    if (!super.copyFrom(other)) return false;
    for (const message of this.#open.values()) message.drop();
    this.#open.clear();
    for (const [streamId, message] of other.#open) {
      const copy = message.copy(this.context);
      if (copy === null) return false;
      this.#open.set(streamId, copy);
    }
    this.#oldestMs = -Infinity;
    return true;
  }

  override read(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): number {
    const at = this.#preface.isWhole ? start : this.#readPreface(bytes, start, end);
    const stop = this.isOver ? at : super.read(bytes, at, end, (seq + at - start) | 0, from);
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
    if (late.knowledge === 0 || late.knowledge < this.knowledge || !late.isLevelWith(this)) return;
    this.losePending();
    if (!this.copyFrom(late)) this.lose('http.memcap');
    late.discard();
    this.#late = null;
  }

  #readPreface(bytes: Uint8Array, start: number, end: number): number {
    const n = this.#preface.accept(bytes, start, end);
    if (n < 0) {
      this.#endInPreface();
      return start;
    }
    this.context.pendingBytes += n;
    if (this.#preface.isWhole) {
      this.context.pendingBytes -= PREFACE.length;
      this.count(PREFACE.length, 'other');
      this.context.ledger.count('http.http2_flow');
    }
    return start + n;
  }

  /** What began like the preface is none. */
  #endInPreface(): void {
    this.context.pendingBytes -= this.#preface.pending;
    this.endBefore(this.#preface.takeBack());
  }

  override gap(bytes: number): void {
    // Nothing has shown yet that this is HTTP/2.
    if (!this.#preface.isWhole && !this.isOver) return this.#endInPreface();
    const streamId = this.dataStream;
    const { knowledge } = this;
    super.gap(bytes);
    // A hole that was passed over: one request is not whole, or none.
    if (this.#late !== null && this.knowledge === knowledge && knowledge > 0) this.#late.#onlyStream = streamId;
  }

  override end(): void {
    if (!this.#preface.isWhole && !this.isOver) this.#endInPreface();
    else super.end();
  }

  override discard(): void {
    super.discard();
    this.context.pendingBytes -= this.#preface.pending;
    this.#preface.takeBack();
    for (const message of this.#open.values()) message.drop();
    this.#open.clear();
    if (this.#main !== null && this.#main.#late === this) this.#main.#late = null;
  }

  // --- what Http2Half asks

  protected override readonly beginsWithSettings = false;

  /**
   * Streams of clients have odd numbers (RFC 9113 5.1.1). Data of a stream that was never opened is an error (5.1);
   * NGINX passes over it.
   */
  protected override admits({ type, streamId }: FrameHeader): boolean {
    return type !== FrameType.pushPromise && (type !== FrameType.headers || streamId % 2 === 1);
  }

  protected override hasStream(streamId: number): boolean {
    return this.#open.has(streamId);
  }

  protected override headers(streamId: number, endsStream: boolean): FrameBytes {
    const { fields, isCut, hasUnknown } = this.block;
    const open = this.#open.get(streamId);
    if (open !== undefined) {
      open.lastByteMs = this.timeMs;
      if (isCut) open.addLost('http.head_limit');
      if (hasUnknown) open.addLost('tcp.reassembly_gap');
      if (endsStream) this.#finish(streamId, open, trailerLines(fields));
      return 'message';
    }
    if (this.knowledge < 2 && !isRequestHead(fields)) {
      this.unreadableHeaders(streamId, endsStream);
      return 'unreadable';
    }
    this.lastStreamId = Math.max(this.lastStreamId, streamId);
    const message = new Http2Message(
      this.context, requestHead(fields), this.frameBegan, this.timeMs);
    if (isCut) message.addLost('http.head_limit');
    if (hasUnknown) message.addLost('tcp.reassembly_gap');
    if (endsStream) {
      this.#emit(streamId, message, '', true, message.lost);
      return 'message';
    }
    if (this.#open.size >= MAX_OPEN_STREAMS) {
      const [oldest] = this.#open;
      this.#finish(oldest![0], oldest![1], '', 'http.http2_stream_limit');
    }
    this.#open.set(streamId, message);
    this.#oldestMs = Math.min(this.#oldestMs, message.lastByteMs);
    if (!message.hold()) {
      this.#emit(streamId, message, '', false, [...message.lost ?? [], 'http.memcap']);
      message.drop();
    }
    return 'message';
  }

  protected override unreadableHeaders(streamId: number, endsStream: boolean): void {
    const open = this.#open.get(streamId);
    this.lastStreamId = Math.max(this.lastStreamId, streamId);
    if (open === undefined) this.context.ledger.count('http.http2_unreadable_requests');
    else if (endsStream) this.#finish(streamId, open, '', 'tcp.reassembly_gap');
  }

  protected override data(streamId: number, bytes: Uint8Array, start: number, end: number): void {
    this.#open.get(streamId)?.data(bytes, start, end, this.timeMs);
  }

  protected override dataGap(streamId: number, bytes: number): void {
    this.#open.get(streamId)?.gap(bytes);
  }

  protected override endStream(streamId: number): void {
    const open = this.#open.get(streamId);
    if (open !== undefined) this.#finish(streamId, open, '');
  }

  /** The client takes its request back: what there was of it went to the server all the same. */
  protected override reset(streamId: number): void {
    const open = this.#open.get(streamId);
    if (open !== undefined) this.#finish(streamId, open, '', 'http.message_cut');
  }

  protected override abandon(reason: CounterName): void {
    for (const [streamId, message] of this.#open) this.#finish(streamId, message, '', reason);
    this.#oldestMs = Infinity;
  }

  protected override count(bytes: number, are: FrameBytes): void {
    const { ledger } = this.context;
    if (are === 'message') ledger.count('http.request_bytes', bytes);
    else ledger.count(are === 'other' ? 'http.http2_frame_bytes' : 'http.http2_unreadable_bytes', bytes);
  }

  // --- emitting

  /** @param cut why its end is missing */
  #finish(streamId: number, message: Http2Message, trailers: string, cut: CounterName | null = null): void {
    this.#open.delete(streamId);
    if (cut !== null) message.addLost(cut);
    if (!message.isDropped && (cut === null || message.bodySize > message.stalledSize)) {
      this.#emit(streamId, message, trailers, cut === null, message.lost);
    }
    message.drop();
  }

  #emit(streamId: number, message: Http2Message, trailers: string, isWhole: boolean, lost: CounterName[] | null): void {
    if (this.#onlyStream !== null && this.#onlyStream !== streamId) return;
    if (this.#main?.hasTold(message.began.seq) === true) return;
    if (this.#late !== null && lost === null && this.#told.size < MAX_TOLD) this.#told.add(message.began.seq);
    const { bytes, start, headersStart, headEnd, end, body, isTrue } = message.place(trailers, isWhole, lost);
    const { lines } = this.context;
    lines.scan(bytes, headersStart, headEnd);
    let irregular = message.irregular | lines.irregular;
    if (lines.hostCount === 0) irregular |= Irregular.missing_host;
    if (!isTrue) irregular |= Irregular.http2_malformed;
    const request = translatedRequest(this.#endpoints, bytes, start, headersStart, headEnd, end, body, irregular);
    request.streamId = streamId;
    request.seq = message.began.seq;
    request.ack = message.began.ack;
    request.ipId = message.began.ipId;
    request.timeMs = message.began.timeMs;
    request.lastByteMs = message.lastByteMs;
    request.lines = lines.lines;
    request.lineCount = lines.count;
    // The same however much of its body is known.
    request.identifyBy(message.head);
    this.#request(request);
  }
}
