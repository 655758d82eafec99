import { TlsRecords } from './tls-records.ts';
import { RequestLine, lineEnd, requestStart } from './request-line.ts';

const LF = 10;
/** Longest request line that is recognised after a hole. ALBs refuse beyond 16 KiB. */
const MAX_LINE_BYTES = 16_384;
/** So much of a line is looked at for its first word, which is text: the bytes around it may be anything. */
const WORD_BYTES = 65;
const VERSION = Buffer.from(' HTTP/1.');
const STATUS = Buffer.from('\nHTTP/1.');
const EMPTY = Buffer.alloc(0);
const startLine = new RequestLine();

export type Found = 'request' | 'response' | 'tls' | 'nothing';

/**
 * Looks for the place where a stream can be read again: the start of a piece or of a line that is a whole request line
 * (or, in the other direction, a status line), or a TLS record. What may still become one is carried into the next
 * piece.
 */
export class StartSearch {
  /** A line that began in an earlier piece and may be a start line; empty = none. Not counted as skipped yet. */
  carry: Buffer = EMPTY;
  /** After 'request' or 'response': offset in the piece (or in `carry`, when `inCarry`) where the line begins. */
  foundAt = 0;
  /** The line begins in `carry`, which was extended by the piece. */
  inCarry = false;

  reset(): void {
    this.carry = EMPTY;
  }

  /** Looks through bytes[start, end), a captured piece. */
  search(bytes: Uint8Array, start: number, end: number): Found {
    this.inCarry = false;
    const atStart = this.#startLineAt(bytes, start, end);
    if (atStart !== 'nothing' && (this.carry.length === 0 || atStart === 'tls' || knownMethod(bytes, start) || atStart === 'response')) {
      this.foundAt = start;
      return atStart;
    }
    if (this.carry.length > 0) {
      const lf = lineEnd(bytes, start, Math.min(end, start + MAX_LINE_BYTES));
      const upTo = lf < 0 ? end : lf;
      const beginsAnew = lf < 0 && knownMethod(bytes, start);
      this.carry = joined(beginsAnew ? EMPTY : this.carry, bytes, start, upTo);
      if (lf < 0) {
        if (!this.#mayBecome(this.carry, 0, this.carry.length)) this.carry = EMPTY;
        return 'nothing';
      }
      const kind = this.#wholeLine(this.carry, 0, this.carry.length);
      if (kind !== 'nothing') {
        this.inCarry = true;
        this.foundAt = lf;
        return kind;
      }
      this.carry = EMPTY;
      return this.#lines(bytes, lf, end);
    }
    return this.#lines(bytes, start, end);
  }

  /**
   * Lines from `from` on, where a line begins. Looks for versions and status lines with the machine's own search, so
   * that what is not HTTP is passed over quickly; each byte is looked at a bounded number of times, whatever the client
   * writes.
   */
  #lines(bytes: Uint8Array, from: number, end: number): Found {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, end);
    const status = statusLine(view, from, end);
    let line = from;
    let looked = from;
    for (let version = view.indexOf(VERSION, from); version >= 0; version = view.indexOf(VERSION, version + 1)) {
      if (status >= 0 && status < version) break;
      for (let at = version - 1; at >= looked; at--) {
        if (bytes[at] !== LF) continue;
        line = at + 1;
        break;
      }
      looked = version;
      if (!endsLine(bytes, version + VERSION.length + 1, end)) continue;
      const start = startsWithMethod(bytes, line, version) ? line : methodBefore(view, line, version);
      if (start >= 0 && this.#wholeLine(bytes, start, end) === 'request') {
        this.foundAt = start;
        return 'request';
      }
    }
    if (status >= 0) {
      this.foundAt = status;
      return 'response';
    }
    const last = Math.max(view.lastIndexOf(LF) + 1, from);
    const begun = last < end && this.#mayBecome(bytes, last, end) ? last : lastMethod(view, last, end);
    if (begun >= 0) this.carry = joined(EMPTY, bytes, begun, end);
    return 'nothing';
  }

  #startLineAt(bytes: Uint8Array, start: number, end: number): Found {
    if (TlsRecords.begins(bytes, start, end) === 'yes') return 'tls';
    return this.#wholeLine(bytes, start, end);
  }

  /** Is there a whole start line with a version at `start`? */
  #wholeLine(bytes: Uint8Array, start: number, end: number): Found {
    if (isStatusLine(bytes, start, end)) return 'response';
    if (requestStart(bytes, start, Math.min(end, start + WORD_BYTES), WORD_BYTES) !== 'yes') return 'nothing';
    const lf = lineEnd(bytes, start, Math.min(end, start + MAX_LINE_BYTES));
    if (lf < 0) return 'nothing';
    return startLine.parse(bytes, start, lf) && startLine.minor >= 0 ? 'request' : 'nothing';
  }

  #mayBecome(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start > MAX_LINE_BYTES) return false;
    return requestStart(bytes, start, Math.min(end, start + WORD_BYTES), WORD_BYTES) !== 'no';
  }
}

/** In memory of its own: of Node's pool, which short ones come from, each may hold 8 KiB as long as it is carried. */
function joined(first: Buffer, bytes: Uint8Array, start: number, end: number): Buffer {
  const all = Buffer.allocUnsafeSlow(first.length + end - start);
  all.set(first);
  Buffer.prototype.copy.call(bytes, all, first.length, start, end);
  return all;
}

/** `HTTP/1.x NNN` (RFC 9112 4). */
export function isStatusLine(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start >= 12
    && bytes[start] === 0x48 && bytes[start + 1] === 0x54 && bytes[start + 2] === 0x54 && bytes[start + 3] === 0x50
    && bytes[start + 4] === 0x2f && bytes[start + 5] === 0x31 && bytes[start + 6] === 0x2e && isDigit(bytes[start + 7]!)
    && bytes[start + 8] === 0x20
    && isDigit(bytes[start + 9]!) && isDigit(bytes[start + 10]!) && isDigit(bytes[start + 11]!);
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

const METHODS = ['GET ', 'POST ', 'PUT ', 'HEAD ', 'DELETE ', 'OPTIONS ', 'PATCH ', 'CONNECT ', 'TRACE ', 'PROPFIND '].map((method) => Buffer.from(method));

/** Does the line begin with something that was written as a method, capital letters and a space? */
function startsWithMethod(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && ((bytes[at]! >= 65 && bytes[at]! <= 90) || bytes[at] === 0x2d)) at++;
  return at > start && bytes[at] === 0x20;
}

/**
 * A request may begin right behind the last byte of a body, which seldom ends its line: looks for one of the usual
 * methods before the target that ends at `version`. -1 = there is none.
 */
function methodBefore(view: Buffer, line: number, version: number): number {
  const space = view.lastIndexOf(0x20, version - 1);
  if (space <= line) return -1;
  for (const method of METHODS) {
    const at = space + 1 - method.length;
    if (at >= line && method.every((byte, i) => view[at + i] === byte)) return at;
  }
  return -1;
}

/**
 * Where in a line that is not ended yet one of the usual methods begins last, be it only with its first letters; -1 =
 * nowhere.
 */
function lastMethod(view: Buffer, line: number, end: number): number {
  for (const method of METHODS) {
    for (let length = method.length - 1; length > 0; length--) {
      if (end - length >= line && method.subarray(0, length).equals(view.subarray(end - length))) return end - length;
    }
  }
  // Whole, it has one space behind it, or two when the version has begun.
  let space = end;
  for (let i = 0; i < 2; i++) {
    space = space > line ? view.lastIndexOf(0x20, space - 1) : -1;
    if (space < line || end - space > MAX_LINE_BYTES) return -1;
    for (const method of METHODS) {
      const at = space + 1 - method.length;
      if (at >= line && method.every((byte, k) => view[at + k] === byte)) return at;
    }
  }
  return -1;
}

/** Is bytes[at] the end of a line, blanks before it allowed? */
function endsLine(bytes: Uint8Array, at: number, end: number): boolean {
  while (at < end && (bytes[at] === 0x20 || bytes[at] === 0x09)) at++;
  return at < end && (bytes[at] === LF || (bytes[at] === 13 && at + 1 < end && bytes[at + 1] === LF));
}

/** Where a status line begins in bytes[from, end), behind a line's end; -1 = nowhere. */
function statusLine(view: Buffer, from: number, end: number): number {
  for (let at = view.indexOf(STATUS, from); at >= 0; at = view.indexOf(STATUS, at + 1)) {
    if (isStatusLine(view, at + 1, end)) return at + 1;
  }
  return -1;
}

/** Does the piece begin with a request? */
export function isRequestAt(bytes: Uint8Array, start: number, end: number): boolean {
  if (!knownMethod(bytes, start)) return false;
  const lf = lineEnd(bytes, start, end);
  return lf > 0 && startLine.parse(bytes, start, lf) && startLine.minor >= 0;
}

/**
 * One of the usual methods: strong enough a sign to prefer a piece's start to a line carried from before.
 * @param end where no more is known than that it may be one
 */
export function knownMethod(bytes: Uint8Array, start: number, end = Infinity): boolean {
  return METHODS.some((method) => method.every((byte, i) => start + i >= end || bytes[start + i] === byte));
}
