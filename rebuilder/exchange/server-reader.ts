import type { Provenance } from '../reassembly/provenance.ts';
import type { StreamSink } from '../reassembly/stream-sink.ts';
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
}

const NEEDLE = Buffer.from('HTTP/1.');

/** What a server says on one connection: decides which protocol stands where, and hands each to who reads it. */
export class ServerReader implements StreamSink {
  readonly #context: Http1Context;
  readonly #sink: ServerSink;
  readonly #responses: Responses;
  #mode: 'http1' | 'search' | 'tunnel' | 'http2' = 'http1';
  #http2: Http2Responses | null = null;

  constructor(context: Http1Context, sink: ServerSink, keepBodies: boolean, midstream: boolean) {
    this.#context = context;
    this.#sink = sink;
    this.#responses = new Responses(context, sink, this, keepBodies);
    if (midstream) this.#startSearch();
  }

  get unfinished(): boolean {
    return this.#responses.framer.unfinished;
  }

  data(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): void {
    const { framer } = this.#responses;
    let at = start;
    while (at < end) {
      const here = (seq + at - start) | 0;
      if (this.#mode === 'http1') {
        at = framer.isIdle ? this.#begin(bytes, at, end, here, from) : framer.read(bytes, at, end, here, from);
        if (framer.isNone) {
          this.#lose(framer.releaseNone().length);
          this.#startSearch();
        }
      } else {
        at = this.#other(bytes, at, end, here, from);
      }
    }
  }

  gap(bytes: number): void {
    this.#http2?.frames.gap(bytes);
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

  /** From here on the connection speaks another protocol. */
  tunnel(): void {
    this.#mode = 'tunnel';
  }

  /** What follows is HTTP/2. */
  readHttp2(): void {
    this.#mode = 'http2';
    this.#http2 = this.#sink.http2Responses();
  }

  /** At the first byte of what should be a response. @returns how far it was read */
  #begin(bytes: Uint8Array, at: number, end: number, seq: number, from: Provenance): number {
    if (bytes[at] === 0) {
      // RFC 9113 3.4: the server's SETTINGS, which may come before the client's preface. Their length begins with a
      // zero, as no text does.
      this.readHttp2();
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
    if (this.#http2 !== null) {
      const stop = this.#http2.frames.read(bytes, at, end, seq, from);
      if (this.#http2.frames.isOver) {
        // These were no frames.
        this.#lose(this.#http2.frames.leftover.length);
        this.#http2 = null;
        this.#startSearch();
      }
      return stop;
    }
    return this.#searchOn(bytes, at, end);
  }

  /** After a hole, or where no response stands: the next piece or line that begins with a status line. */
  #searchOn(bytes: Uint8Array, at: number, end: number): number {
    if (isStatusLine(bytes, at, end)) {
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
