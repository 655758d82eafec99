import type { Origin, Provenance } from '../reassembly/provenance.ts';
import type { ForkKind } from '../reassembly/stream-sink.ts';
import { blanksEnd, standsAt } from '../http/first-bytes.ts';
import { TlsRecords } from '../http/tls-records.ts';
import type { HttpRequest } from '../http/http-request.ts';
import type { Endpoints } from '../http/message.ts';
import { upgradesToHttp2 } from '../http/connection-lines.ts';
import type { BodyDifference } from '../http1/body-difference.ts';
import type { Http1Context } from '../http1/http1-context.ts';
import type { MessageFramer } from '../http1/message-framer.ts';
import type { Reading } from '../http1/message-grammar.ts';
import { type RequestReader, Requests } from '../http1/requests.ts';
import { PREFACE_HEAD_BYTES, isPreface } from '../http2/preface.ts';
import type { ClientSink } from './client-sink.ts';
import { OtherProtocol } from './other-protocol.ts';
import { RequestSearch } from './request-search.ts';

/**
 * The protocols of what a client says on one connection: decides which stands where, piece by piece, and hands each to
 * who reads it.
 */
export abstract class ClientProtocols implements RequestReader {
  protected readonly context: Http1Context;
  protected readonly sink: ClientSink;
  protected readonly endpoints: Endpoints;
  #mode: 'http1' | 'search' | 'other' = 'http1';
  /** Another reader was where this one has come to: it reads no more. */
  isMerged = false;
  /** Made when they are needed: most connections search for nothing, and speak nothing else. */
  #requestsOrNull: Requests | null = null;
  /** Theirs: it is what most packets are for. */
  #framer: MessageFramer | null = null;
  #searchOrNull: RequestSearch | null = null;
  protected other: OtherProtocol | null = null;
  /** HTTP/2 is expected with the next byte. Go's x/net and Jetty take it wherever a request may stand. */
  protected mayBeHttp2: boolean;
  /** What stands here began like the preface, and is none. */
  #isNoPreface = false;
  /** The last request may be the head of the preface. */
  #isBehindPri = false;
  /** What comes next may be read as a request, whatever it is: it is behind one that asks for no other protocol. */
  #isBehindRequest = false;
  /** Kinds of other protocols that were reported. */
  #reported = 0;

  constructor(context: Http1Context, endpoints: Endpoints, sink: ClientSink, midstream: boolean) {
    this.context = context;
    this.endpoints = endpoints;
    this.sink = sink;
    this.mayBeHttp2 = !midstream;
    if (midstream) this.#startSearch();
  }

  /** false: it reads beside another what that reads. */
  protected abstract isFirst: boolean;
  /** Has another come to `seq` before, where all are in the same state? */
  protected abstract isBehindAnother(seq: number): boolean;
  /** Do many readers begin beside it in the present piece? */
  protected abstract readonly isCrowded: boolean;
  /** Does the request at `at` of a piece begin for all who read it? */
  protected abstract allBegin(at: number, pieceStart: number): boolean;

  abstract readonly unfinished: boolean;
  abstract data(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): void;
  abstract fork(kind: ForkKind, afresh?: boolean): ClientProtocols | null;
  abstract otherReadings(
    hows: readonly Reading[], bytes: Uint8Array, start: number, headersStart: number, headEnd: number, bodyAt: number,
  ): void;
  abstract otherBody(at: number, how: BodyDifference): void;

  /** What comes next is a body: it is searched for requests. @returns the first bytes of it; null = they are to come */
  protected searchBody(): Uint8Array | null {
    const { framer } = this.requests();
    const { behind } = framer;
    framer.behind = null;
    framer.discard();
    this.#startSearch();
    this.#search().isInBody = true;
    return behind;
  }

  protected requests(): Requests {
    if (this.#requestsOrNull === null) {
      this.#requestsOrNull = new Requests(this.context, this.endpoints, this);
      this.#framer = this.#requestsOrNull.framer;
    }
    return this.#requestsOrNull;
  }

  #search(): RequestSearch {
    return this.#searchOrNull ??= new RequestSearch(this.context, this.endpoints, this.sink);
  }

  /** A search found the last request, or one before it in its piece: nothing proves that it is one. */
  #isFound(): boolean { return this.#searchOrNull?.hasFound === true; }
  /** Sequence number of the message in progress. */
  get beganAt(): number { return this.#framer?.began.seq ?? 0; }
  /** Sequence number from which on the bytes were searched last: if they were a server's, they were not read here. */
  get searchedAt(): number { return this.#searchOrNull?.beganAt ?? 0; }

  /** So many bytes are between here and the next message; Infinity = nobody knows. */
  get toNext(): number {
    if (this.#mode !== 'http1') return this.#searchOrNull?.isInBody === true ? 0 : Infinity;
    return this.#framer?.toNext ?? 0;
  }

  /** Is a request begun, as far as the first of its readers can tell? */
  get isInRequest(): boolean { return this.#framer?.unfinished === true || this.other !== null; }
  get speaksHttp2(): boolean { return (this.other?.http2 ?? null) !== null; }

  /** Is something begun and not over in what it reads itself? */
  protected isWithin(): boolean {
    return this.#framer?.unfinished === true || this.#searchOrNull?.unfinished === true
      || this.other?.unfinished === true;
  }

  /** @param stops before `end` where many begin beside it: they read that first @returns how far it read */
  protected read(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance, stops = false): number {
    for (let at = start; at < end;) {
      const here = (seq + at - start) | 0;
      if (this.#mode === 'http1') {
        const framer = this.#framer ?? this.requests().framer;
        this.isMerged ||= framer.isIdle && !this.mayBeHttp2 && this.isBehindAnother(here);
        if (this.isMerged) return end;
        at = framer.isIdle ? this.#begin(bytes, start, at, end, here, from) : framer.read(bytes, at, end, here, from);
        if (framer.isNone) this.#notUnderstood(framer.releaseNone(), bytes, at, end, (seq + at - start) | 0, from);
        const { behind } = framer;
        framer.behind = null;
        if (behind !== null) this.read(behind, 0, behind.length, (here - behind.length) | 0, from);
      } else if (this.#mode === 'search') {
        at = this.#searchOn(bytes, at, end, here, from);
      } else {
        at = this.#readOther(bytes, at, end, here, from);
      }
      if (stops && this.isCrowded) return at;
    }
    return end;
  }

  gap(bytes: number): void {
    this.#isBehindRequest = false;
    this.#searchOrNull?.endUnread();
    this.other?.gap(bytes);
    if (this.other !== null && !this.#leaveOver()) return;
    if (this.#mode === 'http1' && this.#framer?.gap(bytes) === true) return;
    this.#searchOrNull?.drop(this.#framer?.lastByteMs ?? 0);
    this.#startSearch();
  }

  end(): void {
    this.other?.end();
    this.#leaveOver();
    this.#searchOrNull?.drop(this.#framer?.lastByteMs ?? 0);
    this.#framer?.end();
    this.#searchOrNull?.endUnread();
  }

  stall(nowMs: number, afterMs: number): boolean {
    const http2 = this.other?.http2;
    if (http2) return http2.stall(nowMs, afterMs);
    const searchMay = this.#searchOrNull?.stall(nowMs, afterMs) === true;
    return this.#framer?.stall(nowMs, afterMs) === true || searchMay;
  }

  discard(): void {
    this.#searchOrNull?.discard();
    this.other?.http2?.discard();
    this.#framer?.discard();
  }

  // --- copies

  /** Takes over the state of another that reads the same. @returns false: there is no memory for it */
  protected takeOver(other: ClientProtocols, kind: ForkKind): boolean {
    if (other.#requestsOrNull !== null && !this.requests().copyFrom(other.#requestsOrNull)) return false;
    this.#mode = other.#mode;
    this.mayBeHttp2 = other.mayBeHttp2;
    this.#isBehindPri = other.#isBehindPri;
    this.#isBehindRequest = other.#isBehindRequest;
    if (other.#searchOrNull !== null) this.#search().copyFrom(other.#searchOrNull);
    if (other.other === null) return true;
    const copy = other.other.copy(kind, this.context.ledger, () => this.sink.http2Requests());
    if (copy === null) this.#mode = 'search';
    else if (copy !== 'no_memory') this.#enter(copy);
    return copy !== 'no_memory';
  }

  /** Does it read on like `other` from here? */
  isLevelWith(other: ClientProtocols): boolean {
    if (other.#mode !== 'http1') return false;
    // Behind the body both stand where a request is expected.
    if (this.#mode === 'search') return this.#search().isInBody && !this.#search().isInRequestLine && other.toNext === 0;
    return this.#mode === 'http1' && this.requests().framer.isLevelWith(other.requests().framer);
  }

  // --- RequestReader: what its requests say

  told(request: HttpRequest, upgrades: boolean): void {
    this.mayBeHttp2 = upgrades && this.requests().framer.isIdle && upgradesToHttp2(request);
    this.#isBehindPri = request.methodIs('PRI');
    this.#isBehindRequest = !upgrades && !this.#isFound() && !request.methodIs('CONNECT');
    this.sink.request(request);
  }

  // --- what the server says

  /** The server agreed to another protocol (101), which begins with the next byte that cannot be a request's. */
  tunnel(): void {
    this.leaveHttp2();
    this.mayBeTunnel();
    this.#search().isBehindSwitch = true;
  }

  /** The server said 2xx to CONNECT: a proxy, which passes on what follows, or one that serves it as requests. */
  mayBeTunnel(): void {
    this.#search().mayBeTunnel = true;
    this.#isBehindRequest = false;
  }

  /** The server speaks HTTP/1: it has not taken the preface for one. */
  leaveHttp2(): void {
    const http2 = this.other?.http2;
    http2?.end();
    if (http2 && !this.#leaveOver()) this.#startSearch();
  }

  /** The server has agreed to HTTP/2: it follows next. */
  expectHttp2(): void {
    if (this.#mode === 'search') {
      this.#search().drop(this.#framer?.lastByteMs ?? 0);
      this.#search().endUnread();
      this.#mode = 'http1';
    }
    if (this.#mode === 'http1' && this.requests().framer.isIdle) this.mayBeHttp2 = true;
  }

  // --- which protocol stands here?

  /** At the first byte of what should be a message. @returns how far it was read */
  #begin(bytes: Uint8Array, pieceStart: number, start: number, end: number, seq: number, from: Provenance): number {
    const mayBeHttp2 = this.mayBeHttp2 || (!this.#isFound() && !this.#isNoPreface);
    const isBehindPri = this.#isBehindPri;
    this.mayBeHttp2 = false;
    this.#isNoPreface = false;
    this.#isBehindPri = false;
    if (mayBeHttp2 && isPreface(bytes, start, end, isBehindPri ? PREFACE_HEAD_BYTES : 0)) {
      this.#enter(OtherProtocol.http2(this.context.ledger, this.sink.http2Requests(), isBehindPri));
      return start;
    }
    const isBehindSwitch = this.#searchOrNull?.isBehindSwitch === true;
    switch (standsAt(bytes, start, isBehindSwitch)) {
      case 'request':
        if (start === pieceStart) this.#searchOrNull?.beginsPiece(seq);
        this.requests().isFound = this.#isFound() || isBehindSwitch || !this.allBegin(start, pieceStart);
        return this.requests().framer.read(bytes, start, end, seq, from);
      case 'blanks': {
        const at = blanksEnd(bytes, start, end);
        this.context.ledger.count('http.empty_line_bytes', at - start);
        this.requests().behindEmptyLines = true;
        return at;
      }
      case 'tunnel':
        this.#startOther('tunnel');
        return start;
    }
  }

  lost(bytes: Uint8Array, from: Origin): void {
    const isBehindRequest = this.#isBehindRequest && this.isFirst;
    this.#isBehindRequest = false;
    if (this.#search().lost(bytes, from, isBehindRequest) === 'tls') this.#report('http.tls_flow', 1);
  }

  /** No request begins with `before`, of earlier pieces, and bytes[at, end). */
  #notUnderstood(before: Uint8Array, bytes: Uint8Array, at: number, end: number, seq: number, from: Provenance): void {
    if (TlsRecords.beginsIn(before, bytes, at, end)) {
      this.#startOther('tls');
      return void this.read(before, 0, before.length, (seq - before.length) | 0, from);
    }
    this.#startSearch();
    if (this.requests().framer.began.seq === seq) this.#search().noneAt = seq;
    if (this.requests().sawPreface) {
      this.#report('http.http2_flow', 2);
      this.#isBehindRequest = false;
      this.requests().sawPreface = false;
    }
    // The bytes of a second reading were told in the first.
    if (this.#isBehindRequest && this.isFirst) {
      this.#isBehindRequest = false;
      this.#search().keepUnread((seq - before.length) | 0, from);
    }
    if (before.length > 0) this.#search().skip(before, 0, before.length, from.timeMs);
  }

  #startSearch(): void {
    this.#mode = 'search';
    this.other = null;
    this.mayBeHttp2 = false;
  }

  #enter(other: OtherProtocol): void {
    this.#mode = 'other';
    this.other = other;
  }

  #startOther(kind: 'tls' | 'tunnel'): void {
    this.#searchOrNull?.endUnread();
    if (kind === 'tls') this.#report('http.tls_flow', 1);
    this.#enter(OtherProtocol[kind](this.context.ledger));
  }

  #searchOn(bytes: Uint8Array, at: number, end: number, seq: number, from: Provenance): number {
    const search = this.#search();
    const { found, at: stop, line, isServer } = search.read(bytes, at, end, seq, from.timeMs);
    if (isServer) return end;
    if (found === 'nothing' && search.carried === 0) this.#report('http.not_http_flow', 4);
    if (found === 'tls') this.#startOther(found);
    if (found !== 'request') return stop;
    search.endUnread();
    this.#mode = 'http1';
    const foundSeq = (seq + stop - at - line.length) | 0;
    search.found(foundSeq);
    this.requests().isFound = true;
    // The line began in an earlier piece: it is read from there, then the rest of this piece.
    if (line.length > 0) this.requests().framer.read(line, 0, line.length, foundSeq, from);
    return stop;
  }

  #readOther(bytes: Uint8Array, at: number, end: number, seq: number, from: Provenance): number {
    const stop = this.other?.read(bytes, at, end, seq, from) ?? at;
    this.#leaveOver();
    return stop;
  }

  /** Leaves the other protocol if it is over; what only began like it is HTTP/1. @returns false: it is not over */
  #leaveOver(): boolean {
    if (this.other?.isOver !== true) return false;
    const { http2, leftover, leftoverFrom } = this.other;
    this.#startSearch();
    this.#isNoPreface = http2?.isBegun === false;
    if (this.#isNoPreface) this.#mode = 'http1';
    if (leftover.length > 0) this.read(leftover, 0, leftover.length, leftoverFrom.seq, leftoverFrom);
    return true;
  }

  #report(kind: 'http.tls_flow' | 'http.http2_flow' | 'http.not_http_flow', bit: number): void {
    if ((this.#reported & bit) === 0) this.sink.otherProtocol(kind);
    this.#reported |= bit;
  }
}
