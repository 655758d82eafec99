import type { Budget } from '../reassembly/budget.ts';
import type { HttpRequest } from '../http/http-request.ts';
import type { HttpResponse } from '../http/http-response.ts';

/** A request that waits for the response of its stream. */
interface Waiting {
  readonly request: HttpRequest;
  readonly sinceMs: number;
}

/**
 * Responses kept that were whole before their request was: a server that refuses an upload, or answers while it is
 * asked.
 */
const MAX_EARLY = 16;

/** Which response answers which request of an HTTP/2 connection: that of the same stream. */
export class Http2Pairing {
  /** By stream, oldest first. */
  readonly #waiting = new Map<number, Waiting>();
  readonly #early = new Map<number, HttpResponse>();
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** Since when the first request has waited; Infinity = none waits. */
  get waitingSinceMs(): number {
    for (const { sinceMs } of this.#waiting.values()) return sinceMs;
    return Infinity;
  }

  takeEarly(streamId: number): HttpResponse | null {
    const response = this.#early.get(streamId);
    if (response === undefined) return null;
    this.#early.delete(streamId);
    this.#budget.release(response.end);
    return response;
  }

  keepEarly(streamId: number, response: HttpResponse): void {
    this.takeEarly(streamId);
    if (this.#early.size >= MAX_EARLY || !this.#budget.take(response.end - response.start)) return;
    response.retain();
    this.#early.set(streamId, response);
  }

  add(request: HttpRequest, nowMs: number): void {
    this.#waiting.set(request.streamId, { request, sinceMs: nowMs });
  }

  /** The request of a stream that needs to wait no longer. */
  take(streamId: number): HttpRequest | null {
    const request = this.#waiting.get(streamId)?.request ?? null;
    this.#waiting.delete(streamId);
    return request;
  }

  /** Requests that have waited since before `beforeMs`, oldest first; all with Infinity. @returns how many */
  expire(beforeMs: number, passedOver: (request: HttpRequest) => void): number {
    let expired = 0;
    for (const [streamId, { request, sinceMs }] of this.#waiting) {
      if (sinceMs > beforeMs) break;
      this.#waiting.delete(streamId);
      passedOver(request);
      expired++;
    }
    if (beforeMs === Infinity) for (const streamId of this.#early.keys()) this.takeEarly(streamId);
    return expired;
  }
}
