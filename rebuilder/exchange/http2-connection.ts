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
  readonly #context: HttpContext;
  readonly #reader: Http1Context;
  readonly #endpoints: Endpoints;
  readonly #owner: { request(request: HttpRequest): void };
  #requests: Http2Requests;
  #responses: Http2Responses;
  readonly #pairing: Http2Pairing;

  /**
   * @param reader where the connection's bytes are counted
   * @param owner receives each request once, to be counted and given to `add`
   */
  constructor(
    context: HttpContext, reader: Http1Context, connection: Charged, endpoints: Endpoints,
    owner: { request(request: HttpRequest): void },
  ) {
    this.#context = context;
    this.#endpoints = endpoints;
    this.#reader = reader;
    this.#owner = owner;
    connection.charge(CHARGE.http2);
    this.#pairing = new Http2Pairing(reader.budget);
    this.#requests = this.#newRequests();
    this.#responses = this.#newResponses();
    this.#join();
  }

  #newRequests(): Http2Requests {
    return new Http2Requests(this.#reader, this.#endpoints, (request) => this.#owner.request(request));
  }

  #newResponses(): Http2Responses {
    return new Http2Responses(this.#reader, this.#context.parseResponses, this.#response, this.#noResponse);
  }

  #join(): void {
    this.#requests.frames.peer = this.#responses.frames;
    this.#responses.frames.peer = this.#requests.frames;
  }

  /**
   * Who reads requests from the preface on. What was taken for them before was none: another attempt begins anew, with
   * the responses that are there.
   */
  beginRequests(): Http2Requests {
    if (!this.#requests.isFresh) {
      this.expire(Infinity);
      this.#requests = this.#newRequests();
      this.#join();
    }
    return this.#requests;
  }

  /** The same for responses. */
  beginResponses(): Http2Responses {
    if (!this.#responses.frames.isFresh) {
      this.expire(Infinity);
      this.#responses = this.#newResponses();
      this.#join();
    }
    return this.#responses;
  }

  /** Passes a request on, once its response is there. @returns true: it waits */
  add(request: HttpRequest, wait: boolean): boolean {
    // A client that uses a stream twice: one of the two will have no answer.
    this.#noResponse(request.streamId);
    request.response = this.#pairing.takeEarly(request.streamId);
    const mayWait = request.response === null && wait && this.#responses.frames.knowledge > 0;
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
      if (this.#context.parseResponses && this.#requests.hasOpen(streamId)) this.#pairing.keepEarly(streamId, response);
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

  /** Since when the first request has waited; Infinity = none waits. */
  get waitingSinceMs(): number {
    return this.#pairing.waitingSinceMs;
  }

  /**
   * Requests that have waited since before `beforeMs` go on without a response; all with Infinity.
   * @returns how many
   */
  expire(beforeMs: number): number {
    return this.#pairing.expire(beforeMs, this.#passOn);
  }
}
