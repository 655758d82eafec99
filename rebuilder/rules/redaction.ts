import type { RedactSettings } from '../config/settings.ts';
import { trailersStart } from '../http1/chunk-runs.ts';
import { LINE_STRIDE, type Message, nameEndOf, nameStartOf, type Request, valueEndOf, valueStartOf } from '../http/message.ts';
import { NAME_CHAR } from '../http/field-names.ts';
import { indexWithin } from '../http/index-within.ts';
import { BodyRedaction, overwriteEntity } from './body-redaction.ts';
import { latin1 } from './header-name.ts';

const STAR = 0x2a;
const LF = 10;
const CR = 13;
const QUESTION = 0x3f;
const EQUALS = 0x3d;
const COLON = 0x3a;
const SPACE = 0x20;
const TAB = 9;

/** A request that can be made to own its bytes. */
export interface RetainableRequest extends Request {
  retain(): void;
}

/**
 * `forward.redact`: writes `*` over the values of headers, query parameters and body fields, byte for byte, so that
 * every offset of the message stays true.
 * Names are recognised as lenient servers would: headers without case and with `_` for `-`, query names
 * percent-decoded.
 */
export class Redaction {
  readonly #headers: ReadonlySet<string>;
  readonly #query: ReadonlySet<string>;
  readonly #body: BodyRedaction;

  constructor(settings: RedactSettings) {
    this.#headers = new Set(settings.headers.map((name) => name.toLowerCase().replaceAll('_', '-')));
    this.#query = new Set(settings.query);
    this.#body = new BodyRedaction(settings.body);
  }

  get isEmpty(): boolean {
    return this.#headers.size === 0 && this.#query.size === 0 && this.#body.isEmpty;
  }

  /**
   * Masks a request in a copy of its own: the parser's bytes may be read again for a correction, whose id is that of
   * the head as it was sent.
   * @returns how many values
   */
  request(request: RetainableRequest): number {
    if (this.isEmpty) return 0;
    const body = this.#body.masked(request);
    if (this.#values(request, false) === 0 && body === null) return 0;
    request.retain();
    if (body !== null) overwriteEntity(request, body.entity);
    return this.#values(request, true) + (body?.fields ?? 0);
  }

  /** Masks a response, which owns its bytes already. @returns how many values */
  response(response: Message): number {
    const body = this.#body.masked(response);
    if (body !== null) overwriteEntity(response, body.entity);
    return this.#lines(response, true) + (body?.fields ?? 0);
  }

  #values(request: Request, write: boolean): number {
    return this.#lines(request, write) + (this.#query.size === 0 ? 0 : this.#maskQuery(request, write));
  }

  /** The values of header and trailer lines. @param write false = only counts them */
  #lines(message: Message, write: boolean): number {
    if (this.#headers.size === 0) return 0;
    const { bytes, lines, lineCount } = message;
    let masked = 0;
    for (let i = 0; i < lineCount; i++) {
      const at = i * LINE_STRIDE;
      if (!this.#headers.has(normalisedName(bytes, nameStartOf(lines, at), nameEndOf(lines, at)))) continue;
      if (write) mask(bytes, valueStartOf(lines, at), valueEndOf(lines, at));
      masked++;
    }
    return message.framing === 'chunked' ? masked + this.#trailers(message, write) : masked;
  }

  /**
   * Lines behind the last chunk, folded ones too; of a body whose framing breaks off, whatever looks like one behind
   * the break.
   */
  #trailers({ bytes, headEnd, end }: Message, write: boolean): number {
    let masked = 0;
    for (let at = trailersStart(bytes, headEnd, end); at < end;) {
      let next = lineEnd(bytes, at, end);
      while (next < end && (bytes[next] === SPACE || bytes[next] === TAB)) next = lineEnd(bytes, next, end);
      const colon = indexWithin(bytes, COLON, at, next);
      if (colon >= 0 && this.#headers.has(normalisedName(bytes, at, nameEnd(bytes, at, colon)))) {
        if (write) mask(bytes, firstOfValue(bytes, colon + 1, next), next);
        masked++;
      }
      at = next;
    }
    return masked;
  }

  #maskQuery({ bytes, targetStart, targetEnd }: Request, write: boolean): number {
    let at = indexWithin(bytes, QUESTION, targetStart, targetEnd) + 1;
    if (at <= 0) return 0;
    let masked = 0;
    while (at < targetEnd) {
      // `;` parts parameters for some servers.
      let end = at;
      while (end < targetEnd && bytes[end] !== 0x26 && bytes[end] !== 0x3b) end++;
      const equals = indexWithin(bytes, EQUALS, at, end);
      if (equals >= 0 && this.#query.has(decoded(latin1(bytes, at, equals)))) {
        if (write) mask(bytes, equals + 1, end);
        masked++;
      }
      at = end + 1;
    }
    return masked;
  }
}

/** Ends of lines stay: a folded value spans several. */
function mask(bytes: Uint8Array, start: number, end: number): void {
  for (let i = start; i < end; i++) if (bytes[i] !== CR && bytes[i] !== LF) bytes[i] = STAR;
}

/** One past the line feed. */
function lineEnd(bytes: Uint8Array, from: number, to: number): number {
  const lf = bytes.indexOf(LF, from);
  return lf < 0 || lf >= to ? to : lf + 1;
}

/** Without blanks before the colon, which lenient servers pass over. */
function nameEnd(bytes: Uint8Array, start: number, colon: number): number {
  while (colon > start && (bytes[colon - 1] === SPACE || bytes[colon - 1] === TAB)) colon--;
  return colon;
}

function firstOfValue(bytes: Uint8Array, from: number, to: number): number {
  while (from < to && (bytes[from] === SPACE || bytes[from] === TAB)) from++;
  return from;
}

function normalisedName(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > 128) return '';
  let name = '';
  for (let i = start; i < end; i++) name += String.fromCharCode(NAME_CHAR[bytes[i]!]!);
  return name;
}

const decoded = (name: string): string => name.replaceAll('+', ' ').replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
