import type { Provenance } from '../reassembly/provenance.ts';
import type { StreamSink } from '../reassembly/stream-sink.ts';
import { earlyFrameEnd } from './early-frames.ts';
import { RequestLine, lineEnd } from '../http/request-line.ts';
import { isStatusLine } from '../http/search.ts';
import type { HttpResponse } from '../http/http-response.ts';
import type { Http1Context } from '../http1/http1-context.ts';
import { Responses } from '../http1/responses.ts';
import type { Http2Responses } from '../http2/responses.ts';

/** What a connection knows about the request that a response answers, and does with the response. */
export interface ServerSink {
  /**
   * A response head was read: which method does it answer? null = unknown.
   * @param seq sequence number of the response's first byte
   * @param afterHole responses before it may have been lost
   */
  responseTo(seq: number, ack: number, afterHole: boolean): 'HEAD' | 'CONNECT' | 'other' | null;
  /** Interim responses (1xx but 101) are not reported. */
  response(response: HttpResponse, isFound: boolean): void;
  /** HTTP/2 may begin here: who reads it? */
  http2Responses(): Http2Responses;
  /** The client has begun to speak HTTP/2. */
  readonly speaksHttp2: boolean;
}

/** Who reads what is no response, of an end that may be the client. */
export interface NoResponses {
  /** @returns how far it was read: a status line stands behind that, or `end` */
  read(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): number;
  /** A hole, of so many bytes; less than 0 = nobody knows. */
  missed(bytes: number): void;
  /** The connection may speak another protocol from here on. */
  tunnel(): void;
}

const line = new RequestLine();
const NEEDLE = Buffer.from('HTTP/1.');

/** What a server says on one connection: decides which protocol stands where, and hands each to who reads it. */
export class ServerReader implements StreamSink {
  readonly #context: Http1Context;
  readonly #sink: ServerSink;
  readonly #responses: Responses;
  #mode: 'http1' | 'search' | 'tunnel' | 'http2' = 'http1';
  #http2: Http2Responses | null = null;
  /** null = it is certain that this end is the server. */
  readonly #others: NoResponses | null;
  #hasAgreed = false;
  /** Where a response was found in the piece that is read, and none stands; -1 = nowhere. */
  #noneAt = -1;

  constructor(context: Http1Context, sink: ServerSink, keepBodies: boolean, others: NoResponses | null) {
    this.#context = context;
    this.#sink = sink;
    this.#others = others;
    this.#responses = new Responses(context, sink, this, keepBodies);
    if (others !== null) this.#startSearch();
  }

  get unfinished(): boolean {
    return this.#responses.framer.unfinished;
  }

  data(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): void {
    const { framer } = this.#responses;
    if (this.#others !== null && this.#mode !== 'search' && isRequestLine(bytes, start, end)) this.leave();
    let at = start;
    this.#noneAt = -1;
    while (at < end) {
      const here = (seq + at - start) | 0;
      if (this.#mode === 'http1') {
        at = framer.isIdle ? this.#begin(bytes, at, end, here, from) : framer.read(bytes, at, end, here, from);
        if (framer.isNone) {
          const earlier = framer.releaseNone();
          if (framer.began.seq === ((seq + at - start) | 0)) this.#noneAt = at;
          this.#startSearch();
          this.#noResponse(earlier, 0, earlier.length, (here - earlier.length) | 0, from);
        }
      } else {
        at = this.#other(bytes, at, end, here, from);
      }
    }
  }

  gap(bytes: number): void {
    this.#http2?.frames.gap(bytes);
    if (this.#mode === 'search') this.#others?.missed(bytes);
    if (this.#mode === 'http1' && !this.#responses.framer.gap(bytes)) this.#startSearch();
    else if (this.#mode !== 'http1') this.#responses.isAfterHole = true;
  }

  end(): void {
    this.#http2?.frames.end();
    this.#responses.framer.end();
  }

  stall(nowMs: number, afterMs: number): boolean {
    return this.#responses.framer.stall(nowMs, afterMs);
  }

  discard(): void {
    this.#http2?.discard();
    this.#responses.framer.discard();
  }

  fork(): StreamSink | null {
    return null;
  }

  /** What it says is no response any more. */
  leave(): void {
    this.end();
    this.#http2 = null;
    this.#hasAgreed = false;
    this.#startSearch();
  }

  /** From here on the connection speaks another protocol. */
  tunnel(): void {
    if (this.#others === null) {
      this.#mode = 'tunnel';
      return;
    }
    this.#startSearch();
    this.#others.tunnel();
  }

  /** What follows is HTTP/2, as it has said itself. */
  agreeToHttp2(): void {
    this.#hasAgreed = true;
    this.#readHttp2();
  }

  #readHttp2(): void {
    this.#mode = 'http2';
    this.#http2 = this.#sink.http2Responses();
  }

  /** At the first byte of what should be a response. @returns how far it was read */
  #begin(bytes: Uint8Array, at: number, end: number, seq: number, from: Provenance): number {
    if (this.#mayBeHttp2(bytes, at, end)) {
      // RFC 9113 3.4: the server's SETTINGS, which may come before the client's preface. Their length begins with a
      // zero, as no text does.
      this.#readHttp2();
      return at;
    }
    // A server's empty lines between responses are as harmless as a client's.
    if (bytes[at] === 13 || bytes[at] === 10) {
      this.#context.ledger.count('http.empty_line_bytes');
      return at + 1;
    }
    for (let i = 0; i < NEEDLE.length && at + i < end; i++) {
      if (bytes[at + i] !== NEEDLE[i]) {
        this.#startSearch();
        return at;
      }
    }
    return this.#responses.framer.read(bytes, at, end, seq, from);
  }

  #mayBeHttp2(bytes: Uint8Array, at: number, end: number): boolean {
    return bytes[at] === 0 && this.#framesEnd(bytes, at, end) > 0;
  }

  /** How far may these be frames? A client can write what begins like some, too. -1 = they are none */
  #framesEnd(bytes: Uint8Array, at: number, end: number): number {
    const isCertain = this.#others === null || this.#hasAgreed || this.#sink.speaksHttp2;
    return isCertain ? end : earlyFrameEnd(bytes, at, end);
  }

  #startSearch(): void {
    this.#mode = 'search';
    this.#responses.isAfterHole = true;
  }

  #lose(bytes: number): void {
    this.#context.ledger.count('http.response_skipped_bytes', bytes);
  }

  /** Reads bytes[at, end) as what stands there, which is no HTTP/1 so far. */
  #other(bytes: Uint8Array, at: number, end: number, seq: number, from: Provenance): number {
    if (this.#mode === 'tunnel') {
      this.#context.ledger.count('http.tunnel_bytes', end - at);
      return end;
    }
    if (this.#http2 !== null) return this.#readFrames(this.#http2, bytes, at, end, seq, from);
    if (this.#others === null) return this.#searchOn(bytes, at, end);
    if (this.#mayBeHttp2(bytes, at, end)) {
      this.#readHttp2();
      return at;
    }
    return this.#readOthers(this.#others, bytes, at, end, seq, from);
  }

  #readFrames(
    http2: Http2Responses, bytes: Uint8Array, at: number, end: number, seq: number, from: Provenance,
  ): number {
    const { frames } = http2;
    const framesEnd = this.#framesEnd(bytes, at, end);
    const stop = framesEnd < 0 ? at : frames.read(bytes, at, framesEnd, seq, from);
    if (framesEnd >= 0 && !frames.isOver) return stop;
    // These were no frames.
    const { leftover } = frames;
    this.leave();
    const here = (seq + stop - at) | 0;
    this.#noResponse(leftover, 0, leftover.length, (here - leftover.length) | 0, from);
    return this.#others === null ? stop : this.#readOthers(this.#others, bytes, stop, end, here, from);
  }

  #readOthers(
    others: NoResponses, bytes: Uint8Array, at: number, end: number, seq: number, from: Provenance,
  ): number {
    const stop = at < end ? others.read(bytes, at, end, seq, from) : end;
    return stop < end ? this.#searchOn(bytes, stop, end) : end;
  }

  /** Passes over bytes[start, end), of earlier pieces. */
  #noResponse(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): void {
    const read = start === end ? end : this.#others?.read(bytes, start, end, seq, from) ?? start;
    this.#lose(end - read);
  }

  /**
   * After a hole, or where no response stands: the next piece or line that begins with a status line. Not where its
   * reader has found none: whatever makes the two disagree, the search goes on.
   */
  #searchOn(bytes: Uint8Array, at: number, end: number): number {
    if (at !== this.#noneAt && isStatusLine(bytes, at, end)) {
      this.#found();
      return at;
    }
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, end);
    for (let from = at; ;) {
      const found = view.indexOf('\nHTTP/1.', from, 'latin1');
      if (found < 0) break;
      if (isStatusLine(bytes, found + 1, end)) {
        this.#lose(found + 1 - at);
        this.#found();
        return found + 1;
      }
      from = found + 1;
    }
    this.#lose(end - at);
    return end;
  }

  #found(): void {
    this.#mode = 'http1';
    this.#responses.isFound = true;
  }
}

/** Does a piece begin with a request line? In a response it may be what a server sends back of a client's. */
function isRequestLine(bytes: Uint8Array, start: number, end: number): boolean {
  const lf = lineEnd(bytes, start, end);
  return lf > 0 && line.parse(bytes, start, lf) && line.minor >= 0;
}
