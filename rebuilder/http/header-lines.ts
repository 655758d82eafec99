import { AlignedWords } from '../wire/aligned-words.ts';
import { fieldOf, tokenEnd } from './field-names.ts';
import { indexWithin } from './index-within.ts';
import { Irregular } from './irregular.ts';
import { Field, LINE_STRIDE, valueStartOf } from './message.ts';
import { DEL, SP, printableEnd, unprintable } from './printable.ts';

const LF = 10;
const CR = 13;
const TAB = 9;
const COLON = 58;
const COMMA = 0x2c;
const UNDERSCORE = 0x5f;
/** Memory for more is made when they come. */
export const FIRST_LINES = 64;

const aligned = new AlignedWords(Int32Array);

/**
 * Reads the header lines of a message (RFC 9112 5): where each name and value is and which of them frame the message.
 * One scanner serves a whole pipeline; what it found holds until the next scan.
 */
export class HeaderLines {
  /** See Message.lines. */
  lines = new Int32Array(FIRST_LINES * LINE_STRIDE);
  count = 0;
  /** Bits of Irregular. */
  irregular = 0;
  /** -1 = no such header; -2 = not a number, or numbers that differ. */
  contentLength = -1;
  /** A Transfer-Encoding was there; `chunked` says whether its last coding is chunked. */
  transferEncoding = false;
  chunked = false;
  hostCount = 0;
  /** Fields seen, a bit each (1 << Field). */
  seen = 0;

  /** Only CRLF ends a line. */
  #byCrlf = false;

  /**
   * @param byCrlf a bare LF ends no line, as for servers that look for CRLF
   * @returns the offset after the empty line; -1 when bytes[from, to) does not hold one.
   */
  scan(bytes: Uint8Array, from: number, to: number, byCrlf = false): number {
    this.#byCrlf = byCrlf;
    this.count = 0;
    this.irregular = 0;
    this.contentLength = -1;
    this.transferEncoding = false;
    this.chunked = false;
    this.hostCount = 0;
    this.seen = 0;
    let at = from;
    for (;;) {
      at = this.#plainLines(bytes, at, to);
      if (at >= to) return -1;
      const first = bytes[at]!;
      if (first === CR) {
        if (at + 1 >= to) return -1;
        if (bytes[at + 1] === LF) return at + 2;
      }
      if (first === LF && !byCrlf) {
        this.irregular |= Irregular.bare_lf;
        return at + 1;
      }
      const next = first === SP || first === TAB ? this.#folded(bytes, at, to) : this.#line(bytes, at, to);
      if (next < 0) return -1;
      at = next;
    }
  }

  /** What another has found, no more than FIRST_LINES, in bytes that begin `shift` further on there. */
  copyFrom(other: HeaderLines, shift: number): void {
    this.count = other.count;
    this.irregular = other.irregular;
    this.contentLength = other.contentLength;
    this.transferEncoding = other.transferEncoding;
    this.chunked = other.chunked;
    this.hostCount = other.hostCount;
    this.seen = other.seen;
    const { lines } = this;
    const theirs = other.lines;
    for (let at = 0, end = other.count * LINE_STRIDE; at < end; at += LINE_STRIDE) {
      lines[at] = theirs[at]!;
      for (let i = at + 1; i < at + LINE_STRIDE; i++) lines[i] = theirs[i]! - shift;
    }
  }

  /**
   * Nearly all lines are written as RFC 9112 5 has them: a name, a colon, one blank, a printable value, CRLF. Those
   * that stand in a row are read here in one loop, the values four bytes a step: the head was the largest single cost
   * of a small request.
   * @returns where a line begins that is not one of them
   */
  #plainLines(bytes: Uint8Array, from: number, to: number): number {
    aligned.view(bytes);
    const { words, shift } = aligned;
    const lastWord = to + shift >> 2;
    let start = from;
    for (;;) {
      const nameEnd = tokenEnd(bytes, start, to);
      const valueStart = nameEnd + 2;
      if (nameEnd === start || valueStart >= to) return start;
      if (bytes[nameEnd] !== COLON || bytes[nameEnd + 1] !== SP || bytes[valueStart] === SP) return start;
      // The bytes before the value in its first word, of name, colon and blank, are printable, too.
      let word = valueStart + shift >> 2;
      let odd = 0;
      while (word < lastWord && (odd = unprintable(words[word]!)) === 0) word++;
      let at = (word << 2) - shift;
      if (odd !== 0) at += 31 - Math.clz32(odd & -odd) >> 3;
      else while (at < to && bytes[at]! >= SP && bytes[at]! < DEL) at++;
      if (at + 1 >= to || bytes[at] !== CR || bytes[at + 1] !== LF) return start;
      if (at === valueStart || bytes[at - 1] === SP) return start;
      this.#named(bytes, start, nameEnd, valueStart, at);
      start = at + 2;
    }
  }

  #line(bytes: Uint8Array, start: number, to: number): number {
    const nameEnd = tokenEnd(bytes, start, to);
    let at = nameEnd;
    while (at < to && (bytes[at] === SP || bytes[at] === TAB)) at++;
    if (at >= to) return -1;
    if (bytes[at] !== COLON || nameEnd === start) {
      this.irregular |= Irregular.malformed_header;
      const end = this.#value(bytes, start, to);
      if (end < 0) return -1;
      this.#add(Field.malformed, start, this.#valueEnd, this.#valueEnd, this.#valueEnd);
      return end;
    }
    if (at !== nameEnd) this.irregular |= Irregular.space_before_colon;
    const end = this.#value(bytes, at + 1, to);
    if (end < 0) return -1;
    this.#named(bytes, start, nameEnd, this.#valueStart, this.#valueEnd);
    return end;
  }

  /** A line whose name and value are where they are said to be. */
  #named(bytes: Uint8Array, start: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    let field = fieldOf(bytes, start, nameEnd);
    // An underscore written for a hyphen is another name, but some servers read it as the same.
    if (field !== Field.other && field !== Field.reserved && indexWithin(bytes, UNDERSCORE, start, nameEnd) >= 0) {
      if (field === Field.contentLength || field === Field.transferEncoding) this.irregular |= Irregular.framing_alias;
      field = Field.other;
    }
    if (field !== Field.other) this.#frame(field, bytes, valueStart, valueEnd);
    this.#add(field, start, nameEnd, valueStart, valueEnd);
  }

  #valueStart = 0;
  #valueEnd = 0;

  /** Finds the end of a line and the value in it; @returns the offset after its end-of-line, -1 = not there yet. */
  #value(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    while (at < to && (bytes[at] === SP || bytes[at] === TAB)) at++;
    this.#valueStart = at;
    let odd = 0;
    for (; (at = printableEnd(bytes, at, to)) < to; at++) {
      const char = bytes[at]!;
      if (char === LF) {
        if (!this.#byCrlf || bytes[at - 1] === CR) break;
        odd |= Irregular.bare_lf;
      } else if (char >= 128) odd |= Irregular.non_ascii;
      else if (char !== CR) odd |= char === TAB ? 0 : Irregular.control_in_header;
      else if (at + 1 < to && bytes[at + 1] !== LF) odd |= Irregular.bare_cr;
    }
    if (at >= to) return -1;
    let end = at;
    if (end > this.#valueStart && bytes[end - 1] === CR) end--;
    else if (bytes[at - 1] !== CR) odd |= Irregular.bare_lf;
    while (end > this.#valueStart && (bytes[end - 1] === SP || bytes[end - 1] === TAB)) end--;
    if (this.#valueStart > end) this.#valueStart = end;
    this.#valueEnd = end;
    this.irregular |= odd;
    return at + 1;
  }

  /** A line that begins with a blank continues the one before (obs-fold, RFC 9112 5.2). */
  #folded(bytes: Uint8Array, start: number, to: number): number {
    const end = this.#value(bytes, start, to);
    if (end < 0) return -1;
    if (this.count === 0) {
      this.irregular |= Irregular.leading_whitespace_header;
      this.#add(Field.malformed, start, this.#valueEnd, this.#valueEnd, this.#valueEnd);
      return end;
    }
    this.irregular |= Irregular.obs_fold;
    const line = (this.count - 1) * LINE_STRIDE;
    this.lines[line + 4] = this.#valueEnd;
    const field = this.lines[line]!;
    // A framing value that goes on in the next line is read anew as a whole, with its last line.
    this.seen &= ~(1 << field);
    const isLast = end >= to || (bytes[end] !== SP && bytes[end] !== TAB);
    if (isLast && (field === Field.contentLength || field === Field.transferEncoding)) {
      this.#frame(field, bytes, valueStartOf(this.lines, line), this.#valueEnd);
    }
    return end;
  }

  #add(field: number, nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    const at = this.count++ * LINE_STRIDE;
    if (at + LINE_STRIDE > this.lines.length) {
      const larger = new Int32Array(this.lines.length * 2);
      larger.set(this.lines);
      this.lines = larger;
    }
    const lines = this.lines;
    lines[at] = field;
    lines[at + 1] = nameStart;
    lines[at + 2] = nameEnd;
    lines[at + 3] = valueStart;
    lines[at + 4] = valueEnd;
  }

  #frame(field: number, bytes: Uint8Array, start: number, end: number): void {
    const bit = 1 << field;
    const again = (this.seen & bit) !== 0;
    this.seen |= bit;
    if (field === Field.host) {
      if (++this.hostCount > 1) this.irregular |= Irregular.duplicate_host;
    } else if (field === Field.contentLength) {
      const length = parseContentLength(bytes, start, end);
      if (length < 0) {
        this.irregular |= length === -3 ? Irregular.differing_content_length : Irregular.invalid_content_length;
        this.contentLength = -2;
      } else if (again) {
        const isSame = this.contentLength === length;
        this.irregular |= isSame ? Irregular.duplicate_content_length : Irregular.differing_content_length;
        if (!isSame) this.contentLength = -2;
      } else {
        this.contentLength = length;
        if (indexWithin(bytes, COMMA, start, end) >= 0) this.irregular |= Irregular.duplicate_content_length;
      }
    } else if (field === Field.transferEncoding) {
      if (again) this.irregular |= Irregular.multiple_transfer_encoding;
      this.transferEncoding = true;
      this.#codings(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1'));
      // Node takes blanks off behind it, but no tab.
      let at = end;
      while (bytes[at] === SP) at++;
      if (bytes[at] === TAB) this.irregular |= Irregular.invalid_transfer_encoding;
    }
  }

  /** RFC 9112 6.3: chunked must be the last coding, and alone for most servers. */
  #codings(value: string): void {
    const list = value.split(',').map((coding) => coding.trim().toLowerCase());
    const codings = list.filter((coding) => coding !== '');
    // Empty ones are ignored (RFC 9110 5.6.1), but not by every server.
    if (list.length > 1) this.irregular |= Irregular.multiple_transfer_encoding;
    this.chunked = codings.at(-1) === 'chunked';
    // A blank that only Python takes off, NBSP: to others it is no coding that they know.
    if (!this.chunked || value.includes('\xa0')) this.irregular |= Irregular.invalid_transfer_encoding;
  }
}

/** @returns bytes; -2 = not a number; -3 = a list of numbers that differ (RFC 9110 8.6 allows a list of equal ones). */
function parseContentLength(bytes: Uint8Array, start: number, end: number): number {
  let length = 0;
  let first = -1;
  let digits = 0;
  for (let at = start; at < end; at++) {
    const char = bytes[at]!;
    if (char >= 48 && char <= 57) {
      length = length * 10 + char - 48;
      digits++;
      if (length > Number.MAX_SAFE_INTEGER) return -2;
    } else if (char === COMMA && digits > 0) {
      if (first >= 0 && first !== length) return -3;
      first = length;
      length = 0;
      digits = 0;
      while (at + 1 < end && bytes[at + 1] === SP) at++;
    } else {
      return -2;
    }
  }
  if (digits === 0) return -2;
  return first >= 0 && first !== length ? -3 : length;
}
