import { CHARGE, type Charged } from '../reassembly/connection-memory.ts';
import type { Budget } from '../reassembly/budget.ts';
import { advance, distance } from '../reassembly/sequence.ts';
import type { HttpRequest } from '../http/http-request.ts';
import type { HttpResponse } from '../http/http-response.ts';

/** A request that was rebuilt and whose response is still to come. */
interface Outstanding {
  /** null: it went on already; only its kind matters, for framing the response. */
  request: HttpRequest | null;
  kind: 'HEAD' | 'CONNECT' | 'other';
  seq: number;
  /** Sequence number behind its last byte; null = that is not known. */
  endSeq: number | null;
  /** What the client had received when it sent the request; 0 = its packet did not say (data with a SYN). */
  ack: number;
  sinceMs: number;
}

/** Requests remembered while nobody waits for their responses: more are not pipelined by anyone. */
const MAX_OUTSTANDING = 128;
/** … and while no server was heard. */
const MAX_ONE_WAY = 2;

/**
 * Which response answers which request (RFC 9112 9.3.2: in order). After a hole sequence numbers tell: a response to a
 * request begins after what its client had received when it sent the request, and before what it had received when it
 * sent the next.
 */
export class Pairing {
  readonly #outstanding: Outstanding[] = [];
  #current: Outstanding | null = null;
  /** A response that was read before its request was whole (413 to a large upload, say). */
  #early: HttpResponse | null = null;
  /** What a response acknowledged that was read too early and found no memory. */
  #notKept: number | null = null;
  readonly #budget: Budget;
  readonly #connection: Charged;
  /** So many are charged. */
  #most = 0;

  constructor(budget: Budget, connection: Charged) {
    this.#budget = budget;
    this.#connection = connection;
  }

  /** Since when the first request has waited; Infinity = none waits. */
  get waitingSinceMs(): number {
    const first = this.#outstanding.find((entry) => entry.request !== null);
    return first === undefined ? Infinity : first.sinceMs;
  }

  /** Was something asked that was not answered yet? */
  get isAsked(): boolean {
    return this.#outstanding.length > 0;
  }

  /**
   * @param wait true: the request is kept until its response is there
   * @param heard packets of the server were seen
   */
  add(request: HttpRequest, wait: boolean, heard: boolean, nowMs: number): void {
    const kind = request.methodIs('HEAD') ? 'HEAD' : request.methodIs('CONNECT') ? 'CONNECT' : 'other';
    const queue = this.#outstanding;
    const isFull = queue.length >= (heard ? MAX_OUTSTANDING : MAX_ONE_WAY);
    const spare = isFull && queue[0]!.request === null ? queue.shift() : undefined;
    const entry = spare ?? { request: null, kind: 'other', seq: 0, endSeq: null, ack: 0, sinceMs: 0 };
    entry.request = wait ? request : null;
    entry.kind = kind;
    entry.seq = request.seq;
    entry.endSeq = request.complete ? advance(request.seq, request.end - request.start) : null;
    entry.ack = request.ack;
    entry.sinceMs = nowMs;
    queue.push(entry);
    if (queue.length > this.#most) {
      this.#most++;
      this.#connection.charge(CHARGE.outstanding);
    }
  }

  /**
   * The early response, once: for the request it answers. `not_kept`: it was answered, but there was no memory for the
   * response.
   */
  takeEarly(request: HttpRequest): HttpResponse | 'not_kept' | null {
    const notKept = this.#notKept;
    this.#notKept = null;
    const early = this.#dropEarly();
    if (early !== null) return distance(early.ack, request.seq) > 0 ? early : null;
    return notKept !== null && distance(notKept, request.seq) > 0 ? 'not_kept' : null;
  }

  keepEarly(response: HttpResponse): void {
    this.#dropEarly();
    if (!this.#budget.take(response.end - response.start)) {
      this.#notKept = response.ack;
      return;
    }
    response.retain();
    this.#early = response;
  }

  #dropEarly(): HttpResponse | null {
    const early = this.#early;
    this.#early = null;
    if (early !== null) this.#budget.release(early.end - early.start);
    return early;
  }

  /**
   * A response begins at `seq` and acknowledges `ack`: whose is it?
   * @param afterHole responses before it may have been lost; else they come in the order of the requests
   * @param passedOver receives requests whose responses were not seen
   */
  match(seq: number, ack: number, afterHole: boolean, passedOver: (request: HttpRequest) => void): Outstanding | null {
    const queue = this.#outstanding;
    while (afterHole && queue.length >= 2 && queue[0]!.ack !== 0 && distance(queue[1]!.ack, queue[0]!.ack) > 0
      && distance(seq, queue[1]!.ack) >= 0) {
      const { request } = queue.shift()!;
      if (request !== null) passedOver(request);
    }
    const first = queue[0];
    // The server had more than this request, and its answer would have begun before: this is another's, whose request
    // was lost, or is still to be read.
    const endSeq = first?.endSeq ?? null;
    const isLater = afterHole && first !== undefined && endSeq !== null
      && distance(seq, first.ack) > 0 && distance(ack, endSeq) > 0;
    const isAnswered = first !== undefined && !isLater && (first.ack === 0 || distance(seq, first.ack) >= 0)
      && distance(ack, first.seq) >= 0;
    this.#current = isAnswered ? first : null;
    return this.#current;
  }

  /** The matched response is whole: its request is done. */
  take(): Outstanding | null {
    const current = this.#current;
    this.#current = null;
    if (current === null || this.#outstanding[0] !== current) return null;
    this.#outstanding.shift();
    return current;
  }

  /** Requests that have waited since before `beforeMs`, oldest first; all with Infinity. @returns how many */
  expire(beforeMs: number, passedOver: (request: HttpRequest) => void): number {
    let expired = 0;
    if (beforeMs === Infinity) this.#dropEarly();
    for (const entry of this.#outstanding) {
      if (entry.sinceMs > beforeMs) break;
      const { request } = entry;
      entry.request = null;
      if (request === null) continue;
      passedOver(request);
      expired++;
    }
    return expired;
  }
}
