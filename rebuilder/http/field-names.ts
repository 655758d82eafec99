import { RESERVED_NAMES, RESERVED_PREFIX } from './added-headers.ts';
import { Field } from './message.ts';

/** Names we act on, lower case. */
const KNOWN: readonly (readonly [string, number])[] = [
  ['content-length', Field.contentLength],
  ['transfer-encoding', Field.transferEncoding],
  ['connection', Field.connection],
  ['host', Field.host],
  ['expect', Field.expect],
  ['upgrade', Field.upgrade],
  ['x-request-id', Field.xRequestId],
  ['content-type', Field.contentType],
  ['keep-alive', Field.hopByHop],
  ['proxy-connection', Field.hopByHop],
  ['te', Field.hopByHop],
  ['trailer', Field.hopByHop],
  // What we add ourselves: a client's own must not be believed.
  ...RESERVED_NAMES.map((name): [string, number] => [name, Field.reserved]),
];

/**
 * Lower case, and `-` for `_`, because many servers read them as the same name. 0 = not a token character (RFC 9110
 * 5.6.2).
 */
export const NAME_CHAR = new Uint8Array(256);
for (const char of '!#$%&\'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ') {
  NAME_CHAR[char.charCodeAt(0)] = char === '_' ? 0x2d : char.toLowerCase().charCodeAt(0);
}

/** 1 = a token character, else 0. */
const TOKEN = NAME_CHAR.map((char) => Math.min(char, 1));

/** Where the token that stands at `from` ends, at most at `to`. Two bytes a step: names are a third of a plain head. */
export function tokenEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from | 0;
  for (const pair = to - 1 | 0; at < pair && (TOKEN[bytes[at]!]! & TOKEN[bytes[at + 1]!]!) === 1;) at = at + 2 | 0;
  return at < to && TOKEN[bytes[at]!] === 1 ? at + 1 : at;
}

const prefix = Buffer.from(RESERVED_PREFIX);
interface Known {
  readonly name: Uint8Array;
  readonly field: number;
}
/** Longer ones than any known name. */
const MAX_LENGTH = 32;
/** Which lengths known names have that begin with a byte, a bit each: of nearly all other names that tells already. */
const lengths = new Int32Array(256);
/** Known names by their first character and length. */
const known = new Array<readonly Known[]>(128 * MAX_LENGTH).fill([]);
for (const [name, field] of KNOWN) {
  const first = name.charCodeAt(0);
  const key = first * MAX_LENGTH + name.length;
  known[key] = [...known[key]!, { name: Buffer.from(name), field }];
  for (const byte of NAME_CHAR.keys()) if (NAME_CHAR[byte] === first) lengths[byte]! |= 1 << name.length;
}

/** Which field the name bytes[start, end) is, a token of at least one character; `_` counts as `-`. */
export function fieldOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const byte = bytes[start]!;
  if (length < MAX_LENGTH && (lengths[byte]! & 1 << length) !== 0) {
    const candidates = known[NAME_CHAR[byte]! * MAX_LENGTH + length]!;
    for (let i = 0; i < candidates.length; i++) {
      if (startsWith(bytes, start, candidates[i]!.name)) return candidates[i]!.field;
    }
  }
  const isReserved = (byte | 0x20) === 0x78 /* x */ && length > prefix.length && startsWith(bytes, start, prefix);
  return isReserved ? Field.reserved : Field.other;
}

function startsWith(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    if (NAME_CHAR[bytes[start + i]!] !== name[i]) return false;
  }
  return true;
}
