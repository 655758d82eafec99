import { Field, LINE_STRIDE, type Message } from '../http/message.ts';
import { chunkRuns } from '../http1/chunk-runs.ts';
import { FieldNames } from './field-names.ts';
import { keepOtherFields, maskForm } from './form-values.ts';
import { valueText } from './header-name.ts';
import { maskJson } from './json-values.ts';
import { boundaryAtStart, boundaryOf, hasDelimiter, isPlainBoundary, maskMultipart, maskStrewnParts } from './multipart-values.ts';

const UTF8_MARK = [0xef, 0xbb, 0xbf];
const OBJECT = 0x7b;

/**
 * `forward.redact.body`: masks fields of JSON, form and multipart bodies by their names, byte for byte. A body of
 * another type, or of none, is what it looks like: a client that leaves the type out, or writes a wrong one, hides no
 * secret, nor anything else behind the mask.
 */
export class BodyRedaction {
  readonly #names: FieldNames;

  constructor(names: readonly string[]) {
    this.#names = new FieldNames(names);
  }

  get isEmpty(): boolean {
    return this.#names.isEmpty;
  }

  /** The masked entity, chunk framing taken off, and how many fields were masked; null = none was. */
  masked(message: Message): { readonly entity: Uint8Array; readonly fields: number } | null {
    if (this.isEmpty || message.end <= message.headEnd) return null;
    const pieces: Uint8Array[] = [];
    runsOf(message, (first, last) => pieces.push(message.bytes.subarray(first, last)));
    const entity = Buffer.concat(pieces);
    const types = contentTypesOf(message);
    const sent = types.some(isForm) ? Uint8Array.from(entity) : null;
    const fields = this.#mask(entity, types);
    // It may look like something else: what a server reads as another field stays.
    if (fields > 0 && sent !== null) keepOtherFields(entity, sent, this.#names);
    return fields === 0 ? null : { entity, fields };
  }

  #mask(entity: Uint8Array, types: readonly string[]): number {
    const contentType = types.at(-1) ?? '';
    const boundary = /^\s*multipart\//i.test(contentType) ? boundaryOf(contentType) : null;
    if (boundary !== null) {
      const fields = maskMultipart(entity, boundary, this.#names);
      // Of a type that names several, or one that is quoted oddly, a server may take another.
      const isCertain = types.length === 1 && isPlainBoundary(contentType) && hasDelimiter(entity, boundary);
      return fields > 0 || isCertain ? fields : maskStrewnParts(entity, this.#names);
    }
    const unsaid = boundaryAtStart(entity);
    const parts = unsaid === null ? 0 : maskMultipart(entity, unsaid, this.#names);
    if (parts > 0) return parts;
    const isJson = looksLikeJson(entity) || (/[/+]json\b/i.test(contentType) && mayHoldJson(entity));
    return isJson ? maskJson(entity, this.#names) : maskForm(entity, this.#names);
  }
}

/** Behind the mark of UTF-8, which servers pass over (RFC 8259, 8.1), too. */
function looksLikeJson(entity: Uint8Array): boolean {
  for (let at = UTF8_MARK.every((byte, i) => entity[i] === byte) ? UTF8_MARK.length : 0; at < entity.length; at++) {
    if (entity[at]! > 0x20) return entity[at] === OBJECT || entity[at] === 0x5b;
  }
  return false;
}

/** Has it what an object or a string takes, in lenient dialects too? A form has none. */
const mayHoldJson = (entity: Uint8Array): boolean => [OBJECT, 0x22, 0x27].some((byte) => entity.includes(byte));

/** Writes a masked entity over the message's own, which the message must own by now. */
export function overwriteEntity(message: Message, entity: Uint8Array): void {
  let at = 0;
  runsOf(message, (first, last) => {
    message.bytes.set(entity.subarray(at, at + last - first), first);
    at += last - first;
  });
}

function runsOf({ bytes, headEnd, end, framing }: Message, run: (first: number, last: number) => void): void {
  if (framing === 'chunked') chunkRuns(bytes, headEnd, end, run);
  else run(headEnd, end);
}

const isForm = (type: string): boolean => /x-www-form-urlencoded/i.test(type);

/** Of a message that says several a server may take any. */
function contentTypesOf(message: Message): string[] {
  const types: string[] = [];
  for (let i = 0; i < message.lineCount; i++) {
    if (message.lines[i * LINE_STRIDE] === Field.contentType) types.push(valueText(message, i));
  }
  return types;
}
