import { Origin, type Provenance } from '../reassembly/provenance.ts';
import { HeldBytes } from '../http/held-bytes.ts';
import { HttpRequest } from '../http/http-request.ts';
import { Irregular } from '../http/irregular.ts';
import type { Endpoints } from '../http/message.ts';
import { cutBody, type ReaderContext } from '../http/reader-context.ts';
import { BLANK, RequestLine } from '../http/request-line.ts';

/** No part of a request line is known. */
const noLine = new RequestLine();

/**
 * Bytes behind a request that cannot be read as another. Its server may have made sense of them all the same, so they
 * are told: as a request without a request line, never complete, whose body they are. Held up to limits.head_bytes; the
 * search for the next request goes on meanwhile.
 */
export class UnreadBytes {
  readonly #context: ReaderContext;
  readonly #held: HeldBytes;
  readonly #began = new Origin();
  lastByteMs = 0;

  constructor(context: ReaderContext, seq: number, from: Provenance) {
    this.#context = context;
    this.#held = new HeldBytes(context.budget);
    this.#began.set(seq, from);
  }

  /** @returns how many of bytes[start, end) were held: the rest is beyond the limit, or of no memory */
  add(bytes: Uint8Array, start: number, end: number, timeMs: number): number {
    this.lastByteMs = timeMs;
    const to = Math.min(end, start + this.#context.headBytes - this.#held.length);
    if (to <= start || !this.#held.append(bytes, start, to)) return 0;
    this.#context.pendingBytes += to - start;
    return to - start;
  }

  /** Nothing more belongs to it. @returns null: it is blanks and line ends, or nothing */
  end(endpoints: Endpoints): HttpRequest | null {
    const { bytes, length } = this.#held;
    if (!hasText(bytes, length)) return null;
    noLine.methodEnd = noLine.targetStart = noLine.targetEnd = noLine.versionStart = noLine.versionEnd = 0;
    const body = cutBody('length', length, ['http.unreadable'], 0);
    const request = new HttpRequest(endpoints, noLine, bytes, 0, 0, 0, length, body, Irregular.unreadable);
    request.seq = this.#began.seq;
    request.ack = this.#began.ack;
    request.ipId = this.#began.ipId;
    request.timeMs = this.#began.timeMs;
    request.lastByteMs = this.lastByteMs;
    return request;
  }

  /** Gives the memory back. @returns how many captured bytes it held */
  discard(): number {
    const { length } = this.#held;
    this.#context.pendingBytes -= length;
    this.#held.clear();
    return length;
  }
}

function hasText(bytes: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) {
    const byte = bytes[i]!;
    if (byte !== 0 && byte !== 10 && BLANK[byte] === 0) return true;
  }
  return false;
}
