import { INDEX } from '../ledger.ts';
import type { ForkKind, StreamSink } from '../reassembly/stream-sink.ts';
import { HttpRequest, isGetOrHead } from '../http/http-request.ts';
import { isPreface } from '../http2/preface.ts';
import type { Http2Requests } from '../http2/requests.ts';
import { Irregular } from '../http/irregular.ts';
import { type Endpoints, Field, LINE_STRIDE } from '../http/message.ts';
import { MessageReader } from './message-reader.ts';
import type { Body, BodyFraming } from '../http/reader-context.ts';
import type { Http1Context } from './http1-context.ts';
import { RequestLine, requestStart } from '../http/request-line.ts';
import { StartSearch } from '../http/search.ts';
import { TlsRecords } from '../http/tls-records.ts';

const LF = 10;
const CR = 13;
const REQUEST_BYTES = INDEX['http.request_bytes'];

/** What a connection does with what its client sent. */
export interface RequestSink {
  request(request: HttpRequest): void;
  /** Not a request where one was expected; called once for each connection and kind. */
  otherProtocol(kind: 'http.tls_flow' | 'http.http2_flow' | 'http.not_http_flow'): void;
  /** The bytes are those of a server: the roles of the two directions were guessed wrong. @returns true when they were changed */
  isServer(): boolean;
  /** What may be the preface of HTTP/2 stands where it is believed: who reads it? */
  http2Requests(): Http2Requests;
  /** A copy of this parser for bytes that come late, or for those that another reading of the stream has; null = none. */
  forkRequests(kind: ForkKind, afresh?: boolean): StreamSink | null;
  /** The parser was one of those copies, and reads no more. */
  forkDiscarded(): void;
}

const line = new RequestLine();

/** The requests of one direction of a connection. */
export class RequestParser extends MessageReader {
  readonly #sink: RequestSink;
  readonly #endpoints: Endpoints;
  /** Made when it is needed: most connections search for nothing and speak no TLS. */
  #searchOrNull: StartSearch | null = null;
  #tls: TlsRecords | null = null;
  #mode: 'search' | 'tls' | 'tunnel' | 'http2' = 'search';
  /** Reads while the mode is http2. */
  #http2: Http2Requests | null = null;
  /** The next byte is one where HTTP/2 may begin: the stream's first, or the first behind a request for `Upgrade: h2c`. */
  #mayBeHttp2: boolean;
  /** Set while the empty lines before a request are passed over. */
  #emptyLines = false;
  /** This stream's first bytes, or bytes after a hole, may be anywhere in a message: search for a request line. */
  #reported = 0;

  constructor(context: Http1Context, endpoints: Endpoints, sink: RequestSink, midstream: boolean) {
    super(context);
    this.#endpoints = endpoints;
    this.#sink = sink;
    this.#mayBeHttp2 = !midstream;
    if (midstream) this.resync();
  }

  get #search(): StartSearch {
    return this.#searchOrNull ??= new StartSearch();
  }

  /** Bytes of a line that may become a request line. */
  get #carried(): number {
    return this.#searchOrNull?.carry.length ?? 0;
  }

  /** Sequence number of the message in progress. */
  get beganAt(): number {
    return this.began.seq;
  }

  override fork(kind: ForkKind, afresh = false): StreamSink | null {
    if (afresh) return this.state === 'other' && this.#mode !== 'search' ? null : this.#sink.forkRequests(kind, true);
    if (this.#http2 !== null && (this.#http2.knowledge === 0 || (kind === 'correction' && this.#http2.isFollowed))) return null;
    return this.#sink.forkRequests(kind);
  }

  /** A parser in the same state that counts and reports elsewhere. */
  forkInto(context: Http1Context, sink: Omit<RequestSink, 'forkRequests'>, kind: ForkKind, afresh = false): StreamSink | null {
    const copy = new RequestParser(context, this.#endpoints, { ...sink, forkRequests: () => null }, false);
    if (afresh) {
      copy.#reported = 7;
      return copy;
    }
    if (!copy.copyFrom(this)) {
      copy.discard();
      return null;
    }
    copy.#mode = this.#mode;
    copy.#emptyLines = this.#emptyLines;
    copy.#mayBeHttp2 = this.#mayBeHttp2;
    copy.#reported = 7;
    if (this.#carried > 0) copy.#search.carry = this.#search.carry;
    context.pendingBytes += this.#carried;
    if (this.#mode === 'tls') copy.resync();
    if (this.#http2 !== null) {
      copy.#http2 = sink.http2Requests();
      if (kind === 'correction' ? copy.#http2.follow(this.#http2) : copy.#http2.readBeside(this.#http2)) return copy;
      copy.discard();
      return null;
    }
    return copy;
  }

  /** The server agreed to another protocol (101, or 2xx to CONNECT): from here on nothing is HTTP/1. */
  tunnel(): void {
    this.giveUp('http.message_cut');
    this.state = 'other';
    this.#mode = 'tunnel';
  }

  /** The server speaks HTTP/1: it has not taken the preface for one. */
  leaveHttp2(): void {
    if (this.state !== 'other' || this.#mode !== 'http2') return;
    this.#http2!.end();
    if (this.#http2!.isOver) this.#readAgain();
    else this.resync();
    this.#http2 = null;
  }

  /** The server has agreed to HTTP/2: it follows next. */
  expectHttp2(): void {
    if (this.state === 'other' && this.#mode === 'search') {
      this.#dropCarry();
      this.state = 'idle';
    }
    if (this.state === 'idle') this.#mayBeHttp2 = true;
  }

  protected override begin(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    if (this.#mayBeHttp2) {
      this.#mayBeHttp2 = false;
      if (isPreface(bytes, at, end)) {
        this.#http2 = this.#sink.http2Requests();
        this.state = 'other';
        this.#mode = 'http2';
        this.skipped = at;
        return false;
      }
    }
    while (at < end && (bytes[at] === CR || bytes[at] === LF)) at++;
    if (at !== start) {
      // RFC 9112 2.2: a server ignores an empty line before a request.
      this.context.ledger.count('http.empty_line_bytes', at - start);
      this.#emptyLines = true;
      this.skipped = at;
      return false;
    }
    const byte = bytes[at]!;
    if (byte >= 20 && byte <= 24 && TlsRecords.begins(bytes, at, end) !== 'no') {
      this.#startTls();
      this.skipped = at;
      return false;
    }
    if (requestStart(bytes, at, Math.min(end, at + 65)) === 'no') {
      this.resync();
      this.skipped = at;
      return false;
    }
    return true;
  }

  protected override partialLine(bytes: Uint8Array, length: number): 'yes' | 'no' {
    return requestStart(bytes, 0, Math.min(length, 65)) === 'no' ? 'no' : 'yes';
  }

  protected override startLine(bytes: Uint8Array, start: number, end: number): 'yes' | 'no' | 'alone' {
    if (!line.parse(bytes, start, end)) return 'no';
    if (line.minor < 0 && isPreface(bytes, start, end)) {
      this.#report('http.http2_flow', 2);
      return 'no';
    }
    return (line.irregular & Irregular.missing_version) !== 0 ? 'alone' : 'yes';
  }

  /** RFC 9112 6.3 for requests; where it says "reject", what most servers would read, and a mark. */
  protected override frame(): BodyFraming {
    const { lines } = this.context;
    if (lines.transferEncoding && lines.chunked) return { framing: 'chunked', contentLength: 0 };
    if (lines.contentLength > 0) return { framing: 'length', contentLength: lines.contentLength };
    return { framing: 'none', contentLength: 0 };
  }

  protected override emit(bytes: Uint8Array, start: number, headersStart: number, headEnd: number, end: number, body: Body): void {
    const { lines } = this.context;
    line.parse(bytes, start, headersStart);
    let irregular = line.irregular | lines.irregular | body.irregular;
    if (this.#emptyLines) irregular |= Irregular.empty_line_before_request;
    this.#emptyLines = false;
    if (lines.transferEncoding) {
      if (lines.contentLength !== -1) irregular |= Irregular.te_cl_conflict;
      if (line.minor === 0) irregular |= Irregular.transfer_encoding_1_0;
    }
    if (lines.hostCount === 0 && line.minor === 1) irregular |= Irregular.missing_host;
    if (body.size > 0 && isGetOrHead(bytes, start, line.methodEnd)) irregular |= Irregular.body_on_get;
    const request = new HttpRequest(this.#endpoints, line, bytes, start, headersStart, headEnd, end, body, irregular);
    request.seq = this.began.seq;
    request.ack = this.began.ack;
    request.ipId = this.began.ipId;
    request.timeMs = this.began.timeMs;
    request.lastByteMs = this.lastByteMs;
    request.lines = lines.lines;
    request.lineCount = lines.count;
    // A framing that servers read in different ways: where the next request begins is not known.
    if ((irregular & UNSURE_FRAMING) !== 0 && body.framing === 'none') this.resync();
    if ((lines.seen & UPGRADE) !== 0 && this.state === 'idle') this.#mayBeHttp2 = upgradesToHttp2(bytes, lines.lines, lines.count);
    this.#sink.request(request);
  }

  protected override countBytes(bytes: number): void {
    this.context.ledger.values[REQUEST_BYTES]! += bytes;
  }

  protected override lose(bytes: number): void {
    this.context.ledger.count('http.skipped_bytes', bytes);
  }

  protected override resync(): void {
    this.state = 'other';
    this.#mode = 'search';
    this.#mayBeHttp2 = false;
    this.#search.reset();
  }

  protected override gapInOther(bytes: number): boolean {
    if (this.state !== 'other') return false;
    if (this.#mode === 'tunnel') return true;
    if (this.#mode === 'http2') {
      this.#http2!.gap(bytes);
      if (!this.#http2!.isOver) return true;
      this.#readAgain();
      return this.gapInOther(bytes);
    }
    if (this.#mode === 'tls' && bytes >= 0 && this.#tls?.gap(bytes) === true) return true;
    this.#dropCarry();
    this.resync();
    return true;
  }

  override end(): void {
    if (this.state === 'other' && this.#mode === 'http2') {
      this.#http2!.end();
      if (this.#http2!.isOver) this.#readAgain();
    }
    if (this.state === 'other') this.#dropCarry();
    super.end();
  }

  override get unfinished(): boolean {
    return super.unfinished || this.#carried > 0 || this.#http2?.unfinished === true;
  }

  override stall(nowMs: number, afterMs: number): boolean {
    if (this.#http2 === null) return super.stall(nowMs, afterMs);
    this.#http2.stall(nowMs, afterMs);
    return this.#http2.unfinished;
  }

  override discard(): void {
    this.context.pendingBytes -= this.#carried;
    this.#searchOrNull?.reset();
    this.#http2?.discard();
    super.discard();
    this.#sink.forkDiscarded();
  }

  protected override other(bytes: Uint8Array, at: number, end: number): number {
    if (this.#mode === 'tunnel') {
      this.context.ledger.count('http.tunnel_bytes', end - at);
      return end;
    }
    if (this.#mode === 'tls') {
      const stop = (this.#tls ??= new TlsRecords()).skip(bytes, at, end);
      this.context.ledger.count('http.tls_bytes', stop - at);
      if (stop < end) this.resync();
      return stop;
    }
    if (this.#mode === 'http2') {
      const http2 = this.#http2!;
      const stop = http2.read(bytes, at, end, this.began.seq, this.began);
      if (http2.isOver) this.#readAgain();
      return stop;
    }
    const carried = this.#carried;
    const found = this.#search.search(bytes, at, end);
    if (found === 'nothing') {
      const carry = this.#search.carry.length;
      // What is carried is neither skipped nor of a request yet.
      this.context.pendingBytes += carry - carried;
      this.lose(carried + end - at - carry);
      if (carry === 0) this.#report('http.not_http_flow', 4);
      return end;
    }
    const { foundAt, inCarry } = this.#search;
    const carry = this.#search.carry;
    this.#search.reset();
    this.context.pendingBytes -= carried;
    if (found === 'response' && this.#sink.isServer()) {
      // The connection reads this piece again, with the other parser.
      if (!inCarry) this.lose(carried);
      return end;
    }
    if (!inCarry) this.lose(carried + foundAt - at);
    if (found === 'tls') {
      this.#startTls();
      return foundAt;
    }
    this.state = 'idle';
    if (found === 'response') {
      // A client that writes a status line: one line to pass over, not a reason to believe anything.
      this.resync();
      const stop = Math.min(end, Math.max(at + 1, foundAt + 12));
      this.lose(inCarry ? carried + stop - at : stop - foundAt);
      return stop;
    }
    if (!inCarry) return foundAt;
    // The line began in an earlier piece: read it from the carry, then go on in this piece.
    super.data(carry, 0, carry.length, (this.began.seq - carried) | 0, this.began);
    return foundAt;
  }

  /** What began like HTTP/2 is none: its bytes that were not read as such are looked at as HTTP/1. */
  #readAgain(): void {
    const { leftover, isBegun } = this.#http2!;
    this.#http2 = null;
    if (isBegun) this.resync();
    else this.state = 'idle';
    super.data(leftover, 0, leftover.length, (this.began.seq - leftover.length) | 0, this.began);
  }

  #startTls(): void {
    this.#report('http.tls_flow', 1);
    this.#tls = new TlsRecords();
    this.state = 'other';
    this.#mode = 'tls';
  }

  #report(kind: 'http.tls_flow' | 'http.http2_flow' | 'http.not_http_flow', bit: number): void {
    if ((this.#reported & bit) !== 0) return;
    this.#reported |= bit;
    this.#sink.otherProtocol(kind);
  }

  #dropCarry(): void {
    const length = this.#carried;
    this.context.pendingBytes -= length;
    this.lose(length);
    this.#searchOrNull?.reset();
  }
}

const UNSURE_FRAMING = Irregular.invalid_content_length | Irregular.differing_content_length | Irregular.invalid_transfer_encoding;

const UPGRADE = 1 << Field.upgrade;
/** Do these header lines speak of `Upgrade: h2c` (RFC 7540 3.2)? */
export function upgradesToHttp2(bytes: Uint8Array, lines: Int32Array, count: number): boolean {
  for (let i = 0; i < count * LINE_STRIDE; i += LINE_STRIDE) {
    if (lines[i] !== Field.upgrade) continue;
    const value = Buffer.from(bytes.buffer, bytes.byteOffset + lines[i + 3]!, lines[i + 4]! - lines[i + 3]!).toString('latin1');
    if (/(?:^|,)[ \t]*h2c[ \t]*(?:,|$)/i.test(value)) return true;
  }
  return false;
}
