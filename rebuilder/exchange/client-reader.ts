import type { Provenance } from '../reassembly/provenance.ts';
import type { ForkKind } from '../reassembly/stream-sink.ts';
import type { HttpRequest } from '../http/http-request.ts';
import type { Endpoints } from '../http/message.ts';
import type { BodyFraming } from '../http/reader-context.ts';
import { BLANK, requestStart } from '../http/request-line.ts';
import { TlsRecords } from '../http/tls-records.ts';
import { upgradesToHttp2 } from '../http/upgrade.ts';
import type { Http1Context } from '../http1/http1-context.ts';
import { type RequestReader, Requests } from '../http1/requests.ts';
import { isPreface } from '../http2/preface.ts';
import type { Http2Requests } from '../http2/requests.ts';
import { RequestSearch } from './request-search.ts';
import { SecondReaders } from './second-readers.ts';

/** What a connection does with what its client sent. */
export interface ClientSink {
  request(request: HttpRequest): void;
  /** Not a request where one was expected; called once for each connection and kind. */
  otherProtocol(kind: 'http.tls_flow' | 'http.http2_flow' | 'http.not_http_flow'): void;
  /** The bytes are those of a server: the roles of the two directions were guessed wrong. @returns true when they were changed */
  isServer(): boolean;
  /** What may be the preface of HTTP/2 stands where it is believed: who reads it? */
  http2Requests(): Http2Requests;
  /** Another reader begins, for bytes that come late, or for those that another reading of the stream has: what it finds goes here. null = none */
  forkSink(kind: ForkKind): { readonly context: Http1Context; readonly sink: ClientSink } | null;
  /** That reader reads no more. */
  forkDiscarded(): void;
}

type Mode = 'http1' | 'search' | 'tls' | 'tunnel' | 'http2';

/**
 * What a client says on one connection: decides which protocol stands where, piece by piece, and hands each to who reads it. Where requests can be
 * framed in more than one way, further readers beside this one read the same bytes (SecondReaders).
 */
export class ClientReader implements RequestReader {
  readonly #context: Http1Context;
  readonly #sink: ClientSink;
  readonly #endpoints: Endpoints;
  readonly #requests: Requests;
  #mode: Mode = 'http1';
  /** Made when they are needed: most connections search for nothing, speak no TLS, and have one reading. */
  #searchOrNull: RequestSearch | null = null;
  #tls: TlsRecords | null = null;
  #http2: Http2Requests | null = null;
  #beside: SecondReaders<ClientReader> | null = null;
  /** false: it is one of those beside another. */
  #isFirst = true;
  /** The next byte is one where HTTP/2 may begin: the stream's first, or the first behind a request for `Upgrade: h2c`. */
  #mayBeHttp2: boolean;
  /** What comes next is behind a request: whatever it is, its server may read it as one. Not behind one that asks for another protocol. */
  #isBehindRequest = false;
  /** Sequence number of the last request that a search found. */
  #foundSeq = 0;
  /** … and of the last piece that was not read as HTTP/1. */
  #position = 0;
  /** Kinds of other protocols that were reported. */
  #reported = 0;

  constructor(context: Http1Context, endpoints: Endpoints, sink: ClientSink, midstream: boolean) {
    this.#context = context;
    this.#endpoints = endpoints;
    this.#sink = sink;
    this.#requests = new Requests(context, endpoints, this);
    this.#mayBeHttp2 = !midstream;
    if (midstream) this.#startSearch();
  }

  get #search(): RequestSearch {
    return this.#searchOrNull ??= new RequestSearch(this.#context);
  }

  /** Sequence number of the message in progress. */
  get beganAt(): number {
    return this.#requests.framer.began.seq;
  }

  get unfinished(): boolean {
    return this.#requests.framer.unfinished || this.#searchOrNull?.unfinished === true || this.#http2?.unfinished === true
      || (this.#isFirst && this.#beside?.unfinished === true);
  }

  // --- StreamSink

  data(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): void {
    this.#read(bytes, start, end, seq, from);
    if (this.#beside !== null && this.#isFirst && !this.#beside.data(bytes, start, end, seq, from)) this.#beside = null;
  }

  #read(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): void {
    const { framer } = this.#requests;
    let at = start;
    while (at < end) {
      const here = (seq + at - start) | 0;
      if (this.#mode === 'http1') {
        at = framer.isIdle ? this.#begin(bytes, start, at, end, here, from) : framer.read(bytes, at, end, here, from);
        if (framer.isNone) this.#notUnderstood(framer.releaseNone(), (seq + at - start) | 0, from);
      } else {
        at = this.#other(bytes, at, end, here, from);
      }
    }
  }

  gap(bytes: number): void {
    if (this.#isFirst) this.#beside?.gap(bytes);
    this.#isBehindRequest = false;
    this.#searchOrNull?.endUnread(this.#endpoints, this.#sink);
    switch (this.#mode) {
      case 'tunnel': return;
      case 'http2':
        this.#http2!.gap(bytes);
        if (!this.#http2!.isOver) return;
        this.#readAgain();
        break;
      case 'tls':
        if (bytes >= 0 && this.#tls?.gap(bytes) === true) return;
    }
    if (this.#mode === 'http1' && this.#requests.framer.gap(bytes)) return;
    this.#searchOrNull?.drop(this.#requests.framer.lastByteMs);
    this.#startSearch();
  }

  end(): void {
    if (this.#mode === 'http2') {
      this.#http2!.end();
      if (this.#http2!.isOver) this.#readAgain();
    }
    this.#searchOrNull?.drop(this.#requests.framer.lastByteMs);
    this.#requests.framer.end();
    this.#searchOrNull?.endUnread(this.#endpoints, this.#sink);
    if (!this.#isFirst) return;
    this.#beside?.end();
    this.#beside = null;
  }

  stall(nowMs: number, afterMs: number): boolean {
    const besideMay = this.#isFirst && this.#beside?.stall(nowMs, afterMs) === true;
    if (this.#http2 !== null) {
      this.#http2.stall(nowMs, afterMs);
      return this.#http2.unfinished || besideMay;
    }
    const searchMay = this.#searchOrNull?.stall(nowMs, afterMs, this.#endpoints, this.#sink) === true;
    return this.#requests.framer.stall(nowMs, afterMs) || searchMay || besideMay;
  }

  discard(): void {
    this.#searchOrNull?.discard();
    this.#http2?.discard();
    this.#requests.framer.discard();
    if (this.#isFirst) this.#beside?.discard();
    this.#beside = null;
    this.#sink.forkDiscarded();
  }

  // --- copies

  fork(kind: ForkKind, afresh = false): ClientReader | null {
    if (afresh) return this.#mode === 'http1' || this.#mode === 'search' ? this.#afresh(kind) : null;
    if (this.#http2 !== null && (this.#http2.knowledge === 0 || (kind === 'correction' && this.#http2.isFollowed))) return null;
    const copy = this.#copy(kind);
    if (copy !== null && this.#beside !== null) copy.#beside = this.#beside.fork(copy, (reader, beside) => reader.#copy('reading', beside));
    return copy;
  }

  /** A reader as between two messages that counts and reports elsewhere. */
  #afresh(kind: ForkKind): ClientReader | null {
    const fork = this.#sink.forkSink(kind);
    if (fork === null) return null;
    const reader = new ClientReader(fork.context, this.#endpoints, fork.sink, false);
    reader.#standBeside(null);
    return reader;
  }

  /** A reader in the same state that counts and reports elsewhere; null = nobody wants it, or there is no memory. @param beside it is one of those */
  #copy(kind: ForkKind, beside: SecondReaders<ClientReader> | null = null): ClientReader | null {
    const fork = this.#sink.forkSink(kind);
    if (fork === null) return null;
    const copy = new ClientReader(fork.context, this.#endpoints, fork.sink, false);
    copy.#standBeside(beside);
    if (copy.#takeOver(this, kind)) return copy;
    copy.discard();
    return null;
  }

  #standBeside(others: SecondReaders<ClientReader> | null): void {
    this.#reported = 7;
    this.#beside = others;
    this.#isFirst = others === null;
  }

  #takeOver(other: ClientReader, kind: ForkKind): boolean {
    if (!this.#requests.framer.copyFrom(other.#requests.framer)) return false;
    this.#requests.behindEmptyLines = other.#requests.behindEmptyLines;
    this.#requests.isFound = other.#requests.isFound;
    this.#mode = other.#mode;
    this.#mayBeHttp2 = other.#mayBeHttp2;
    this.#isBehindRequest = other.#isBehindRequest;
    if (other.#searchOrNull !== null) this.#search.copyFrom(other.#searchOrNull);
    if (this.#mode === 'tls') this.#mode = 'search';
    if (other.#http2 === null) return true;
    this.#http2 = this.#sink.http2Requests();
    return kind === 'correction' ? this.#http2.follow(other.#http2) : this.#http2.readBeside(other.#http2);
  }

  isLevelWith(other: ClientReader): boolean {
    return this.#mode === 'http1' && other.#mode === 'http1' && this.#requests.framer.isLevelWith(other.#requests.framer);
  }

  // --- RequestReader: what its requests say

  told(request: HttpRequest, upgrades: boolean): void {
    this.#mayBeHttp2 = upgrades && this.#requests.framer.isIdle && upgradesToHttp2(request.bytes, request.lines, request.lineCount);
    this.#isBehindRequest = !upgrades && !request.isFound && !request.methodIs('CONNECT');
    this.#sink.request(request);
  }

  otherFramings(framings: readonly BodyFraming[], bytes: Uint8Array, start: number, headersStart: number, headEnd: number, bodyAt: number): void {
    for (const framing of framings) {
      const beside = this.#beside ??= new SecondReaders<ClientReader>(this);
      const fork = beside.hasRoom ? this.#sink.forkSink('reading') : null;
      if (fork === null) return;
      const reader = new ClientReader(fork.context, this.#endpoints, fork.sink, false);
      reader.#standBeside(beside);
      reader.#mayBeHttp2 = false;
      const { framer } = reader.#requests;
      if (framer.begin(this.#requests.framer, bytes, start, headersStart, headEnd)) {
        reader.#requests.behindEmptyLines = this.#requests.behindEmptyLines;
        reader.#requests.isFound = this.#requests.isFound;
        beside.add(reader, bodyAt, () => framer.frame(framing));
      } else {
        reader.discard();
      }
    }
  }

  otherChunks(at: number): void {
    const beside = this.#beside ??= new SecondReaders<ClientReader>(this);
    const reader = beside.hasRoom ? this.#copy('reading', beside) : null;
    if (reader !== null) beside.add(reader, at, () => reader.#requests.framer.readChunksByCrlf());
  }

  // --- what the server says

  /** The server agreed to another protocol (101): from here on nothing is HTTP/1. */
  tunnel(): void {
    this.#requests.framer.giveUp('http.message_cut');
    this.#mode = 'tunnel';
  }

  /**
   * The server said 2xx to CONNECT. A proxy passes on what follows; an application that knows no CONNECT serves it as requests. So it is read, as far
   * as it can be, and what cannot be is none of a request.
   */
  mayBeTunnel(): void {
    this.#search.mayBeTunnel = true;
    this.#isBehindRequest = false;
  }

  /** The server speaks HTTP/1: it has not taken the preface for one. */
  leaveHttp2(): void {
    if (this.#mode !== 'http2') return;
    this.#http2!.end();
    if (this.#http2!.isOver) this.#readAgain();
    else this.#startSearch();
    this.#http2 = null;
  }

  /** The server has agreed to HTTP/2: it follows next. */
  expectHttp2(): void {
    if (this.#mode === 'search') {
      this.#search.drop(this.#requests.framer.lastByteMs);
      this.#mode = 'http1';
    }
    if (this.#mode === 'http1' && this.#requests.framer.isIdle) this.#mayBeHttp2 = true;
  }

  // --- which protocol stands here?

  /** At the first byte of what should be a message. @returns how far it was read */
  #begin(bytes: Uint8Array, pieceStart: number, start: number, end: number, seq: number, from: Provenance): number {
    if (this.#mayBeHttp2) {
      this.#mayBeHttp2 = false;
      if (isPreface(bytes, start, end)) {
        this.#http2 = this.#sink.http2Requests();
        this.#mode = 'http2';
        return start;
      }
    }
    let at = start;
    while (at < end && (bytes[at] === LF || BLANK[bytes[at]!] === 1)) at++;
    if (at !== start) {
      // RFC 9112 2.2: a server ignores an empty line before a request; some ignore blanks.
      this.#context.ledger.count('http.empty_line_bytes', at - start);
      this.#requests.behindEmptyLines = true;
      return at;
    }
    const byte = bytes[at]!;
    if (byte >= 20 && byte <= 24 && TlsRecords.begins(bytes, at, end) !== 'no') {
      this.#startTls();
      return at;
    }
    if (requestStart(bytes, at, Math.min(end, at + START_BYTES)) === 'no') {
      this.#notUnderstood(NOTHING, seq, from);
      return at;
    }
    // What begins a piece, behind a message that ended with the one before, was not found by a search.
    if (at === pieceStart && seq !== this.#foundSeq) this.#requests.isFound = false;
    return this.#requests.framer.read(bytes, at, end, seq, from);
  }

  /** Neither a request nor another protocol: it is searched. @param bytes of earlier pieces that belong to it */
  #notUnderstood(bytes: Uint8Array, seq: number, from: Provenance): void {
    this.#startSearch();
    if (this.#requests.sawPreface) {
      this.#report('http.http2_flow', 2);
      this.#isBehindRequest = false;
      this.#requests.sawPreface = false;
    }
    // The bytes of a second reading were told in the first.
    if (this.#isBehindRequest && this.#isFirst) {
      this.#isBehindRequest = false;
      this.#search.keepUnread((seq - bytes.length) | 0, from);
    }
    if (bytes.length > 0) this.#search.skip(bytes, 0, bytes.length, from.timeMs);
  }

  #startSearch(): void {
    this.#mode = 'search';
    this.#mayBeHttp2 = false;
  }

  #startTls(): void {
    this.#searchOrNull?.endUnread(this.#endpoints, this.#sink);
    this.#report('http.tls_flow', 1);
    this.#tls = new TlsRecords();
    this.#mode = 'tls';
  }

  /** Reads bytes[at, end) as what stands there, which is no HTTP/1 so far. */
  #other(bytes: Uint8Array, at: number, end: number, seq: number, from: Provenance): number {
    this.#position = seq;
    switch (this.#mode) {
      case 'tunnel':
        this.#context.ledger.count('http.tunnel_bytes', end - at);
        return end;
      case 'tls': {
        const stop = (this.#tls ??= new TlsRecords()).skip(bytes, at, end);
        this.#context.ledger.count('http.tls_bytes', stop - at);
        if (stop < end) this.#startSearch();
        return stop;
      }
      case 'http2': {
        const stop = this.#http2!.read(bytes, at, end, seq, from);
        if (this.#http2!.isOver) this.#readAgain();
        return stop;
      }
      default: return this.#searchOn(bytes, at, end, seq, from);
    }
  }

  #searchOn(bytes: Uint8Array, at: number, end: number, seq: number, from: Provenance): number {
    const search = this.#search;
    const { found, at: stop, line, isServer } = search.read(bytes, at, end, from.timeMs, this.#sink);
    if (isServer) return end;
    if (found === 'nothing' && search.carried === 0) this.#report('http.not_http_flow', 4);
    if (found === 'tls') this.#startTls();
    if (found !== 'request') return stop;
    search.endUnread(this.#endpoints, this.#sink);
    this.#mode = 'http1';
    this.#requests.isFound = true;
    this.#foundSeq = (seq + stop - at - line.length) | 0;
    // The line began in an earlier piece: it is read from there, then the rest of this piece.
    if (line.length > 0) this.#requests.framer.read(line, 0, line.length, this.#foundSeq, from);
    return stop;
  }

  /** What began like HTTP/2 is none: its bytes that were not read as such are looked at as HTTP/1. */
  #readAgain(): void {
    const { leftover, isBegun } = this.#http2!;
    this.#http2 = null;
    if (isBegun) this.#startSearch();
    else this.#mode = 'http1';
    this.#read(leftover, 0, leftover.length, (this.#position - leftover.length) | 0, this.#requests.framer.began);
  }

  #report(kind: 'http.tls_flow' | 'http.http2_flow' | 'http.not_http_flow', bit: number): void {
    if ((this.#reported & bit) !== 0) return;
    this.#reported |= bit;
    this.#sink.otherProtocol(kind);
  }
}

const LF = 10;
const NOTHING = new Uint8Array(0);
/** So much of what should be a request line is looked at before it is held. */
const START_BYTES = 64;
