import type { Http1Context } from '../http1/http1-context.ts';
import { CHARGE, type Charged } from '../reassembly/connection-memory.ts';
import type { HttpContext } from './http-context.ts';
import { Http2Pairing } from './http2-pairing.ts';
import { Http2Requests } from '../http2/requests.ts';
import { Http2Responses } from '../http2/responses.ts';
import type { Endpoints } from '../http/message.ts';
import type { HttpRequest } from '../http/http-request.ts';
import type { HttpResponse } from '../http/http-response.ts';

/** Both directions of a connection that speaks HTTP/2, and which response answers which request. */
export class Http2Connection {
  readonly requests: Http2Requests;
  readonly responses: Http2Responses;
  readonly #context: HttpContext;
  readonly #connection: Charged;
  readonly #pairing: Http2Pairing;

  /**
   * @param reader where the connection's bytes are counted
   * @param owner receives each request once, to be counted and given to `add`
   */
  constructor(
    context: HttpContext, reader: Http1Context, connection: Charged,
    owner: Endpoints & { request(request: HttpRequest): void },
  ) {
    this.#context = context;
    this.#connection = connection;
    connection.charge(CHARGE.http2);
    this.#pairing = new Http2Pairing(reader.budget);
    this.requests = new Http2Requests(reader, owner, (request) => owner.request(request));
    this.responses = new Http2Responses(reader, context.parseResponses, this.#response, this.#noResponse);
    this.requests.frames.peer = this.responses.frames;
    this.responses.frames.peer = this.requests.frames;
  }

  /** Passes a request on, once its response is there. @returns true: it waits */
  add(request: HttpRequest, wait: boolean): boolean {
    // A client that uses a stream twice: one of the two will have no answer.
    this.#noResponse(request.streamId);
    request.response = this.#pairing.takeEarly(request.streamId);
    const mayWait = request.response === null && wait && this.responses.frames.knowledge > 0;
    if (mayWait && this.#context.waitingRequests.hold(request)) {
      this.#pairing.add(request, this.#context.nowMs);
      return true;
    }
    this.#context.exchanges.exchange(request);
    return false;
  }

  #response = (streamId: number, response: HttpResponse): void => {
    const request = this.#pairing.take(streamId);
    if (request === null) {
      if (this.#context.parseResponses && this.requests.hasOpen(streamId)) this.#pairing.keepEarly(streamId, response);
      return;
    }
    request.response = response;
    this.#passOn(request);
  };

  #noResponse = (streamId: number): void => {
    const request = this.#pairing.take(streamId);
    if (request !== null) this.#passOn(request);
  };

  #passOn = (request: HttpRequest): void => {
    this.#context.waitingRequests.release(request);
    this.#context.exchanges.exchange(request);
  };

  /** It was no HTTP/2. */
  end(): void {
    this.expire(Infinity);
    this.#connection.charge(-CHARGE.http2);
  }

  /** Since when the first request has waited; Infinity = none waits. */
  get waitingSinceMs(): number {
    return this.#pairing.waitingSinceMs;
  }

  /** Requests that have waited since before `beforeMs` go on without a response; all with Infinity. */
  expire(beforeMs: number): void {
    this.#pairing.expire(beforeMs, this.#passOn);
  }
}
