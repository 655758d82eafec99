import type { RedactSettings } from '../config/settings.ts';
import { trailersStart } from '../http1/chunk-runs.ts';
import { LINE_STRIDE, type Message, nameEndOf, nameStartOf, type Request, valueEndOf, valueStartOf } from '../http/message.ts';
import { indexWithin } from '../http/index-within.ts';
import { BodyRedaction, overwriteEntity } from './body-redaction.ts';
import { FieldNames } from './field-names.ts';
import { isNamedField } from './form-values.ts';
import { firstOfValue, foldedEnd, mask, normalisedName } from './line-masks.ts';
import { type MaskedCopy, StrewnFields } from './strewn-fields.ts';

const QUESTION = 0x3f;
const EQUALS = 0x3d;
const COLON = 0x3a;

/** A request that can be made to own its bytes. */
export interface RetainableRequest extends Request {
  retain(): void;
}

/**
 * `forward.redact`: writes `*` over the values of headers, query parameters and body fields, byte for byte, so that
 * every offset of the message stays true.
 * Names are recognised as lenient servers would: headers without case and with `_` for `-`, query names
 * percent-decoded and without case.
 */
export class Redaction {
  readonly #headers: ReadonlySet<string>;
  readonly #query: FieldNames;
  readonly #body: BodyRedaction;
  readonly #strewn: StrewnFields;

  constructor(settings: RedactSettings) {
    this.#headers = new Set(settings.headers.map((name) => name.toLowerCase().replaceAll('_', '-')));
    this.#query = new FieldNames(settings.query);
    this.#body = new BodyRedaction(settings.body);
    this.#strewn = new StrewnFields(this.#headers, settings);
  }

  get isEmpty(): boolean {
    return this.#headers.size === 0 && this.#query.isEmpty && this.#body.isEmpty;
  }

  /**
   * Masks a request in a copy of its own: the parser's bytes may be read again for a correction, whose id is that of
   * the head as it was sent.
   * @returns how many values
   */
  request(request: RetainableRequest): number {
    if (this.isEmpty) return 0;
    const body = this.#body.masked(request);
    const strewn = isCertain(request) ? null : this.#strewn.masked(request);
    const known = this.#values(request, false) + (body?.fields ?? 0);
    if (known === 0 && strewn === null) return 0;
    request.retain();
    const sent = strewn === null ? null : request.bytes.slice(request.start, request.end);
    if (body !== null) overwriteEntity(request, body.entity);
    this.#values(request, true);
    if (strewn !== null && sent !== null) overwriteMasked(request, sent, strewn);
    return Math.max(known, strewn?.values ?? 0);
  }

  /** Masks a response, which owns its bytes already. @returns how many values */
  response(response: Message): number {
    const body = this.#body.masked(response);
    if (body !== null) overwriteEntity(response, body.entity);
    return this.#lines(response, true) + (body?.fields ?? 0);
  }

  #values(request: Request, write: boolean): number {
    return this.#lines(request, write) + (this.#query.isEmpty ? 0 : this.#maskQuery(request, write));
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
      const next = foldedEnd(bytes, at, end);
      const colon = indexWithin(bytes, COLON, at, next);
      if (colon >= 0 && this.#headers.has(normalisedName(bytes, at, colon))) {
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
      if (equals >= 0 && isNamedField(bytes, at, equals, this.#query, false)) {
        if (write) mask(bytes, equals + 1, end);
        masked++;
      }
      at = end + 1;
    }
    return masked;
  }
}

/** Does every server take the same bytes of it for its head and its body? */
function isCertain({ reading, isFound, irregular }: Request): boolean {
  return reading === 1 && !isFound && (irregular === null || irregular.every((name) => name === 'http2_translated'));
}

/** Only what is masked in the copy: the rest may be masked in the message already. */
function overwriteMasked({ bytes, start }: Request, sent: Uint8Array, { text }: MaskedCopy): void {
  for (let i = 0; i < text.length; i++) if (text[i] !== sent[i]) bytes[start + i] = text[i]!;
}
