import { INDEX } from '../ledger.ts';
import type { StreamSink } from '../reassembly/stream-sink.ts';
import type { Http2Responses } from '../http2/responses.ts';
import { HttpResponse } from '../http/http-response.ts';
import { MessageReader } from './message-reader.ts';
import type { Body, BodyFraming } from '../http/reader-context.ts';
import type { Http1Context } from './http1-context.ts';
import { isStatusLine } from '../http/search.ts';

const RESPONSE_BYTES = INDEX['http.response_bytes'];

/** What a connection knows about the request that a response answers, and does with the response. */
export interface ResponseSink {
  /**
   * A response head was read: which method does it answer? null = unknown.
   * @param seq sequence number of the response's first byte
   * @param afterHole responses before it may have been lost
   */
  responseTo(seq: number, ack: number, afterHole: boolean): 'HEAD' | 'CONNECT' | 'other' | null;
  /** Interim responses (1xx but 101) are not reported. */
  response(response: HttpResponse): void;
  /** HTTP/2 may begin here: who reads it? */
  http2Responses(): Http2Responses;
}

const NEEDLE = Buffer.from('HTTP/1.');

/** The responses of one direction of a connection. */
export class ResponseParser extends MessageReader {
  readonly #sink: ResponseSink;
  #tunnel = false;
  #http2: Http2Responses | null = null;
  /** Nothing was read yet. */
  #isFirst: boolean;
  /** Since the last response there were bytes in which another may have been. */
  #afterHole = false;
  #status = 0;

  constructor(context: Http1Context, sink: ResponseSink, keepBodies: boolean, midstream: boolean) {
    super(context);
    this.#sink = sink;
    this.keepBodies = keepBodies;
    this.#isFirst = !midstream;
    if (midstream) this.resync();
  }

  protected override begin(bytes: Uint8Array, at: number, end: number): boolean {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (isFirst && bytes[at] === 0) {
      // RFC 9113 3.4: the server's SETTINGS may come before the client's preface. Their length begins with a zero, as no text does.
      this.readHttp2();
      this.skipped = at;
      return false;
    }
    // A server's empty lines between responses are as harmless as a client's.
    if (bytes[at] === 13 || bytes[at] === 10) {
      this.context.ledger.count('http.empty_line_bytes');
      this.skipped = at + 1;
      return false;
    }
    for (let i = 0; i < NEEDLE.length && at + i < end; i++) {
      if (bytes[at + i] !== NEEDLE[i]) {
        this.resync();
        this.skipped = at;
        return false;
      }
    }
    return true;
  }

  protected override partialLine(): 'yes' | 'no' {
    return 'yes';
  }

  protected override startLine(bytes: Uint8Array, start: number, end: number): 'yes' | 'no' {
    return isStatusLine(bytes, start, end) ? 'yes' : 'no';
  }

  /** RFC 9112 6.3 for responses. */
  protected override frame(bytes: Uint8Array, start: number): BodyFraming {
    this.#status = (bytes[start + 9]! - 48) * 100 + (bytes[start + 10]! - 48) * 10 + bytes[start + 11]! - 48;
    const status = this.#status;
    const { lines } = this.context;
    const method = status >= 100 && status < 200 && status !== 101 ? 'other' : this.#sink.responseTo(this.began.seq, this.began.ack, this.#afterHole);
    this.#afterHole = false;
    if ((status >= 100 && status < 200) || status === 204 || status === 304 || method === 'HEAD') return NO_BODY;
    if (method === 'CONNECT' && status >= 200 && status < 300) return NO_BODY;
    if (lines.transferEncoding) return { framing: lines.chunked ? 'chunked' : 'close', contentLength: 0 };
    if (lines.contentLength >= 0) return { framing: 'length', contentLength: lines.contentLength };
    return { framing: 'close', contentLength: 0 };
  }

  protected override emit(bytes: Uint8Array, start: number, headersStart: number, headEnd: number, end: number, body: Body): void {
    const status = this.#status;
    if (status >= 100 && status < 200 && status !== 101) return;
    this.context.ledger.count('http.responses');
    const response = new HttpResponse(bytes, start, headersStart, headEnd, this.keepBodies ? end : headEnd, body, status);
    response.timeMs = this.began.timeMs;
    response.lastByteMs = this.lastByteMs;
    response.seq = this.began.seq;
    response.ack = this.began.ack;
    response.lines = this.context.lines.lines;
    response.lineCount = this.context.lines.count;
    this.#sink.response(response);
  }

  override fork(): StreamSink | null {
    return null;
  }

  /** From here on the connection speaks another protocol. */
  tunnel(): void {
    this.state = 'other';
    this.#tunnel = true;
  }

  /** What follows is HTTP/2. */
  readHttp2(): void {
    this.state = 'other';
    this.#http2 = this.#sink.http2Responses();
  }

  override end(): void {
    this.#http2?.end();
    super.end();
  }

  /** These were no frames. */
  #leaveHttp2(): void {
    this.lose(this.#http2!.leftover.length);
    this.#http2 = null;
    this.resync();
  }

  protected override countBytes(bytes: number): void {
    this.context.ledger.values[RESPONSE_BYTES]! += bytes;
  }

  protected override lose(bytes: number): void {
    this.context.ledger.count('http.response_skipped_bytes', bytes);
  }

  protected override resync(): void {
    this.state = 'other';
    this.#afterHole = true;
  }

  protected override gapInOther(bytes: number): boolean {
    this.#afterHole = true;
    this.#http2?.gap(bytes);
    return this.state === 'other';
  }

  /** After a hole, or where no response stands: the next piece or line that begins with a status line. */
  protected override other(bytes: Uint8Array, at: number, end: number): number {
    if (this.#tunnel) {
      this.context.ledger.count('http.tunnel_bytes', end - at);
      return end;
    }
    if (this.#http2 !== null) {
      const stop = this.#http2.read(bytes, at, end, this.began.seq, this.began);
      if (this.#http2.isOver) this.#leaveHttp2();
      return stop;
    }
    if (isStatusLine(bytes, at, end)) {
      this.state = 'idle';
      return at;
    }
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, end);
    for (let from = at; ;) {
      const found = view.indexOf('\nHTTP/1.', from, 'latin1');
      if (found < 0) break;
      if (isStatusLine(bytes, found + 1, end)) {
        this.lose(found + 1 - at);
        this.state = 'idle';
        return found + 1;
      }
      from = found + 1;
    }
    this.lose(end - at);
    return end;
  }
}

const NO_BODY: BodyFraming = { framing: 'none', contentLength: 0 };
