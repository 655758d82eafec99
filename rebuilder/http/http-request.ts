import type { CounterName } from '../ledger.ts';
import { Irregular, irregularNames } from './irregular.ts';
import { type Endpoints, type Framing, type Request, type Response } from './message.ts';
import { ownBytes } from './owned-message.ts';
import type { Body } from './reader-context.ts';
import { requestId } from './request-id.ts';
import { RequestLine } from './request-line.ts';

const NO_LINES = new Int32Array(0);
const line = new RequestLine();

/** A request as the parser found it; see Request for what each field holds. */
export class HttpRequest implements Request {
  readonly endpoints: Endpoints;
  bytes: Uint8Array;
  start: number;
  headersStart: number;
  headEnd: number;
  end: number;
  lines: Int32Array = NO_LINES;
  lineCount = 0;
  framing: Framing;
  bodySize: number;
  complete: boolean;
  lost: CounterName[] | null;
  timeMs = 0;
  lastByteMs = 0;
  seq = 0;
  /** What the client had received when it sent this request: its response begins there or later. */
  ack = 0;
  /** IPv4 identification of the packet that began it. */
  ipId = 0;
  methodEnd: number;
  targetStart: number;
  targetEnd: number;
  versionStart: number;
  versionEnd: number;
  irregular: string[] | null;
  correction: boolean;
  reading = 1;
  isFound = false;
  response: Response | null = null;
  /** The stream of HTTP/2 that brought it: its bytes are a translation to HTTP/1.1. 0 = it came as HTTP/1. */
  streamId = 0;
  #id: string | null = null;

  /** @param line the request line, parsed in `bytes` */
  constructor(
    endpoints: Endpoints, line: RequestLine, bytes: Uint8Array,
    start: number, headersStart: number, headEnd: number, end: number, body: Body,
    irregular: number,
  ) {
    this.endpoints = endpoints;
    this.bytes = bytes;
    this.start = start;
    this.headersStart = headersStart;
    this.headEnd = headEnd;
    this.end = end;
    this.framing = body.framing;
    this.bodySize = body.size;
    this.complete = body.complete;
    this.lost = body.lost;
    this.correction = body.correction;
    this.methodEnd = line.methodEnd;
    this.targetStart = line.targetStart;
    this.targetEnd = line.targetEnd;
    this.versionStart = line.versionStart;
    this.versionEnd = line.versionEnd;
    this.irregular = irregularNames(irregular);
  }

  get id(): string {
    return this.#id ??= requestId(this);
  }

  /** null: nobody has asked for it. */
  get knownId(): string | null {
    return this.#id;
  }

  /** Its name is that of this head, of which its own bytes are a form. */
  identifyBy(head: Uint8Array): void {
    this.#id = requestId({ endpoints: this.endpoints, seq: this.seq, bytes: head, start: 0, headEnd: head.length });
  }

  /** It is another telling of the request of that name. */
  identifyAs(id: string): void {
    this.#id = id;
  }

  methodIs(method: string): boolean {
    if (this.methodEnd - this.start !== method.length) return false;
    for (let i = 0; i < method.length; i++) {
      if (this.bytes[this.start + i] !== method.charCodeAt(i)) return false;
    }
    return true;
  }

  /** Makes the request own its bytes and lines, so that it may outlive the callback. */
  retain(): void {
    this.#id ??= requestId(this);
    const start = ownBytes(this);
    this.methodEnd -= start;
    this.targetStart -= start;
    this.targetEnd -= start;
    this.versionStart -= start;
    this.versionEnd -= start;
  }
}

/** A request in the form of HTTP/1.1, whole in bytes[start, end). */
export function translatedRequest(
  endpoints: Endpoints, bytes: Uint8Array,
  start: number, headersStart: number, headEnd: number, end: number, body: Body, irregular: number,
): HttpRequest {
  line.parse(bytes, start, headersStart);
  const isBodyOdd = body.size > 0 && isGetOrHead(bytes, start, line.methodEnd);
  const bits = line.irregular | irregular | (isBodyOdd ? Irregular.body_on_get : 0);
  return new HttpRequest(endpoints, line, bytes, start, headersStart, headEnd, end, body, bits);
}

/**
 * Is it what HTTP/0.9 was: a line of GET and a path, and nothing else? Whatever else lacks a version is told like any
 * request.
 */
export function isHttp09(request: Request): boolean {
  const { bytes, start, methodEnd, targetStart } = request;
  return request.versionStart === request.versionEnd && request.lineCount === 0 && request.bodySize === 0
    && methodEnd - start === 3 && isGetOrHead(bytes, start, methodEnd)
    && (bytes[targetStart] === 0x2f || bytes[targetStart] === 0x68);
}

/** Methods of requests whose body means nothing (RFC 9110 9.3.1). */
export function isGetOrHead(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  return (length === 3 && bytes[start] === 0x47 && bytes[start + 1] === 0x45)
    || (length === 4 && bytes[start] === 0x48 && bytes[start + 1] === 0x45);
}
