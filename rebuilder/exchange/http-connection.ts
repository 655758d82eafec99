import type { Connection, ConnectionOwner } from '../reassembly/connection.ts';
import { CHARGE } from '../reassembly/connection-memory.ts';
import type { End } from '../reassembly/flow-key.ts';
import type { HalfStream } from '../reassembly/half-stream.ts';
import { distance } from '../reassembly/sequence.ts';
import type { ForkKind, StreamSink } from '../reassembly/stream-sink.ts';
import { addressText } from '../address/address-text.ts';
import type { Http1Context } from '../http1/http1-context.ts';
import type { HttpContext } from './http-context.ts';
import { Http2Connection } from './http2-connection.ts';
import type { Http2Requests } from '../http2/requests.ts';
import type { Http2Responses } from '../http2/responses.ts';
import type { Endpoints } from '../http/message.ts';
import { readerOfOtherEnd } from './other-end.ts';
import { Pairing } from './pairing.ts';
import { ProxyPrefix } from './proxy-prefix.ts';
import type { HttpRequest } from '../http/http-request.ts';
import { endsConnection, upgradesToHttp2 } from '../http/connection-lines.ts';
import type { HttpResponse } from '../http/http-response.ts';
import { ClientReader } from './client-reader.ts';
import { markUncertain } from './certainty.ts';
import type { ClientSink } from './client-sink.ts';
import { countRequest } from './count-request.ts';
import { forkSink } from './fork-sink.ts';
import { ServerReader, type ServerSink } from './server-reader.ts';
import { TentativeStream, serverPortFirst } from './tentative-stream.ts';
import { ToldRequests } from './told-requests.ts';
import { UnheardStream } from './unheard-stream.ts';

/** The HTTP of one connection: its requests and its responses, paired. */
export class HttpConnection implements ClientSink, ServerSink, Endpoints, ConnectionOwner {
  readonly #connection: Connection;
  readonly #context: HttpContext;
  readonly #reader: Http1Context;
  #pairingOrNull: Pairing | null = null;
  #client: End;
  #requests: ClientReader | null = null;
  #responses: ServerReader | null = null;
  #http2: Http2Connection | null = null;
  /** The end that is taken for the client has sent a request. */
  #hasTold = false;
  /** The client is known by a line alone, which a server may have sent back of one: until the other end responds. */
  #isSwapped = false;
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
  proxied: Endpoints['proxied'] = null;
  #clientAddress: string | null = null;
  #serverAddress: string | null = null;

  /** @param beside who reads the connection beside which this one is a candidate; null = it is none */
  constructor(connection: Connection, context: HttpContext, beside: HttpConnection | null = null) {
    this.#beside = beside;
    beside?.isReadBeside();
    this.#connection = connection;
    this.#context = context;
    this.#reader = connection.isCandidate ? context.lateReader : context.reader;
    const known = connection.client;
    this.#client = known ?? (serverPortFirst(connection) ? 'b' : 'a');
    const midstream = known === null;
    const { client, server } = this.#halves();
    this.#requests = new ClientReader(this.#reader, this, this, midstream);
    client.sink = midstream ? new TentativeStream(this.#requests, this) : this.#requests;
    server.sink = new UnheardStream(this);
    server.waitsForPeer = true;
    if (!midstream && context.expectsProxyHeader(connection)) {
      client.sink = new ProxyPrefix(
        this.#requests, this.#reader, context.lateReader, (addresses) => { this.proxied = addresses; },
      );
    }
  }

  get needsPast(): boolean {
    return this.#http2 !== null;
  }

  /** The server was heard: reads what it says. */
  hear(): StreamSink {
    const midstream = this.#connection.client === null;
    this.#responses = this.#serverReader(midstream);
    const { server } = this.#halves();
    server.sink = midstream ? new TentativeStream(this.#responses, this) : this.#responses;
    return server.sink;
  }

  #serverReader(midstream: boolean): ServerReader {
    this.#connection.charge(CHARGE.server);
    return new ServerReader(this.#reader, this, this.#context.parseResponses, midstream);
  }

  #pairing(): Pairing {
    return this.#pairingOrNull ??= new Pairing(this.#reader.budget, this.#connection);
  }

  // --- Endpoints

  get clientAddress(): string {
    return this.#clientAddress ??= this.#address(this.#client);
  }

  get serverAddress(): string {
    return this.#serverAddress ??= this.#address(this.#client === 'a' ? 'b' : 'a');
  }

  get clientPort(): number {
    return this.#client === 'a' ? this.#connection.aPort : this.#connection.bPort;
  }

  get serverPort(): number {
    return this.#client === 'a' ? this.#connection.bPort : this.#connection.aPort;
  }

  get vni(): number | null {
    return this.#connection.vni < 0 ? null : this.#connection.vni;
  }

  #address(end: End): string {
    const c = this.#connection;
    return end === 'a' ? addressText(c.a0, c.a1, c.a2, c.a3) : addressText(c.b0, c.b1, c.b2, c.b3);
  }

  #halves(): { client: HalfStream; server: HalfStream } {
    const c = this.#connection;
    return this.#client === 'a' ? { client: c.fromA, server: c.fromB } : { client: c.fromB, server: c.fromA };
  }

  // --- ClientSink

  request(request: HttpRequest): void {
    const { ledger, nowMs } = this.#context;
    if (this.#isSwapped) request.isFound = true;
    if (request.reading === 1 && !request.correction) {
      markUncertain(request, this.#connection, this.#halves().client, this.#told);
    }
    if (this.#connection.isCandidate && this.#beside?.isNew(request) === false) return;
    countRequest(ledger, request);
    if (request.reading > 1 || request.correction || request.endpoints !== this) {
      if (request.reading === 1 && request.correction) this.#told?.rest(request);
      this.#context.exchanges.exchange(request);
      return;
    }
    this.#hasTold = true;
    if (!request.complete) this.#toldOnce();
    this.#told?.first(request);
    const { server } = this.#halves();
    const mayBeHeard = server.seen || this.#connection.client === null || request.ack === 0;
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

  isServer(): boolean {
    return this.swapRoles('client');
  }

  http2Requests(): Http2Requests {
    return this.#speakHttp2().beginRequests();
  }

  #speakHttp2(): Http2Connection {
    return this.#http2 ??= new Http2Connection(this.#context, this.#reader, this.#connection, this);
  }

  // --- ServerSink

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
    } else if (this.#requests?.unfinished === true && distance(response.ack, this.#requests.beganAt) > 0) {
      this.#pairing().keepEarly(response);
    }
    if (toHttp2) {
      this.#requests?.expectHttp2();
      this.#responses?.readHttp2();
    } else if (switches) {
      this.#tunnel();
    } else if (accepts) {
      this.#requests?.mayBeTunnel();
    } else if (entry === null) {
      // It answers the preface.
      this.#requests?.leaveHttp2();
    }
  }

  /** The server left HTTP: its word, or what a client had it send of its own where responses were framed wrongly. */
  #tunnel(): void {
    this.#isSwitched = true;
    this.#context.ledger.count('http.upgraded_flow');
    this.#requests?.tunnel();
    this.#responses?.tunnel();
  }

  // --- roles of a connection joined in the middle

  /**
   * What was taken for `role` seems to be the other. Where the client has sent a request already, it may be what its
   * server sends back of it: then both are read as clients. @returns false: the roles stay as they are
   */
  swapRoles(role: 'client' | 'server'): boolean {
    if (this.#connection.client !== null) return false;
    const { client, server } = this.#halves();
    const other = server.sink instanceof UnheardStream ? new TentativeStream(server.sink, this) : server.sink;
    if (!(client.sink instanceof TentativeStream) || !(other instanceof TentativeStream)) return false;
    if (role === 'client' && this.#hasTold) return false;
    this.#responses?.end();
    if (role === 'server' && this.#hasTold) {
      this.#context.ledger.count('http.roles_unknown');
      this.#responses = null;
      this.#oneWay = true;
      other.inner = readerOfOtherEnd(this.#reader, this, this);
      server.waitsForPeer = false;
      return true;
    }
    this.#context.ledger.count('http.roles_swapped');
    this.#requests?.end();
    this.#isSwapped = true;
    this.#hasTold = false;
    this.#isServerDone = false;
    this.#client = this.#client === 'a' ? 'b' : 'a';
    this.#clientAddress = null;
    this.#serverAddress = null;
    this.#requests = new ClientReader(this.#reader, this, this, true);
    this.#responses = this.#serverReader(true);
    other.inner = this.#requests;
    server.sink = other;
    client.sink.inner = this.#responses;
    server.waitsForPeer = false;
    client.waitsForPeer = true;
    return true;
  }

  // --- other readers of the client

  forkSink(kind: ForkKind): { context: Http1Context; sink: ClientSink } {
    return forkSink(kind, this, this.#toldOnce(), this.#context.lateReader);
  }

  /** Bytes that the client has sent, modulo 2^32. */
  get sentBytes(): number {
    return this.#connection.sentBytes(this.#halves().client);
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
    if (this.#waitingSinceMs() <= before) {
      this.#oneWay = !this.#halves().server.seen;
      const inOrder = this.#pairingOrNull?.expire(before, (request) => this.#unanswered(request)) ?? 0;
      this.#context.ledger.count('http.response_timeout', inOrder + (this.#http2?.expire(before) ?? 0));
    }
    return this.#waitingSinceMs() !== Infinity;
  }

  #waitingSinceMs(): number {
    return Math.min(this.#pairingOrNull?.waitingSinceMs ?? Infinity, this.#http2?.waitingSinceMs ?? Infinity);
  }

  /** Both streams are over: what waits goes on without a response. */
  closed(): void {
    this.#pairingOrNull?.expire(Infinity, (request) => this.#unanswered(request));
    this.#http2?.expire(Infinity);
    this.#context.waiting.delete(this);
  }
}
