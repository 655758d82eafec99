import { indexWithin } from '../http/index-within.ts';
import type { FieldNames } from './field-names.ts';

const STAR = 0x2a;
const CR = 13;
const LF = 10;
const DASH = 0x2d;
const EQUALS = 0x3d;
/** Two dashes and a boundary, which has at most 70 characters (RFC 2046, 5.1.1). */
const MAX_DELIMITER_BYTES = 72;
const MAX_PART_HEAD_BYTES = 16_384;

/** The boundary of a Content-Type (RFC 2046, 5.1.1); null = it names none. */
export function boundaryOf(contentType: string): string | null {
  const match = /;\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;]+))/i.exec(contentType);
  return match === null ? null : match[1] ?? match[2]!;
}

/** The boundary that a body begins with, whatever its type says; null = none. */
export function boundaryAtStart(body: Uint8Array): string | null {
  if (!isDelimiter(body, 0)) return null;
  const match = /^--([^\r\n]{1,70})\r?\n/.exec(Buffer.from(body.subarray(0, MAX_DELIMITER_BYTES + 2)).toString('latin1'));
  return match === null ? null : match[1]!;
}

/**
 * Masks, in place, what the parts with these names hold (multipart/form-data, RFC 7578); line ends stay.
 * @returns how many parts
 */
export function maskMultipart(body: Uint8Array, boundary: string, names: FieldNames): number {
  const view = Buffer.from(body.buffer, body.byteOffset, body.length);
  const delimiter = Buffer.from(`--${boundary}`, 'latin1');
  let masked = 0;
  for (let at = view.indexOf(delimiter); at >= 0;) {
    const headStart = at + delimiter.length;
    const next = view.indexOf(delimiter, headStart);
    const end = next < 0 ? view.length : next;
    const head = view.toString('latin1', headStart, Math.min(end, headStart + MAX_PART_HEAD_BYTES));
    const blank = /\r?\n\r?\n/.exec(head);
    if (blank !== null && isNamed(head.slice(0, blank.index), names)) {
      for (let i = headStart + blank.index + blank[0].length; i < end; i++) {
        if (body[i] !== CR && body[i] !== LF) body[i] = STAR;
      }
      masked++;
    }
    at = next;
  }
  return masked;
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
 * and the next delimiter, or, where none stood before the name, the next line that begins as one.
 * @returns how many parts
 */
export function maskStrewnParts(text: Uint8Array, names: FieldNames): number {
  const view = Buffer.from(text.buffer, text.byteOffset, text.length);
  let masked = 0;
  let delimiter = '--';
  let place: 'outside' | 'head' | 'value' = 'outside';
  let isDisposition = false;
  for (let at = 0; at < text.length;) {
    const lf = text.indexOf(LF, at);
    const next = lf < 0 ? text.length : lf + 1;
    const isEmpty = at + (text[at] === CR ? 1 : 0) === lf;
    if (place === 'value') {
      if (isDelimiter(text, at) && view.toString('latin1', at, Math.min(next, at + delimiter.length)) === delimiter) place = 'outside';
      else for (let i = at; i < next; i++) if (text[i] !== CR && text[i] !== LF) text[i] = STAR;
    } else if (isEmpty && place === 'head') {
      place = 'value';
      masked++;
    } else if (isDelimiter(text, at)) {
      delimiter = view.toString('latin1', at, Math.min(next, at + MAX_DELIMITER_BYTES)).trimEnd();
      place = 'outside';
    } else if (next - at <= MAX_PART_HEAD_BYTES && indexWithin(text, EQUALS, at, next) >= 0) {
      const line = view.toString('latin1', at, next);
      isDisposition = /content-disposition[ \t]*:|form-data/i.test(line) || (isDisposition && /^[ \t]/.test(line));
      if (isDisposition && namesField(line, names)) place = 'head';
    }
    at = next;
  }
  return masked;
}

const isDelimiter = (text: Uint8Array, at: number): boolean => text[at] === DASH && text[at + 1] === DASH;
