import type { Connection } from '../reassembly/connection.ts';
import type { ConnectionOwner } from '../reassembly/connection-owner.ts';
import { CHARGE } from '../reassembly/connection-memory.ts';
import { distance } from '../reassembly/sequence.ts';
import type { ForkKind, StreamSink } from '../reassembly/stream-sink.ts';
import type { Http1Context } from '../http1/http1-context.ts';
import type { HttpContext } from './http-context.ts';
import { Http2Connection } from './http2-connection.ts';
import { Http2Requests } from '../http2/requests.ts';
import type { Http2Responses } from '../http2/responses.ts';
import { Pairing } from './pairing.ts';
import { ProxyPrefix } from './proxy-prefix.ts';
import type { HttpRequest } from '../http/http-request.ts';
import { endsConnection, upgradesToHttp2 } from '../http/connection-lines.ts';
import type { HttpResponse } from '../http/http-response.ts';
import { ClientEnd } from './client-end.ts';
import { ClientReader } from './client-reader.ts';
import { markUncertain } from './certainty.ts';
import type { ClientSink } from './client-sink.ts';
import { countRequest } from './count-request.ts';
import { forkSink } from './fork-sink.ts';
import { ServerReader, type ServerSink } from './server-reader.ts';
import { type Roles, TentativeStream, likelyClient } from './tentative-stream.ts';
import { ToldRequests } from './told-requests.ts';
import { UnheardStream } from './unheard-stream.ts';

/** The HTTP of one connection: its requests and its responses, paired. */
export class HttpConnection implements ClientSink, ServerSink, Roles, ConnectionOwner {
  readonly #connection: Connection;
  readonly #context: HttpContext;
  readonly #reader: Http1Context;
  #pairingOrNull: Pairing | null = null;
  /** The end that is taken for the client. */
  #client: ClientEnd;
  #requests: ClientReader;
  #responses: ServerReader | null = null;
  /** Its stream and the other's, where that is a guess; null = it is known, or the other was not heard. */
  #tentative: TentativeStream | null = null;
  #tentativeServer: TentativeStream | null = null;
  #http2: Http2Connection | null = null;
  /** The end that is taken for the client has sent a request. */
  #hasTold = false;
  /** The client is known by a line alone, which a server may have sent back of one: until the other end responds. */
  #isSwapped = false;
  /** Both ends have sent a request. */
  #areRolesUnknown = false;
  /** Made with the first request that may be told again. */
  #told: ToldRequests | null = null;
  readonly #beside: HttpConnection | null;
  /** The last request that was told with no answer to wait for, if it has no body and is named: which it is, then. */
  #lastSeq = 0;
  #lastId: string | null = null;
  /** No packet of the server came for as long as a request waited: the mirror shows one direction. */
  #oneWay = false;
  /** The server has said that an answer is its last (RFC 9112 9.6): what it does not answer then, it has not read. */
  #isServerDone = false;
  /** What the server says is not read as responses any more. */
  #isSwitched = false;

  /** @param beside who reads the connection beside which this one is a candidate; null = it is none */
  constructor(connection: Connection, context: HttpContext, beside: HttpConnection | null = null) {
    this.#beside = beside;
    beside?.isReadBeside();
    this.#connection = connection;
    this.#context = context;
    this.#reader = connection.isCandidate ? context.lateReader : context.reader;
    const { client: known, claimedClient: claimed } = connection;
    const end = known ?? claimed ?? likelyClient(connection);
    this.#client = new ClientEnd(connection, end);
    const { half: client, serverHalf: server } = this.#client;
    server.sink = new UnheardStream(this);
    if (known === null) {
      this.#tentative = new TentativeStream(this.#reader, this.#client, this, claimed === null);
      this.#requests = this.#tentative.requests;
    } else {
      this.#requests = new ClientReader(this.#reader, this.#client, this, false);
      server.waitsForPeer = true;
    }
    client.sink = this.#tentative ?? this.#requests;
    if (end !== (known ?? claimed) || !context.expectsProxyHeader(connection)) return;
    const ends = this.#client;
    client.sink = new ProxyPrefix(
      client.sink, this.#reader, context.lateReader, (addresses) => { ends.proxied = addresses; },
    );
  }

  get needsPast(): boolean { return this.#http2 !== null; }

  /** The server was heard: reads what it says. */
  hear(): StreamSink {
    const stream = this.#tentative === null ? this.#serverReader(null) : this.#otherStream();
    this.#responses = stream instanceof TentativeStream ? stream.responses : stream;
    this.#client.serverHalf.sink = stream;
    return stream;
  }

  #serverReader(stream: TentativeStream | null): ServerReader {
    this.#connection.charge(CHARGE.server);
    return new ServerReader(this.#reader, this, this.#context.parseResponses, stream);
  }

  #pairing(): Pairing {
    return this.#pairingOrNull ??= new Pairing(this.#reader.budget, this.#connection);
  }

  // --- ClientSink

  request(request: HttpRequest): void {
    const { ledger, nowMs } = this.#context;
    const isFirst = request.reading === 1 && !request.correction;
    if (isFirst && request.endpoints !== this.#client) this.#serverAsks(request);
    if (this.#isSwapped) request.isFound = true;
    const asks = request.endpoints === this.#client ? this.#client.half : this.#client.serverHalf;
    if (isFirst) markUncertain(request, this.#connection, asks, this.#told);
    if (this.#connection.isCandidate && this.#beside?.isNew(request) === false) return;
    countRequest(ledger, request);
    if (request.reading > 1 || request.correction || request.endpoints !== this.#client) {
      if (request.reading === 1 && request.correction) this.#told?.rest(request);
      this.#context.exchanges.exchange(request);
      return;
    }
    this.#hasTold = true;
    const server = this.#client.serverHalf;
    server.waitsForPeer = !this.#areRolesUnknown;
    if (!request.complete) this.#toldOnce();
    this.#told?.first(request);
    const mayBeHeard = server.seen || this.#tentative !== null || request.ack === 0;
    const wait = this.#context.parseResponses && !this.#oneWay && !this.#isSwitched && mayBeHeard;
    if (request.streamId !== 0) {
      if (this.#speakHttp2().add(request, wait)) this.#context.waiting.add(this);
      return;
    }
    const early = this.#pairingOrNull?.takeEarly(request) ?? null;
    if (early !== null) {
      request.response = early === 'not_kept' ? null : early;
      this.#context.exchanges.exchange(request);
      return;
    }
    if (wait && this.#context.waitingRequests.hold(request)) {
      this.#pairing().add(request, true, server.seen, nowMs);
      this.#context.waiting.add(this);
      return;
    }
    // One-way, from its beginning: nobody will answer.
    if (mayBeHeard) this.#pairing().add(request, false, server.seen, nowMs);
    this.#context.exchanges.exchange(request);
    this.#lastSeq = request.seq;
    this.#lastId = request.complete && request.end === request.headEnd ? request.knownId : null;
  }

  otherProtocol(kind: 'http.tls_flow' | 'http.http2_flow' | 'http.not_http_flow'): void {
    this.#connection.charge(CHARGE.otherProtocol);
    this.#context.ledger.count(kind);
  }

  /** It is known who the client is. */
  isServer(): boolean { return false; }

  http2Requests(): Http2Requests {
    return this.#speakHttp2().beginRequests();
  }

  #speakHttp2(): Http2Connection {
    return this.#http2 ??= new Http2Connection(this.#context, this.#reader, this.#connection, this.#client, this);
  }

  // --- ServerSink

  get speaksHttp2(): boolean { return this.#requests.speaksHttp2; }

  http2Responses(): Http2Responses {
    return this.#speakHttp2().beginResponses();
  }

  responseTo(seq: number, ack: number, afterHole: boolean): 'HEAD' | 'CONNECT' | 'other' | null {
    return this.#pairing().match(seq, ack, afterHole, (request) => this.#passOver(request))?.kind ?? null;
  }

  response(response: HttpResponse, isFound: boolean): void {
    const entry = this.#pairing().take();
    // What a search found may be what the server sends back of a client's: it proves nothing.
    this.#isSwapped &&= isFound;
    const switches = response.status === 101 && !isFound;
    const toHttp2 = switches && upgradesToHttp2(response);
    const accepts = entry?.kind === 'CONNECT' && response.status >= 200 && response.status < 300;
    if (entry !== null) {
      if (entry.request !== null) {
        this.#context.waitingRequests.release(entry.request);
        entry.request.response = response;
        this.#context.exchanges.exchange(entry.request);
      }
      this.#isServerDone ||= !isFound && !accepts && !switches && endsConnection(response);
    } else if (this.#requests.unfinished && distance(response.ack, this.#requests.beganAt) > 0) {
      this.#pairing().keepEarly(response);
    }
    if (toHttp2) {
      this.#requests.expectHttp2();
      this.#responses?.agreeToHttp2();
    } else if (switches) {
      this.#tunnel();
    } else if (accepts) {
      this.#requests.mayBeTunnel();
    } else if (entry === null) {
      // It answers the preface.
      this.#requests.leaveHttp2();
    }
  }

  /** The server left HTTP: its word, or what a client had it send of its own where responses were framed wrongly. */
  #tunnel(): void {
    this.#isSwitched = true;
    this.#context.ledger.count('http.upgraded_flow');
    this.#requests.tunnel();
    this.#responses?.tunnel();
  }

  // --- Roles

  isClient(ends: ClientEnd): boolean { return ends === this.#client; }

  mayRespond(ends: ClientEnd): boolean {
    if (ends === this.#client) return this.#swapRoles();
    return this.#pairingOrNull?.isAsked === true || this.#requests.isInRequest;
  }

  http2RequestsOf(ends: ClientEnd): Http2Requests {
    if (ends === this.#client || this.#swapRoles()) return this.http2Requests();
    return new Http2Requests(this.#reader, ends, (request) => this.request(request));
  }

  responsesOf(stream: TentativeStream): ServerReader { return this.#serverReader(stream); }

  /** The end that is not taken for the client has sent a request. It may be what a server sends back of a client's. */
  #serverAsks(request: HttpRequest): void {
    if (this.#swapRoles()) return;
    request.isFound = true;
    if (this.#areRolesUnknown) return;
    this.#areRolesUnknown = true;
    this.#client.serverHalf.waitsForPeer = false;
    this.#context.ledger.count('http.roles_unknown');
  }

  #otherStream(): TentativeStream {
    const ends = new ClientEnd(this.#connection, this.#client.end === 'a' ? 'b' : 'a');
    return this.#tentativeServer ??= new TentativeStream(this.#reader, ends, this, true);
  }

  /** What was taken for the client seems to be the server. @returns false: it has sent a request itself */
  #swapRoles(): boolean {
    const former = this.#tentative;
    if (former === null || this.#hasTold || former.requests.isInRequest) return false;
    this.#context.ledger.count('http.roles_swapped');
    const { half: client, serverHalf: server } = this.#client;
    const stream = this.#otherStream();
    this.#http2?.expire(Infinity);
    this.#http2 = null;
    stream.responses.leave();
    this.#isSwapped = true;
    this.#isServerDone = false;
    this.#tentative = stream;
    this.#tentativeServer = former;
    this.#client = stream.ends;
    this.#requests = stream.requests;
    this.#responses = former.responses;
    if (server.sink instanceof UnheardStream) server.sink = stream;
    client.waitsForPeer = false;
    server.waitsForPeer = false;
    return true;
  }

  // --- other readers of the client

  forkSink(kind: ForkKind): { context: Http1Context; sink: ClientSink } {
    return this.forkSinkOf(this.#client, kind);
  }

  forkSinkOf(ends: ClientEnd, kind: ForkKind): { context: Http1Context; sink: ClientSink } {
    return forkSink(kind, this, ends, this.#toldOnce(), this.#context.lateReader);
  }

  /** Bytes that the client has sent, modulo 2^32; where it is not known who that is, both ends. */
  get sentBytes(): number {
    const { half, serverHalf } = this.#client;
    const sent = this.#connection.sentBytes(half);
    return this.#tentative === null ? sent : sent + serverHalf.sentBytes >>> 0;
  }

  #toldOnce(): ToldRequests {
    return this.#told ??= new ToldRequests(this.#context.ledger, this.#connection);
  }

  // --- of a candidate beside it

  isReadBeside(): void {
    this.#toldOnce().readerBeside();
  }

  /** @returns false: the candidate's request is not to be told, as one of a second reader would not be */
  isNew(request: HttpRequest): boolean {
    return this.#toldOnce().reading(request, this.sentBytes);
  }

  /** Sent again, when what was sent first is not remembered any more (History). */
  isLast(request: HttpRequest): boolean {
    return this.#lastId !== null && request.seq === this.#lastSeq && request.complete && request.end === request.headEnd
      && request.id === this.#lastId;
  }

  /** The first reader is no copy. */
  forkDiscarded(): void {}

  // --- waiting for responses

  #passOver(request: HttpRequest): void {
    this.#context.waitingRequests.release(request);
    this.#context.exchanges.exchange(request);
  }

  /** It was not answered. Behind the server's last answer nobody has read it, unless the server is like Node. */
  #unanswered(request: HttpRequest): void {
    if (this.#isServerDone) {
      request.reading = 2;
      this.#context.ledger.count('http.second_readings');
    }
    this.#passOver(request);
  }

  /** @returns false: no request waits any more */
  expire(nowMs: number): boolean {
    const before = nowMs - this.#context.responseTimeoutMs;
    if (this.waitingSinceMs() <= before) {
      this.#oneWay = !this.#client.serverHalf.seen;
      const inOrder = this.#pairingOrNull?.expire(before, (request) => this.#unanswered(request)) ?? 0;
      this.#context.ledger.count('http.response_timeout', inOrder + (this.#http2?.expire(before) ?? 0));
    }
    return this.waitingSinceMs() !== Infinity;
  }

  waitingSinceMs(): number {
    return Math.min(this.#pairingOrNull?.waitingSinceMs ?? Infinity, this.#http2?.waitingSinceMs ?? Infinity);
  }

  /** Both streams are over: what waits goes on without a response. */
  closed(): void {
    this.#pairingOrNull?.expire(Infinity, (request) => this.#unanswered(request));
    this.#http2?.expire(Infinity);
    this.#context.waiting.delete(this);
  }
}
