import { Origin } from '../reassembly/provenance.ts';
import type { CounterName } from '../ledger.ts';
import type { HeaderLines } from '../http/header-lines.ts';
import { HeldBytes } from '../http/held-bytes.ts';
import type { HttpRequest } from '../http/http-request.ts';
import type { HttpResponse } from '../http/http-response.ts';
import type { Framing } from '../http/message.ts';
import type { Body, ReaderContext } from '../http/reader-context.ts';
import type { Translation } from './translation.ts';

/**
 * Room before the head for the lines that only the body's end tells: its length, or the chunked coding that carries
 * trailers.
 */
const ROOM = 128;
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

/** Where a message stands in bytes that hold it. */
export interface Placed {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly headersStart: number;
  readonly headEnd: number;
  readonly end: number;
  readonly body: Body;
}

/** What a message takes besides its head while nothing is held of it: twice its objects (CHARGE). */
const RESTING_BYTES = 1280;

const NO_HEAD: Translation = { text: '', lengthAt: 0, contentLength: null, irregular: 0 };

/** For messages that are over with their head, and those that nothing can be held of. */
let scratch = Buffer.allocUnsafeSlow(16_384);

/** A message of one stream as its frames bring it, in the form of HTTP/1.1. */
export class Http2Message {
  readonly began = new Origin();
  lastByteMs: number;
  readonly irregular: number;
  /** Entity bytes sent so far, held or not. */
  bodySize = 0;
  lost: CounterName[] | null = null;
  /** So much of its body was emitted, as it was; should more come, that is a correction. -1 = nothing was. */
  stalledSize = -1;
  /** It was emitted for good: what still comes is only counted. */
  isDropped = false;
  readonly #context: ReaderContext;
  readonly #held: HeldBytes;
  #head: Translation;
  /** Charged while nothing is held. */
  #charged = 0;

  constructor(context: ReaderContext, head: Translation, began: Origin, lastByteMs: number) {
    this.#context = context;
    this.#held = new HeldBytes(context.budget);
    this.#head = head;
    this.irregular = head.irregular;
    this.began.set(began.seq, began);
    this.lastByteMs = lastByteMs;
  }

  /** The same message so far, held apart; null = there is no memory for it. */
  copy(context: ReaderContext): Http2Message | null {
    const copy = new Http2Message(context, this.#head, this.began, this.lastByteMs);
    copy.bodySize = this.bodySize;
    copy.lost = this.lost;
    copy.stalledSize = this.stalledSize;
    copy.isDropped = this.isDropped;
    if (this.#charged > 0) return copy.rest() ? copy : null;
    return copy.#held.append(this.#held.bytes, 0, this.#held.length) ? copy : null;
  }

  addLost(reason: CounterName): void {
    if (this.lost === null) this.lost = [reason];
    else if (!this.lost.includes(reason)) this.lost = [...this.lost, reason];
  }

  /** Its head without what only the body's end tells. */
  get head(): Uint8Array {
    return Buffer.from(this.#head.text, 'latin1');
  }

  #bodyStart(): number {
    return ROOM + this.#head.text.length + 2;
  }

  /** Makes ready for a body. @returns false: there is no memory for it */
  hold(): boolean {
    const room = this.#bodyStart();
    if (scratch.length < room) scratch = Buffer.allocUnsafeSlow(room);
    const expected = Math.min(Number(this.#head.contentLength ?? 0), this.#context.bodyLimitBytes);
    return this.#held.append(scratch, 0, room, room + expected);
  }

  /** As long as it has no body, its head is all that is kept. @returns false: there is no memory for it */
  rest(): boolean {
    if (this.bodySize > 0) return true;
    this.#held.clear();
    const bytes = RESTING_BYTES + this.#head.text.length;
    if (!this.#context.budget.take(0, bytes)) return false;
    this.#charged = bytes;
    return true;
  }

  #wake(): void {
    this.#context.budget.release(0, this.#charged);
    this.#charged = 0;
    if (this.hold()) return;
    this.addLost('http.memcap');
    this.drop();
  }

  /** @param keep false: bodies are only counted */
  data(bytes: Uint8Array, start: number, end: number, nowMs: number, keep = true): void {
    this.lastByteMs = nowMs;
    if (this.#charged > 0) this.#wake();
    this.bodySize += end - start;
    if (this.isDropped || !keep) return;
    const held = this.#held;
    let to = end;
    const limit = this.#bodyStart() + this.#context.bodyLimitBytes;
    if (held.length + to - start > limit) {
      to = start + Math.max(0, limit - held.length);
      this.addLost('http.body_limit');
    }
    if (to > start && !held.append(bytes, start, to)) this.addLost('http.memcap');
  }

  /** Bytes of the body are missing. */
  gap(bytes: number): void {
    this.bodySize += bytes;
    this.addLost('tcp.reassembly_gap');
  }

  /** Says where and when it stood in the stream, and which its lines are. */
  mark(told: HttpRequest | HttpResponse, { lines, count }: HeaderLines): void {
    told.seq = this.began.seq;
    told.ack = this.began.ack;
    told.timeMs = this.began.timeMs;
    told.lastByteMs = this.lastByteMs;
    told.lines = lines;
    told.lineCount = count;
  }

  /** Frees what is held. */
  drop(): void {
    this.#held.clear();
    this.#context.budget.release(0, this.#charged);
    this.#charged = 0;
    this.#head = NO_HEAD;
    this.isDropped = true;
  }

  /** Its Content-Length is less than what came: a server may have been content with so much, and served that. */
  get hasSurplus(): boolean {
    const { contentLength } = this.#head;
    return contentLength !== null && Number(contentLength) < this.bodySize;
  }

  /** Puts it together with a body that ends where its Content-Length says, if that is held; else null. */
  placeAsSaid(): Placed | null {
    const { text, lengthAt, contentLength } = this.#head;
    const size = Number(contentLength);
    const end = this.#bodyStart() + size;
    if (this.#held.length < end) return null;
    const head = `${text.slice(0, lengthAt)}content-length: ${contentLength}\r\n${text.slice(lengthAt)}\r\n`;
    const start = this.#bodyStart() - head.length;
    const { bytes } = this.#held;
    bytes.write(head, start, 'latin1');
    return {
      bytes, start, headersStart: start + text.indexOf('\n') + 1, headEnd: this.#bodyStart(), end,
      body: { framing: size === 0 ? 'none' : 'length', size, complete: true, lost: null, irregular: 0, correction: false },
    };
  }

  /**
   * Puts the message together as far as it is known. The bytes are good until anything else happens to this or another
   * message.
   * @param trailers lines with their CRLF; '' = none
   * @param isWhole its end was seen
   * @param isHeadOnly its length is that of what was left out, as in a response to HEAD (RFC 9113 8.1.1)
   */
  place(
    trailers: string, isWhole: boolean, lost: CounterName[] | null, isHeadOnly = false,
  ): Placed & { readonly isTrue: boolean } {
    const { text, lengthAt, contentLength } = this.#head;
    const held = this.#held;
    const isHeld = held.length > 0;
    const chunked = trailers !== '';
    const isTrue = contentLength === null || !isWhole || isHeadOnly || Number(contentLength) === this.bodySize;
    const isSaid = isTrue && contentLength !== null && !isHeadOnly;
    const size = isSaid ? Math.max(Number(contentLength), this.bodySize) : this.bodySize;
    let line = '';
    if (chunked) line = CHUNKED;
    else if (contentLength !== null && isTrue) line = `content-length: ${contentLength}\r\n`;
    else if (contentLength !== null || size > 0) line = `Content-Length: ${size}\r\n`;
    if (contentLength !== null && !isTrue) line += `X-Http2-Content-Length: ${contentLength}\r\n`;
    const bodyBytes = isHeld ? held.length - this.#bodyStart() : 0;
    const sizeLine = chunked && bodyBytes > 0 ? `${bodyBytes.toString(16)}\r\n` : '';
    const tail = chunked ? `${bodyBytes > 0 ? '\r\n' : ''}0\r\n${trailers}\r\n` : '';
    const head = `${text.slice(0, lengthAt)}${line}${text.slice(lengthAt)}\r\n`;
    const start = this.#bodyStart() - head.length - sizeLine.length;
    let bytes: Buffer;
    if (isHeld && (tail === '' || held.append(Buffer.from(tail, 'latin1'), 0, tail.length))) {
      ({ bytes } = held);
    } else {
      const needed = this.#bodyStart() + bodyBytes + tail.length;
      if (scratch.length < needed) scratch = Buffer.allocUnsafeSlow(needed);
      bytes = scratch;
      if (isHeld) bytes.set(held.bytes.subarray(this.#bodyStart(), held.length), this.#bodyStart());
      bytes.write(tail, this.#bodyStart() + bodyBytes, 'latin1');
    }
    bytes.write(head, start, 'latin1');
    bytes.write(sizeLine, start + head.length, 'latin1');
    const framing: Framing = chunked ? 'chunked' : size === 0 ? 'none' : 'length';
    return {
      bytes, start, headersStart: start + text.indexOf('\n') + 1, headEnd: start + head.length, end: this.#bodyStart() + bodyBytes + tail.length, isTrue,
      body: { framing, size, complete: lost === null, lost, irregular: 0, correction: this.stalledSize >= 0 },
    };
  }
}
