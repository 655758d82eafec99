import type { RedactSettings } from '../config/settings.ts';
import { indexWithin } from '../http/index-within.ts';
import { Field, LINE_STRIDE, nameEndOf, nameStartOf, type Request } from '../http/message.ts';
import { chunkRuns } from '../http1/chunk-runs.ts';
import { FieldNames } from './field-names.ts';
import { maskFormLine } from './form-values.ts';
import { maskJson } from './json-values.ts';
import { firstOfValue, mask, maskLine, normalisedName } from './line-masks.ts';
import { maskStrewnParts } from './multipart-values.ts';

const LF = 10;
const CR = 13;
const SPACE = 0x20;
const TAB = 9;
const QUOTE = 0x22;
const EQUALS = 0x3d;
const SEMICOLON = 0x3b;
const COLON = 0x3a;

/** A copy of the message's bytes, [start, end), and how many values are masked in it. */
export interface MaskedCopy { readonly text: Uint8Array; readonly values: number }

/**
 * `forward.redact` where it is not certain what is a body, a target or a header: in a second reading, a request that a
 * search found, or an irregular one, another server's body may stand in the request line, and a whole request in the
 * body. There each name is looked for in all of the message, written in each way in which it could be a field.
 * What frames the message stays as it is: line ends, the blanks, version and names of its head, sizes of chunks.
 */
export class StrewnFields {
  readonly #headers: ReadonlySet<string>;
  readonly #query: FieldNames;
  readonly #body: FieldNames;

  /** @param headers names in the form of `normalisedName` */
  constructor(headers: ReadonlySet<string>, { query, body }: RedactSettings) {
    this.#headers = headers;
    this.#query = new FieldNames(query);
    this.#body = new FieldNames(body);
  }

  /** The work is tied to the bytes of the message, all of which are copied. null = it holds no such name. */
  masked(request: Request): MaskedCopy | null {
    const { bytes, start, end } = request;
    const text = Buffer.from(bytes.subarray(start, end));
    const values = this.#entity(text, request) + this.#text(text);
    if (values === 0) return null;
    keepFraming(text, request);
    return { text, values };
  }

  /** As a reader of chunks joins it, whether or not this reading is one. */
  #entity(text: Uint8Array, { start, headEnd, end }: Request): number {
    if (this.#body.isEmpty) return 0;
    const pieces: Uint8Array[] = [];
    chunkRuns(text, headEnd - start, end - start, (first, last) => pieces.push(text.subarray(first, last)));
    if (pieces.length < 2) return 0;
    const entity = Buffer.concat(pieces);
    const values = this.#text(entity);
    let at = 0;
    for (const piece of values === 0 ? [] : pieces) {
      piece.set(entity.subarray(at, at + piece.length));
      at += piece.length;
    }
    return values;
  }

  #text(text: Uint8Array): number {
    let values = this.#body.isEmpty ? 0 : maskJson(text, this.#body, true) + maskStrewnParts(text, this.#body);
    for (let at = 0; at < text.length;) {
      const lf = text.indexOf(LF, at);
      let end = lf < 0 ? text.length : lf;
      const next = lf < 0 ? end : lf + 1;
      while (end > at && text[end - 1] === CR) end--;
      values += maskFormLine(text.subarray(at, end), this.#body, this.#query) + this.#header(text, at, end);
      at = next;
    }
    return values;
  }

  #header(text: Uint8Array, at: number, end: number): number {
    if (this.#headers.size === 0) return 0;
    let values = 0;
    // For some servers a bare CR ends a line, as for Node's lenient parser behind an empty value.
    for (let from = at; from < end;) {
      const cr = indexWithin(text, CR, from, end);
      const to = cr < 0 ? end : cr;
      const colon = indexWithin(text, COLON, from, to);
      if (colon >= 0 && this.#headers.has(normalisedName(text, from, colon))) {
        if (from === at) return maskLine(text, colon + 1);
        mask(text, firstOfValue(text, colon + 1, to), to);
        values++;
      }
      from = to + 1;
    }
    return values;
  }
}

/** Puts back what frames the message, over what a value that is not closed has masked. */
function keepFraming(text: Uint8Array, request: Request): void {
  const { bytes, start, headEnd, end, versionStart, versionEnd, lines, lineCount } = request;
  const keep = (first: number, last: number): void => text.set(bytes.subarray(first, last), first - start);
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === CR || byte === LF || (i < headEnd && (byte === SPACE || byte === TAB))) text[i - start] = byte;
  }
  keep(versionStart, versionEnd);
  for (let i = 0; i < lineCount; i++) {
    const at = i * LINE_STRIDE;
    const field = lines[at]!;
    const from = nameStartOf(lines, at);
    if (field === Field.malformed) continue;
    const lineEnd = i + 1 < lineCount ? nameStartOf(lines, at + LINE_STRIDE) : headEnd;
    const frames = (field === Field.contentLength || field === Field.transferEncoding)
      && indexWithin(bytes, QUOTE, from, lineEnd) < 0 && indexWithin(bytes, EQUALS, from, lineEnd) < 0;
    keep(from, frames ? lineEnd : Math.min(lineEnd, nameEndOf(lines, at) + 1));
  }
  let at = headEnd;
  const trailers = chunkRuns(bytes, headEnd, end, (first, last) => {
    keepSizes(text, bytes, start, at, first);
    at = last;
  });
  if (at > headEnd || trailers < end) keepSizes(text, bytes, start, at, trailers);
}

/** Of bytes[from, to), lines of chunk framing, all but extensions. */
function keepSizes(text: Uint8Array, bytes: Uint8Array, start: number, from: number, to: number): void {
  let isExtension = false;
  for (let i = from; i < to; i++) {
    if (bytes[i] === LF) isExtension = false;
    if (!isExtension) text[i - start] = bytes[i]!;
    if (bytes[i] === SEMICOLON) isExtension = true;
  }
}
