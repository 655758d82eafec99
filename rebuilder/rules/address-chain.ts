import { LINE_STRIDE, type Message, valueEndOf, valueStartOf } from '../http/message.ts';
import type { HeaderName } from './header-name.ts';
import { parseAddress } from '../address/ip-address.ts';
import type { Networks } from '../address/networks.ts';

const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const EQUALS = 0x3d;

/** Elements of one header read, at most: a chain of proxies is short, a client's list need not be. */
const MAX_ELEMENTS = 64;

/** Its quotes have to be read from the front, once for each element. */
const MAX_FORWARDED_BYTES = 4096;

/**
 * The last address of a list of proxies that is not trusted (NGINX: real_ip_recursive on). The list is read from its
 * end, for each proxy appends: an address counts as long as the one behind it is trusted, and what is no address ends
 * the reading, for nobody trusted vouches for what stands before it. All lines of the name are one list (RFC 9110,
 * 5.3). `trusted` null = every network: the first address of the list.
 * `into` gets the words; false = the list ends with no address.
 */
export function lastUntrusted(
  message: Message, name: HeaderName, isForwarded: boolean, trusted: Networks | null, into: Int32Array,
): boolean {
  const { bytes, lines } = message;
  let found = false;
  let elements = 0;
  for (let line = name.lastLine(message, message.lineCount); line >= 0; line = name.lastLine(message, line)) {
    const start = valueStartOf(lines, line * LINE_STRIDE);
    let end = valueEndOf(lines, line * LINE_STRIDE);
    if (isForwarded && end - start > MAX_FORWARDED_BYTES) return found;
    while (end > start) {
      const from = elementStart(bytes, start, end, isForwarded);
      const first = skipBlanks(bytes, from, end);
      const last = trimBlanks(bytes, first, end);
      if (last > first) {
        if (++elements > MAX_ELEMENTS || !readAddress(bytes, first, last, isForwarded)) return found;
        found = true;
        into.set(candidate);
        if (trusted !== null && !trusted.hasWords(into)) return true;
      }
      end = from - 1;
    }
  }
  return found;
}

const candidate = new Int32Array(4);

function readAddress(bytes: Uint8Array, start: number, end: number, isForwarded: boolean): boolean {
  if (!isForwarded) return parseAddress(bytes, start, end, candidate);
  const value = parameter(bytes, start, end, FOR);
  return value !== null && parseAddress(bytes, value[0], value[1], candidate);
}

/**
 * First byte after the last comma (in Forwarded: that is not in quotes) of bytes[start, end). NGINX lets blanks part a
 * list too.
 */
function elementStart(bytes: Uint8Array, start: number, end: number, isForwarded: boolean): number {
  if (!isForwarded) {
    let at = trimBlanks(bytes, start, end);
    while (at > start && bytes[at - 1] !== COMMA && !isBlank(bytes[at - 1]!)) at--;
    return at;
  }
  let from = start;
  let quoted = false;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (quoted && byte === BACKSLASH) i++;
    else if (byte === QUOTE) quoted = !quoted;
    else if (byte === COMMA && !quoted) from = i + 1;
  }
  return from;
}

const FOR: Uint8Array = Buffer.from('for');
export const HOST: Uint8Array = Buffer.from('host');
export const PROTO: Uint8Array = Buffer.from('proto');

/** Bounds of a parameter's value in one element of Forwarded (RFC 7239, section 4); null = it has none of that name. */
export function parameter(
  bytes: Uint8Array, start: number, end: number, name: Uint8Array,
): readonly [number, number] | null {
  let at = start;
  while (at < end) {
    let next = at;
    let quoted = false;
    for (; next < end && (quoted || bytes[next] !== SEMICOLON); next++) {
      if (quoted && bytes[next] === BACKSLASH) next++;
      else if (bytes[next] === QUOTE) quoted = !quoted;
    }
    next = Math.min(next, end);
    const from = skipBlanks(bytes, at, next);
    if (
      next - from > name.length
      && bytes[from + name.length] === EQUALS
      && name.every((byte, i) => (bytes[from + i]! | 0x20) === byte)
    ) {
      return [from + name.length + 1, trimBlanks(bytes, from + name.length + 1, next)];
    }
    at = next + 1;
  }
  return null;
}

/** Bounds of the last element of a list: the word of the nearest proxy. */
export function lastElement(
  bytes: Uint8Array,
  start: number,
  end: number,
  isForwarded: boolean,
): readonly [number, number] {
  const from = skipBlanks(bytes, elementStart(bytes, start, end, isForwarded), end);
  return [from, trimBlanks(bytes, from, end)];
}

const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a;

function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  while (start < end && isBlank(bytes[start]!)) start++;
  return start;
}

function trimBlanks(bytes: Uint8Array, start: number, end: number): number {
  while (end > start && isBlank(bytes[end - 1]!)) end--;
  return end;
}
