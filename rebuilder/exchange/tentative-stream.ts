import type { HttpRequest } from '../http/http-request.ts';
import type { Http1Context } from '../http1/http1-context.ts';
import type { Http2Requests } from '../http2/requests.ts';
import type { Connection } from '../reassembly/connection.ts';
import type { End } from '../reassembly/flow-key.ts';
import type { Provenance } from '../reassembly/provenance.ts';
import { advance, distance } from '../reassembly/sequence.ts';
import type { ForkKind, StreamSink } from '../reassembly/stream-sink.ts';
import type { ClientEnd } from './client-end.ts';
import { ClientReader } from './client-reader.ts';
import type { ClientSink } from './client-sink.ts';
import type { NoResponses, ServerReader } from './server-reader.ts';

/** What a connection knows of its ends, when nobody has said who the client is. */
export interface Roles extends Pick<ClientSink, 'otherProtocol'> {
  isClient(ends: ClientEnd): boolean;
  /** Of either end: `request.endpoints` says which. */
  request(request: HttpRequest): void;
  /** It has written a status line. @returns true: a response is read from there on */
  mayRespond(ends: ClientEnd): boolean;
  /** It may speak HTTP/2 from here on. */
  http2RequestsOf(ends: ClientEnd): Http2Requests;
  forkSinkOf(ends: ClientEnd, kind: ForkKind): ReturnType<ClientSink['forkSink']>;
  /** Who reads its responses. */
  responsesOf(stream: TentativeStream): ServerReader;
}

/**
 * One direction of a connection of which nobody has said who the client is. Neither the port nor what an end writes
 * makes it a server for good: whatever its role, its bytes are read as a client's wherever no response stands that
 * somebody has asked for.
 */
export class TentativeStream implements StreamSink, ClientSink, NoResponses {
  readonly ends: ClientEnd;
  readonly requests: ClientReader;
  #responses: ServerReader | null = null;
  readonly #roles: Roles;
  /** Sequence number of what is being read. */
  #pieceSeq = 0;
  /** The rest of the piece is a response's. */
  #isResponse = false;

  /** @param isJoined what comes first stands in the middle of the stream */
  constructor(context: Http1Context, ends: ClientEnd, roles: Roles, isJoined: boolean) {
    this.ends = ends;
    this.#roles = roles;
    this.requests = new ClientReader(context, ends, this, isJoined);
  }

  get responses(): ServerReader {
    return this.#responses ??= this.#roles.responsesOf(this);
  }

  data(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): void {
    const isClient = this.#roles.isClient(this.ends);
    const at = isClient ? this.read(bytes, start, end, seq, from) : start;
    if (at < end) this.responses.data(bytes, at, end, advance(seq, at - start), from);
  }

  gap(bytes: number): void {
    if (this.#roles.isClient(this.ends)) this.requests.gap(bytes);
    else this.responses.gap(bytes);
  }

  end(): void {
    this.#responses?.end();
    this.requests.end();
  }

  stall(nowMs: number, afterMs: number): boolean {
    const responseMay = this.#responses?.stall(nowMs, afterMs) === true;
    return this.requests.stall(nowMs, afterMs) || responseMay;
  }

  get unfinished(): boolean {
    return this.requests.unfinished || this.#responses?.unfinished === true;
  }

  fork(kind: ForkKind, afresh?: boolean): StreamSink | null {
    return this.#responses?.unfinished === true ? null : this.requests.fork(kind, afresh);
  }

  discard(): void {
    this.#responses?.discard();
    this.requests.discard();
  }

  // --- NoResponses

  read(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): number {
    this.#pieceSeq = seq;
    this.#isResponse = false;
    this.requests.data(bytes, start, end, seq, from);
    if (!this.#isResponse) return end;
    const read = distance(this.requests.searchedAt, seq);
    this.requests.gap(-1);
    return start + read;
  }

  missed(bytes: number): void {
    this.requests.gap(bytes);
  }

  tunnel(): void {
    this.requests.tunnel();
  }

  // --- ClientSink

  request(request: HttpRequest): void {
    this.#roles.request(request);
  }

  otherProtocol(kind: Parameters<ClientSink['otherProtocol']>[0]): void {
    if (this.#roles.isClient(this.ends)) this.#roles.otherProtocol(kind);
  }

  isServer(): boolean {
    // Bytes of earlier pieces are read here to their end.
    if (distance(this.requests.searchedAt, this.#pieceSeq) < 0) return false;
    return this.#isResponse = this.#roles.mayRespond(this.ends);
  }

  http2Requests(): Http2Requests {
    return this.#roles.http2RequestsOf(this.ends);
  }

  forkSink(kind: ForkKind): ReturnType<ClientSink['forkSink']> {
    return this.#roles.forkSinkOf(this.ends, kind);
  }

  forkDiscarded(): void {}
}

/** Which end is the client, where nobody has said so? More likely the one with the higher port. */
export function likelyClient(connection: Connection): End {
  return connection.aPort < connection.bPort ? 'b' : 'a';
}
