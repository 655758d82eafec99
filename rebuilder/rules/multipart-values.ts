import type { FieldNames } from './field-names.ts';

const STAR = 0x2a;
const CR = 13;
const LF = 10;
const MAX_PART_HEAD_BYTES = 16_384;

/** The boundary of a Content-Type (RFC 2046, 5.1.1); null = it names none. */
export function boundaryOf(contentType: string): string | null {
  const match = /;\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;]+))/i.exec(contentType);
  return match === null ? null : match[1] ?? match[2]!;
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
  const disposition = /^content-disposition[ \t]*:((?:[^\r\n]|\r?\n[ \t])*)/im.exec(head)?.[1] ?? '';
  for (const match of disposition.matchAll(/[;\s]name(\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))/gi)) {
    const text = (match[2] ?? match[3]!).replace(/\\(.)/g, '$1');
    const name = text.replace(match[1] === '*' ? /^[^']*'[^']*'/ : /^$/, '')
      .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    if (names.has(name) || name.split(/[[\].]+/).some((part) => part !== '' && names.has(part))) return true;
  }
  return false;
}
