import { INDEX } from '../ledger.ts';
import type { Origin } from '../reassembly/provenance.ts';
import type { StreamSink } from '../reassembly/stream-sink.ts';
import { HttpRequest, isGetOrHead } from '../http/http-request.ts';
import { Irregular } from '../http/irregular.ts';
import { type Endpoints, Field } from '../http/message.ts';
import type { Body, BodyFraming } from '../http/reader-context.ts';
import { RequestLine, crlfEnd, requestStart } from '../http/request-line.ts';
import { knownMethod } from '../http/search.ts';
import type { BodyDifference } from './body-difference.ts';
import { FirstBodyLine } from './first-body-line.ts';
import { framingReadings, mostServers } from './framing-readings.ts';
import type { Http1Context } from './http1-context.ts';
import type { MessageGrammar, Reading, StartLine } from './message-grammar.ts';
import { MessageFramer } from './message-framer.ts';

const REQUEST_BYTES = INDEX['http.request_bytes'];
const CR = 13;
const LF = 10;
const SLASH = 0x2f;
const DOT = 0x2e;
const UPGRADE = 1 << Field.upgrade;

/** Who reads the stream that requests stand in. */
export interface RequestReader extends StreamSink {
  /** @param upgrades it asks for another protocol */
  told(request: HttpRequest, upgrades: boolean): void;
  /**
   * The message that was just begun can be read on in these ways, too. What there is of its head is bytes[start,
   * headEnd); `bodyAt` of the piece is behind that.
   */
  otherReadings(
    hows: readonly Reading[], bytes: Uint8Array, start: number, headersStart: number, headEnd: number, bodyAt: number,
  ): void;
  /** What was to become a request line has not ended, and will not: counts it. @param from where it began */
  lost(bytes: Uint8Array, from: Origin): void;
  /** The body of the message in progress can be read otherwise from `at` of the piece on. */
  otherBody(at: number, how: BodyDifference): void;
}

const line = new RequestLine();
const firstLine = new FirstBodyLine();

const CONNECT = Buffer.from('CONNECT ');
const PREFACE_LINE = Buffer.from('PRI * HTTP/2.0');

function isPrefaceLine(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start > PREFACE_LINE.length && PREFACE_LINE.every((byte, i) => bytes[start + i] === byte);
}

const TO_END: BodyFraming = { framing: 'close', contentLength: 0 };

/** What a CR in the request line makes of that. */
const BLANK_OR_CONTROL = Irregular.raw_space_in_target | Irregular.control_in_target;

/**
 * Does a head end earlier, or its request line, where a bare CR ends a line, too? So it does for Node's lenient parser
 * (`--insecure-http-parser`).
 */
function differsByCr(bytes: Uint8Array, start: number, headersStart: number, headEnd: number): boolean {
  for (let at = bytes.indexOf(CR, start); at >= 0 && at < headEnd; at = bytes.indexOf(CR, at + 1)) {
    const isBare = bytes[at + 1] !== LF;
    if (at < headersStart - 2) {
      // `/1.1` stands before it.
      if (isBare && at - start > 4 && bytes[at - 4] === SLASH && bytes[at - 2] === DOT) return true;
    } else if (bytes[at - 1] === CR || (bytes[at - 1] === LF && isBare)) {
      return at + (isBare ? 1 : 2) < headEnd;
    }
  }
  return false;
}

/** The requests of one direction of a connection (RFC 9112 3 and 6): what MessageFramer asks about them. */
export class Requests implements MessageGrammar {
  readonly framer: MessageFramer;
  readonly #context: Http1Context;
  readonly #endpoints: Endpoints;
  readonly #reader: RequestReader;
  /** Empty lines were passed over before the request. */
  behindEmptyLines = false;
  /** Nothing proves that the request in progress is one. */
  isFound = false;

  /** Its line is the one that was parsed last, if so many are, and it stood there. */
  #parsed = 0;
  #parsedStart = 0;
  #parsedEnd = 0;

  /** A bare CR ends each line of the head that is read next, as a bare LF does. */
  endsByCr = false;

  /** The line that was read last is the first of HTTP/2's preface. */
  sawPreface = false;

  constructor(context: Http1Context, endpoints: Endpoints, reader: RequestReader) {
    this.#context = context;
    this.#endpoints = endpoints;
    this.#reader = reader;
    this.framer = new MessageFramer(context, this, reader, true);
  }

  /** Takes over the state of others, with what they hold. @returns false: there was no memory for that */
  copyFrom(other: Requests): boolean {
    this.behindEmptyLines = other.behindEmptyLines;
    this.isFound = other.isFound;
    return this.framer.copyFrom(other.framer);
  }

  /**
   * Begins behind a head that others read; `framer.readOtherwise` says how its message goes on. @returns false: there
   * was no memory for the head
   */
  begin(other: Requests, bytes: Uint8Array, start: number, headersStart: number, headEnd: number): boolean {
    this.behindEmptyLines = other.behindEmptyLines;
    this.isFound = other.isFound;
    return this.framer.begin(other.framer, bytes, start, headersStart, headEnd);
  }

  /** Reads the head that it holds once more, with lines that a bare CR ends, too. @returns its bytes */
  beginByCr(): Buffer {
    this.endsByCr = true;
    return this.framer.takeHead();
  }

  get mayLeaveBodies(): true { return true; }

  /** What a handler of CPython's server has not read of a body, the server reads as the next request. */
  messageIn(bytes: Uint8Array, start: number, end: number): 'request_line' | 'cut_line' | '' {
    firstLine.begin();
    const lineEndAt = firstLine.endIn(bytes, start, end);
    if (!firstLine.isOpen) return '';
    let at = start;
    while (at < end && (bytes[at] === CR || bytes[at] === LF)) at++;
    if (lineEndAt < 0) return at < end && knownMethod(bytes, at, end) ? 'cut_line' : '';
    return line.parse(bytes, at, lineEndAt) && line.minor >= 0 ? 'request_line' : '';
  }

  startLine(bytes: Uint8Array, start: number, end: number): StartLine {
    if (!this.#parse(bytes, start, end)) return 'no';
    // Where HTTP/2 is not believed, its preface is no request either; but header lines may follow what begins like it.
    this.sawPreface = line.minor < 0 && isPrefaceLine(bytes, start, end);
    if (this.sawPreface) return 'versionless';
    if ((line.irregular & Irregular.missing_version) === 0 || line.hasVersionInside) return 'yes';
    return line.mayStandAlone ? 'alone' : 'versionless';
  }

  #parse(bytes: Uint8Array, start: number, end: number): boolean {
    const isLine = line.parse(bytes, start, end);
    this.#parsed = line.parsed;
    this.#parsedStart = start;
    this.#parsedEnd = end;
    return isLine;
  }

  /** The line of the present request; mostly nobody else's was parsed since this one was. */
  #present(bytes: Uint8Array, start: number, end: number): RequestLine {
    const isPresent = line.parsed === this.#parsed && start === this.#parsedStart && end === this.#parsedEnd;
    if (!isPresent) this.#parse(bytes, start, end);
    return line;
  }

  /** For a server to which only CRLF ends a line (gunicorn 20) it may be the beginning of one. */
  notStartLine(bytes: Uint8Array, start: number, end: number, behindAt: number): void {
    if (bytes[end - 2] === CR || requestStart(bytes, start, end) !== 'yes') return;
    this.#reader.otherReadings(['longer_line'], bytes, start, end, end, behindAt);
  }

  frame(bytes: Uint8Array, start: number, headersStart: number, headEnd: number, bodyAt: number): BodyFraming {
    const { lines, ledger } = this.#context;
    const { irregular } = this.#present(bytes, start, headersStart);
    const isPlain = lines.irregular === 0 && irregular === 0 && !lines.transferEncoding && lines.contentLength === -1;
    if (isPlain) return mostServers(lines);
    const minor = line.isSurelyVersioned ? line.minor : -1;
    const framings = framingReadings(bytes, headersStart, headEnd, lines, minor, ledger);
    const first = framings?.[0] ?? mostServers(lines);
    if (this.endsByCr) {
      // Its line feeds are ours; and so reads only who takes other codings for none.
      this.endsByCr = false;
      return lines.transferEncoding && !lines.chunked ? TO_END : first;
    }
    const others: Reading[] = framings?.slice(1) ?? [];
    if (((lines.irregular | irregular) & Irregular.bare_lf) !== 0) {
      this.#byCrlf(others, bytes, start, headersStart, headEnd);
    }
    const mayBeShorter = (lines.irregular & Irregular.bare_cr) !== 0 || (irregular & BLANK_OR_CONTROL) !== 0;
    if (mayBeShorter && differsByCr(bytes, start, headersStart, headEnd)) others.push('shorter_lines');
    if (first.framing !== 'none' && this.#asksToLeave(bytes, start)) others.push('dropped_body');
    if (others.length > 0) this.#reader.otherReadings(others, bytes, start, headersStart, headEnd, bodyAt);
    return first;
  }

  /** Does it ask for another protocol? Then uvicorn, with httptools, drops what it has of a body, and reads on. */
  #asksToLeave(bytes: Uint8Array, start: number): boolean {
    const isConnect = CONNECT.every((byte, i) => bytes[start + i] === byte);
    return isConnect || (this.#context.lines.seen & UPGRADE) !== 0;
  }

  /** How a head goes on with bare LFs in it, for servers to which they end no line. */
  #byCrlf(others: Reading[], bytes: Uint8Array, start: number, headersStart: number, headEnd: number): void {
    const head = Buffer.from(bytes.buffer, bytes.byteOffset + start, headEnd - start);
    const isLineByLf = (line.irregular & Irregular.bare_lf) !== 0;
    const isVersionless = line.minor < 0;
    // Behind a version they may take the next lines for nothing.
    const mayGoOn = isVersionless || crlfEnd(head, headersStart - start, head.length, '\r\n') >= 0;
    if (isLineByLf && mayGoOn) others.push('longer_line');
    if (isLineByLf && isVersionless) return;
    if (crlfEnd(head, Math.max(0, head.length - 4), head.length, '\r\n\r\n') < 0) others.push('longer_head');
  }

  message(bytes: Uint8Array, start: number, headersStart: number, headEnd: number, end: number, body: Body): void {
    const { lines } = this.#context;
    const { began, lastByteMs } = this.framer;
    let irregular = this.#present(bytes, start, headersStart).irregular | lines.irregular | body.irregular;
    if (this.behindEmptyLines) irregular |= Irregular.empty_line_before_request;
    this.behindEmptyLines = false;
    this.sawPreface = false;
    if (lines.transferEncoding) {
      if (lines.contentLength !== -1) irregular |= Irregular.te_cl_conflict;
      if (line.minor === 0) irregular |= Irregular.transfer_encoding_1_0;
    }
    if (lines.hostCount === 0 && line.minor === 1) irregular |= Irregular.missing_host;
    if (body.size > 0 && isGetOrHead(bytes, start, line.methodEnd)) irregular |= Irregular.body_on_get;
    const request = new HttpRequest(this.#endpoints, line, bytes, start, headersStart, headEnd, end, body, irregular);
    request.seq = began.seq;
    request.ack = began.ack;
    request.ipId = began.ipId;
    request.timeMs = began.timeMs;
    request.lastByteMs = lastByteMs;
    request.lines = lines.lines;
    request.lineCount = lines.count;
    request.isFound = this.isFound;
    this.#reader.told(request, (lines.seen & UPGRADE) !== 0);
  }

  bodyDiffers(at: number, how: BodyDifference): void {
    this.#reader.otherBody(at, how);
  }

  count(bytes: number): void {
    this.#context.ledger.values[REQUEST_BYTES]! += bytes;
  }

  lose(held: Uint8Array, bytes: number): void {
    this.#context.ledger.count('http.skipped_bytes', bytes - held.length);
    this.#reader.lost(held, this.framer.began);
  }
}
