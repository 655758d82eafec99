import type { HttpRequest } from '../http/http-request.ts';
import type { Http1Context } from '../http1/http1-context.ts';
import type { Http2Requests } from '../http2/requests.ts';
import type { ForkKind } from '../reassembly/stream-sink.ts';

/** What a connection does with what its client sent. */
export interface ClientSink {
  request(request: HttpRequest): void;
  /** Not a request where one was expected; called once for each connection and kind. */
  otherProtocol(kind: 'http.tls_flow' | 'http.http2_flow' | 'http.not_http_flow'): void;
  /**
   * The bytes are those of a server: the roles of the two directions were guessed wrong. @returns true when they were
   * changed
   */
  isServer(): boolean;
  /** What may be the preface of HTTP/2 stands where it is believed: who reads it? */
  http2Requests(): Http2Requests;
  /**
   * Another reader begins, for bytes that come late, or for those that another reading of the stream has: what it finds
   * goes here. null = none
   */
  forkSink(kind: ForkKind): { readonly context: Http1Context; readonly sink: ClientSink } | null;
  /** That reader reads no more. */
  forkDiscarded(): void;
}
