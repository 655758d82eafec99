/** Questions about the name of a header line, answered from its bytes. */
import { RESERVED_NAMES, RESERVED_PREFIX } from '../http/added-headers.ts';

const RESERVED = new Set(RESERVED_NAMES);
const LONGEST_RESERVED = Math.max(...RESERVED_NAMES.map((name) => name.length));

/**
 * Lower case, `_` as `-`, and bytes that no name may hold (blanks, controls) left out: as a lenient parser could read
 * it.
 */
function normalised(bytes: Uint8Array, start: number, end: number, maxLength: number): string {
  let name = '';
  for (let i = start; i < end && name.length <= maxLength; i++) {
    const byte = bytes[i]!;
    if (byte <= 0x20 || byte === 0x7f) continue;
    if (byte === 0x5f) name += '-';
    else name += String.fromCharCode(byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte);
  }
  return name;
}

/** Would a node, or anything on the way that is lenient, take this name for one of those we add? */
export function isReservedName(bytes: Uint8Array, start: number, end: number): boolean {
  const name = normalised(bytes, start, end, LONGEST_RESERVED);
  return RESERVED.has(name) || name.startsWith(RESERVED_PREFIX);
}

const HOST = 'host';

/** Is it Host once it is cleaned? Two of them are refused. */
export function isHostName(bytes: Uint8Array, start: number, end: number): boolean {
  return normalised(bytes, start, end, HOST.length) === HOST;
}

const CONTENT_LENGTH = Buffer.from('contentlength');
const TRANSFER_ENCODING = Buffer.from('transferencoding');

/**
 * Does the name have the letters of Content-Length or Transfer-Encoding, whatever stands between them
 * (`Transfer_Encoding`, `Content-Length\b`)? The desync guardian's "suspicious header"; two UTF-8 letters that turn
 * into ASCII ones when capitalised count as those (U+017F, U+0131).
 */
export function looksLikeFraming(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && !isLetter(bytes[at]!)) at++;
  const first = at < end ? bytes[at]! | 0x20 : 0;
  if (first === 0x63) return sameLetters(bytes, at, end, CONTENT_LENGTH);
  if (first === 0x74) return sameLetters(bytes, at, end, TRANSFER_ENCODING);
  return false;
}

function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

function sameLetters(bytes: Uint8Array, start: number, end: number, letters: Uint8Array): boolean {
  let matched = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (isLetter(byte)) {
      if (matched === letters.length || (byte | 0x20) !== letters[matched]) return false;
      matched++;
    } else if (matched < letters.length && i + 1 < end && capitalised(byte, bytes[i + 1]!) === letters[matched]) {
      matched++;
      i++;
    }
  }
  return matched === letters.length;
}

/** The ASCII letter, lower case, that the two bytes of a UTF-8 letter become when capitalised; 0 = none. */
function capitalised(first: number, second: number): number {
  if (first === 0xc5 && second === 0xbf) return 0x73;
  return first === 0xc4 && second === 0xb1 ? 0x69 : 0;
}
