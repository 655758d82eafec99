import { indexWithin } from '../http/index-within.ts';
import type { FieldNames } from './field-names.ts';
import { mask } from './line-masks.ts';

const CR = 13;
const LF = 10;
const SPACE = 0x20;
const TAB = 9;
const DASH = 0x2d;
const EQUALS = 0x3d;
/** Two dashes and a boundary, which has at most 70 characters (RFC 2046, 5.1.1). */
const MAX_DELIMITER_BYTES = 72;
const MAX_PART_HEAD_BYTES = 16_384;
/** As many as are looked at of a line that names a part. */
const NAMING_BYTES = 64;

/** The boundary of a Content-Type (RFC 2046, 5.1.1); null = it names none. */
export function boundaryOf(contentType: string): string | null {
  const match = /;\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;]+))/i.exec(contentType);
  return match === null ? null : match[1] ?? match[2]!;
}

/** Does every reader take the same boundary of it: one, without anything that asks for rules of quoting? */
export function isPlainBoundary(contentType: string): boolean {
  return (contentType.match(/boundary/gi) ?? []).length === 1 && !/[\\*'(]/.test(contentType);
}

/** Does a body hold a line that is a delimiter of this boundary? */
export function hasDelimiter(body: Uint8Array, boundary: string): boolean {
  const view = Buffer.from(body.buffer, body.byteOffset, body.length);
  return delimiterFrom(view, Buffer.from(`--${boundary}`, 'latin1'), 0) >= 0;
}

/** The boundary that a body begins with, whatever its type says; null = none. */
export function boundaryAtStart(body: Uint8Array): string | null {
  if (!isDelimiter(body, 0)) return null;
  const match = /^--([^\r\n]{1,70})\r?\n/.exec(Buffer.from(body.subarray(0, MAX_DELIMITER_BYTES + 2)).toString('latin1'));
  return match === null ? null : match[1]!;
}

/**
 * Masks, in place, what the parts with these names hold (multipart/form-data, RFC 7578); line ends stay. Where a type
 * names several boundaries, servers take one or the other: a part of another one ends what is masked, too.
 * @returns how many parts
 */
export function maskMultipart(body: Uint8Array, boundary: string, names: FieldNames): number {
  const view = Buffer.from(body.buffer, body.byteOffset, body.length);
  const delimiter = Buffer.from(`--${boundary}`, 'latin1');
  let masked = 0;
  for (let at = delimiterFrom(view, delimiter, 0); at >= 0;) {
    const headStart = at + delimiter.length;
    const next = delimiterFrom(view, delimiter, headStart);
    const end = next < 0 ? view.length : next;
    const head = view.toString('latin1', headStart, Math.min(end, headStart + MAX_PART_HEAD_BYTES));
    const blank = /\r?\n\r?\n/.exec(head);
    if (blank !== null && isNamed(head.slice(0, blank.index), names)) {
      const value = body.subarray(headStart + blank.index + blank[0].length, end);
      masked += 1 + maskStrewnParts(value, names, `--${boundary}`);
    }
    at = next;
  }
  return masked;
}

/**
 * Where the next line begins from `from` on that is this delimiter, or that of the end (RFC 2046, 5.1.1); -1 = nowhere.
 * In the middle of a line, or with more behind it, it is a part's own.
 */
function delimiterFrom(view: Buffer, delimiter: Buffer, from: number): number {
  for (let at = view.indexOf(delimiter, from); at >= 0; at = view.indexOf(delimiter, at + 1)) {
    let behind = at + delimiter.length;
    if (isDelimiter(view, behind)) behind += 2;
    while (view[behind] === SPACE || view[behind] === TAB || view[behind] === CR) behind++;
    if ((at === 0 || view[at - 1] === LF) && (behind >= view.length || view[behind] === LF)) return at;
  }
  return -1;
}

/** `name="…"`, bare, or RFC 5987's `name*=UTF-8''…`; folded lines and any case of letters. */
function isNamed(head: string, names: FieldNames): boolean {
  return namesField(/^content-disposition[ \t]*:((?:[^\r\n]|\r?\n[ \t])*)/im.exec(head)?.[1] ?? '', names);
}

function namesField(disposition: string, names: FieldNames): boolean {
  for (const match of disposition.matchAll(/[;\s]name(\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))/gi)) {
    const text = (match[2] ?? match[3]!).replace(/\\(.)/g, '$1');
    const name = text.replace(match[1] === '*' ? /^[^']*'[^']*'/ : /^$/, '')
      .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    if (names.has(name) || name.split(/[[\].]+/).some((part) => part !== '' && names.has(part))) return true;
  }
  return false;
}

/**
 * The same in any text, whatever its boundary: behind a line that names a part, what stands between the next empty line
 * and the next delimiter, or, where none stood before the name, the next line that begins as one. A part that begins
 * behind another delimiter ends it, too.
 * @param within the delimiter of the value that the text begins in; null = in none
 * @returns how many parts, but for that value
 */
export function maskStrewnParts(text: Uint8Array, names: FieldNames, within: string | null = null): number {
  const view = Buffer.from(text.buffer, text.byteOffset, text.length);
  let masked = 0;
  let delimiter = within ?? '--';
  let place: 'outside' | 'head' | 'value' = within === null ? 'outside' : 'value';
  let isDisposition = false;
  /** In a value: where lines begin that may be a delimiter and the head of a part; -1 = nowhere. */
  let begun = -1;
  for (let at = 0; at < text.length;) {
    const lf = text.indexOf(LF, at);
    const next = lf < 0 ? text.length : lf + 1;
    const isEmpty = at + (text[at] === CR ? 1 : 0) === lf;
    if (place === 'value') {
      const begins = isDelimiter(text, at);
      if (begun >= 0 && isNamingLine(view, at, next)) {
        delimiter = delimiterAt(view, begun);
        place = 'outside';
      } else if (begins && view.toString('latin1', at, Math.min(next, at + delimiter.length)) === delimiter) {
        if (begun >= 0) mask(text, begun, at);
        place = 'outside';
      } else if (begins || isEmpty || begun < 0) {
        mask(text, begun < 0 ? at : begun, begins ? at : next);
        begun = begins ? at : -1;
      }
      if (place === 'value') {
        at = next;
        continue;
      }
      begun = -1;
    }
    if (isEmpty && place === 'head') {
      place = 'value';
      masked++;
    } else if (isDelimiter(text, at)) {
      delimiter = delimiterAt(view, at);
      place = 'outside';
    } else if (next - at <= MAX_PART_HEAD_BYTES && indexWithin(text, EQUALS, at, next) >= 0) {
      const line = view.toString('latin1', at, next);
      isDisposition = /content-disposition[ \t]*:|form-data/i.test(line) || (isDisposition && /^[ \t]/.test(line));
      if (isDisposition && namesField(line, names)) place = 'head';
    }
    at = next;
  }
  if (begun >= 0) mask(text, begun, text.length);
  return masked;
}

function isNamingLine(view: Buffer, at: number, next: number): boolean {
  return /^content-disposition[ \t]*:/i.test(view.toString('latin1', at, Math.min(next, at + NAMING_BYTES)));
}

function delimiterAt(view: Buffer, at: number): string {
  const lf = view.indexOf(LF, at);
  return view.toString('latin1', at, Math.min(lf < 0 ? view.length : lf, at + MAX_DELIMITER_BYTES)).trimEnd();
}

const isDelimiter = (text: Uint8Array, at: number): boolean => text[at] === DASH && text[at + 1] === DASH;
