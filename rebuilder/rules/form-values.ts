import { indexWithin } from '../http/index-within.ts';
import type { FieldNames } from './field-names.ts';

const AMPERSAND = 0x26;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const STAR = 0x2a;
const QUOTE = 0x22;
const QUESTION = 0x3f;
/** In which a version at a line's end is looked for, blanks included. */
const VERSION_BYTES = 32;

/**
 * Masks, in place, the values of the fields with these names in application/x-www-form-urlencoded text (WHATWG URL,
 * 5.1); `;` parts fields too, as some servers read it, and `a[b]` is masked by `a` and by `b`.
 * @returns how many fields
 */
export function maskForm(text: Uint8Array, names: FieldNames): number {
  let masked = 0;
  for (let at = 0; at < text.length;) {
    let end = at;
    while (end < text.length && text[end] !== AMPERSAND && text[end] !== SEMICOLON) end++;
    const equals = indexWithin(text, EQUALS, at, end);
    if (equals >= 0 && isNamedField(text, at, equals, names, true)) {
      // A semicolon that no field follows is part of the value.
      while (text[end] === SEMICOLON && !beginsField(text, end + 1)) {
        for (end++; end < text.length && text[end] !== AMPERSAND && text[end] !== SEMICOLON; end++);
      }
      text.fill(STAR, equals + 1, end);
      masked++;
    }
    at = end + 1;
  }
  return masked;
}

/**
 * Puts the fields of a form back that are not among these names, from the second on: text that is masked as JSON or as
 * parts may hold them. (What stands before the first `&` may be all of a JSON text whose sender said that it is a
 * form.)
 * @param sent the text as it was
 */
export function keepOtherFields(text: Uint8Array, sent: Uint8Array, names: FieldNames): void {
  for (let at = sent.indexOf(AMPERSAND) + 1; at > 0;) {
    const next = sent.indexOf(AMPERSAND, at);
    const end = next < 0 ? sent.length : next;
    const equals = indexWithin(sent, EQUALS, at, end);
    if (equals >= 0 && !hasNamedField(sent, at, end, names)) text.set(sent.subarray(at - 1, end), at - 1);
    at = next + 1;
  }
}

/** Is one of the fields of sent[at, end) named, which a semicolon may part? */
function hasNamedField(sent: Uint8Array, start: number, to: number, names: FieldNames): boolean {
  for (let at = start; at < to;) {
    let end = at;
    while (end < to && sent[end] !== SEMICOLON) end++;
    const equals = indexWithin(sent, EQUALS, at, end);
    if (equals >= 0 && isNamedField(sent, at, equals, names, true)) return true;
    at = end + 1;
  }
  return false;
}

/** Does an equals sign come before the next end of a field? */
function beginsField(text: Uint8Array, from: number): boolean {
  let at = from;
  while (at < text.length && text[at] !== AMPERSAND && text[at] !== SEMICOLON && text[at] !== EQUALS) at++;
  return text[at] === EQUALS;
}

/** @param indexed `a[b]` is named by `a` and by `b` */
export function isNamedField(
  text: Uint8Array, start: number, end: number, names: FieldNames, indexed: boolean,
): boolean {
  // Each byte may be written as three, and indices may stand around the name.
  if (start === end || end - start > names.longest * 3 + 256) return false;
  const name = decoded(Buffer.from(text.buffer, text.byteOffset + start, end - start).toString('latin1')).trim();
  return names.has(name) || (indexed && name.split(/[[\].]+/).some((part) => part !== '' && names.has(part)));
}

const decoded = (name: string): string => name.replaceAll('+', ' ')
  .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** What parts a field from what stands before it: in a form or a query, and in any text. */
const PARTS_FIELDS = setOf('&;?=');
const PARTS_WORDS = setOf('&;?= \t\r"\'`{}[]()<>,/#:');

/**
 * Masks, in place, the values of fields in a line of any text: a request line, or a line of a body. A name begins the
 * line, a field or a word; its value goes on to the next field, or to the line's end but for a version of HTTP. Where
 * quotation marks stood before the name, the next one ends it.
 * @param names of fields
 * @param query names of parameters: fields behind a question mark
 * @returns how many values
 */
export function maskFormLine(line: Uint8Array, names: FieldNames, query: FieldNames): number {
  if (names.isEmpty && query.isEmpty) return 0;
  let masked = 0;
  let end = -1;
  let before = 0;
  let isQuoted = false;
  let isQuery = false;
  for (let equals = line.indexOf(EQUALS); equals >= 0; equals = line.indexOf(EQUALS, before)) {
    for (; before < equals; before++) {
      isQuoted ||= line[before] === QUOTE;
      isQuery ||= line[before] === QUESTION;
    }
    before = equals + 1;
    if (!isNamedBefore(line, equals, names) && !(isQuery && isNamedBefore(line, equals, query))) continue;
    if (end < 0) end = withoutVersion(line);
    before = Math.max(before, valueEnd(line, equals + 1, end, isQuoted));
    line.fill(STAR, equals + 1, before);
    masked++;
  }
  return masked;
}

function isNamedBefore(line: Uint8Array, equals: number, names: FieldNames): boolean {
  if (names.isEmpty) return false;
  const first = Math.max(0, equals - names.longest * 3 - 256);
  let field = equals;
  while (field > first && PARTS_FIELDS[line[field - 1]!] === 0) field--;
  let word = equals;
  while (word > field && PARTS_WORDS[line[word - 1]!] === 0) word--;
  return isNamedField(line, word, equals, names, true)
    || (field < word && isNamedField(line, field, equals, names, true));
}

function valueEnd(line: Uint8Array, from: number, end: number, isQuoted: boolean): number {
  const stops = (at: number): boolean =>
    line[at] === AMPERSAND || line[at] === SEMICOLON || (isQuoted && line[at] === QUOTE);
  let at = from;
  while (at < end && !stops(at)) at++;
  while (at < end && line[at] === SEMICOLON && !beginsField(line, at + 1)) for (at++; at < end && !stops(at); at++);
  return at;
}

/** Where ` HTTP/1.1` ends the line: where it begins. */
function withoutVersion(line: Uint8Array): number {
  const from = Math.max(0, line.length - VERSION_BYTES);
  const version = /[ \t]+HTTP\/\d(?:\.\d)?[ \t]*$/.exec(Buffer.from(line.subarray(from)).toString('latin1'));
  return version === null ? line.length : from + version.index;
}

function setOf(chars: string): Uint8Array {
  const set = new Uint8Array(256);
  for (const char of chars) set[char.charCodeAt(0)] = 1;
  return set;
}
