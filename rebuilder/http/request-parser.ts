import type { CounterName } from '../ledger.ts';
import type { StreamSink } from '../reassembly/stream-sink.ts';
import { Irregular, irregularNames } from './irregular.ts';
import { type Endpoints, type Framing, LINE_STRIDE, type Request, type Response } from './message.ts';
import { MessageReader } from './message-reader.ts';
import type { Body, BodyFraming, ReaderContext } from './reader-context.ts';
import { requestId } from './request-id.ts';
import { RequestLine, requestStart } from './request-line.ts';
import { StartSearch } from './search.ts';
import { TlsRecords } from './tls-records.ts';

const LF = 10;
const CR = 13;
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n');

/** What a connection does with what its client sent. */
export interface RequestSink {
  request(request: HttpRequest): void;
  /** Not a request where one was expected; called once for each connection and kind. */
  otherProtocol(kind: 'http.tls_flow' | 'http.http2_flow' | 'http.not_http_flow'): void;
  /** The bytes are those of a server: the roles of the two directions were guessed wrong. @returns true when they were changed */
  isServer(): boolean;
  /** A copy of this parser for bytes that come late; null = none. */
  forkRequests(): StreamSink | null;
}

const line = new RequestLine();

/** The requests of one direction of a connection. */
export class RequestParser extends MessageReader {
  readonly #sink: RequestSink;
  readonly #endpoints: Endpoints;
  readonly #search = new StartSearch();
  readonly #tls = new TlsRecords();
  #mode: 'search' | 'tls' | 'tunnel' = 'search';
  /** Set while the empty lines before a request are passed over. */
  #emptyLines = false;
  /** This stream's first bytes, or bytes after a hole, may be anywhere in a message: search for a request line. */
  #reported = 0;

  constructor(context: ReaderContext, endpoints: Endpoints, sink: RequestSink, midstream: boolean) {
    super(context);
    this.#endpoints = endpoints;
    this.#sink = sink;
    if (midstream) this.resync();
  }

  /** Sequence number of the message in progress. */
  get beganAt(): number {
    return this.messageSeq;
  }

  override fork(): StreamSink | null {
    return this.#sink.forkRequests();
  }

  /** A parser in the same state that counts and reports elsewhere. */
  forkInto(context: ReaderContext, sink: Omit<RequestSink, 'forkRequests'>): StreamSink {
    const copy = new RequestParser(context, this.#endpoints, { ...sink, forkRequests: () => null }, false);
    copy.copyFrom(this);
    copy.#mode = this.#mode;
    copy.#emptyLines = this.#emptyLines;
    copy.#reported = 7;
    copy.#search.carry = this.#search.carry;
    context.pendingBytes += this.#search.carry.length;
    if (this.#mode === 'tls') copy.resync();
    return copy;
  }

  /** The server agreed to another protocol (101, or 2xx to CONNECT): from here on nothing is HTTP/1. */
  tunnel(): void {
    this.giveUp('http.message_cut');
    this.state = 'other';
    this.#mode = 'tunnel';
  }

  protected override begin(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
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
    if (bytes[start] === 0x50 && end - start === PREFACE.length && PREFACE.every((byte, i) => bytes[start + i] === byte)) {
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
    const request = new HttpRequest(this.#endpoints, bytes, start, headersStart, headEnd, end, body, irregular);
    request.seq = this.messageSeq;
    request.ack = this.messageAck;
    request.ipId = this.messageIpId;
    request.timeMs = this.messageTimeMs;
    request.lastByteMs = this.lastByteMs;
    request.lines = lines.lines;
    request.lineCount = lines.count;
    // A framing that servers read in different ways: where the next request begins is not known.
    if ((irregular & UNSURE_FRAMING) !== 0 && body.framing === 'none') this.resync();
    this.#sink.request(request);
  }

  protected override countBytes(bytes: number): void {
    this.context.ledger.count('http.request_bytes', bytes);
  }

  protected override lose(bytes: number): void {
    this.context.ledger.count('http.skipped_bytes', bytes);
  }

  protected override resync(): void {
    this.state = 'other';
    this.#mode = 'search';
    this.#search.reset();
  }

  protected override gapInOther(bytes: number): boolean {
    if (this.state !== 'other') return false;
    if (this.#mode === 'tunnel') return true;
    if (this.#mode === 'tls' && bytes >= 0 && this.#tls.gap(bytes)) return true;
    this.#dropCarry();
    this.resync();
    return true;
  }

  override end(): void {
    if (this.state === 'other') this.#dropCarry();
    super.end();
  }

  override get unfinished(): boolean {
    return super.unfinished || this.#search.carry.length > 0;
  }

  override discard(): void {
    this.context.pendingBytes -= this.#search.carry.length;
    this.#search.reset();
    super.discard();
  }

  protected override other(bytes: Uint8Array, at: number, end: number): number {
    if (this.#mode === 'tunnel') {
      this.context.ledger.count('http.tunnel_bytes', end - at);
      return end;
    }
    if (this.#mode === 'tls') {
      const stop = this.#tls.skip(bytes, at, end);
      this.context.ledger.count('http.tls_bytes', stop - at);
      if (stop < end) this.resync();
      return stop;
    }
    const carried = this.#search.carry.length;
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
    super.data(carry, 0, carry.length, (this.messageSeq - carried) | 0, this.messageAck, this.messageTimeMs, this.messageIpId);
    return foundAt;
  }

  #startTls(): void {
    this.#report('http.tls_flow', 1);
    this.#tls.reset();
    this.state = 'other';
    this.#mode = 'tls';
  }

  #report(kind: 'http.tls_flow' | 'http.http2_flow' | 'http.not_http_flow', bit: number): void {
    if ((this.#reported & bit) !== 0) return;
    this.#reported |= bit;
    this.#sink.otherProtocol(kind);
  }

  #dropCarry(): void {
    const { length } = this.#search.carry;
    this.context.pendingBytes -= length;
    this.lose(length);
    this.#search.reset();
  }
}

const UNSURE_FRAMING = Irregular.invalid_content_length | Irregular.differing_content_length | Irregular.invalid_transfer_encoding;

function isGetOrHead(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  return (length === 3 && bytes[start] === 0x47 && bytes[start + 1] === 0x45) || (length === 4 && bytes[start] === 0x48 && bytes[start + 1] === 0x45);
}

/** A request as the parser found it; see Request for what each field holds. */
export class HttpRequest implements Request {
  readonly endpoints: Endpoints;
  bytes: Uint8Array;
  start: number;
  headersStart: number;
  headEnd: number;
  end: number;
  lines: Int32Array = NO_LINES;
  lineCount = 0;
  framing: Framing;
  bodySize: number;
  complete: boolean;
  lost: CounterName[] | null;
  timeMs = 0;
  lastByteMs = 0;
  seq = 0;
  /** What the client had received when it sent this request: its response begins there or later. */
  ack = 0;
  /** IPv4 identification of the packet that began it. */
  ipId = 0;
  methodEnd: number;
  targetStart: number;
  targetEnd: number;
  versionStart: number;
  versionEnd: number;
  irregular: string[] | null;
  correction: boolean;
  response: Response | null = null;
  #id: string | null = null;

  constructor(endpoints: Endpoints, bytes: Uint8Array, start: number, headersStart: number, headEnd: number, end: number, body: Body, irregular: number) {
    this.endpoints = endpoints;
    this.bytes = bytes;
    this.start = start;
    this.headersStart = headersStart;
    this.headEnd = headEnd;
    this.end = end;
    this.framing = body.framing;
    this.bodySize = body.size;
    this.complete = body.complete;
    this.lost = body.lost;
    this.correction = body.correction;
    this.methodEnd = line.methodEnd;
    this.targetStart = line.targetStart;
    this.targetEnd = line.targetEnd;
    this.versionStart = line.versionStart;
    this.versionEnd = line.versionEnd;
    this.irregular = irregularNames(irregular);
  }

  get id(): string {
    return this.#id ??= requestId(this);
  }

  methodIs(method: string): boolean {
    if (this.methodEnd - this.start !== method.length) return false;
    for (let i = 0; i < method.length; i++) {
      if (this.bytes[this.start + i] !== method.charCodeAt(i)) return false;
    }
    return true;
  }

  /** Makes the request own its bytes and lines, so that it may outlive the callback. */
  retain(): void {
    this.#id ??= requestId(this);
    const { start } = this;
    this.bytes = Buffer.from(this.bytes.subarray(start, this.end));
    this.lines = this.lines.slice(0, this.lineCount * LINE_STRIDE);
    for (let i = 0; i < this.lines.length; i++) {
      if (i % LINE_STRIDE !== 0) this.lines[i]! -= start;
    }
    this.start = 0;
    this.headersStart -= start;
    this.headEnd -= start;
    this.end -= start;
    this.methodEnd -= start;
    this.targetStart -= start;
    this.targetEnd -= start;
    this.versionStart -= start;
    this.versionEnd -= start;
  }
}

const NO_LINES = new Int32Array(0);
