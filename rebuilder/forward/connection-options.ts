import { indexWithin } from '../http/index-within.ts';
import { isReservedName, looksLikeFraming } from './header-name.ts';

const COMMA = 0x2c;
const SPACE = 0x20;
const TAB = 9;
const NEEDED = ['host', 'x-request-id'];

/** Several options in one Connection line (RFC 9110, 7.6.1)? Firewalls judge such lists, `close, close` for one. */
export function isOptionList(bytes: Uint8Array, start: number, end: number): boolean {
  return indexWithin(bytes, COMMA, start, end) >= 0;
}

/**
 * Does a Connection line say more than once whether the connection stays, as `close, close` and `keep-alive, close` do?
 * Firewalls judge that; other lists (`keep-alive, Upgrade`) are what browsers send.
 */
export function repeatsItself(bytes: Uint8Array, start: number, end: number): boolean {
  if (!isOptionList(bytes, start, end)) return false;
  const options = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1').split(',');
  return options.filter((option) => /^\s*(?:close|keep-alive)\s*$/i.test(option)).length > 1;
}

/** Does it name a line that the node must get? An intermediary that obeys it would take that line off. */
export function namesNeededLine(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end;) {
    let optionEnd = at;
    while (optionEnd < end && bytes[optionEnd] !== COMMA) optionEnd++;
    let first = at;
    let last = optionEnd;
    while (first < last && (bytes[first] === SPACE || bytes[first] === TAB)) first++;
    while (last > first && (bytes[last - 1] === SPACE || bytes[last - 1] === TAB)) last--;
    if (isReservedName(bytes, first, last) || looksLikeFraming(bytes, first, last)) return true;
    const option = Buffer.from(bytes.subarray(first, Math.min(last, first + 16))).toString('latin1').toLowerCase().replaceAll('_', '-');
    if (NEEDED.includes(option)) return true;
    at = optionEnd + 1;
  }
  return false;
}
