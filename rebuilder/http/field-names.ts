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

/** Lower case, and `-` for `_`, because many servers read them as the same name. 0 = not a token character (RFC 9110 5.6.2). */
export const NAME_CHAR = new Uint8Array(256);
for (const char of '!#$%&\'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ') {
  NAME_CHAR[char.charCodeAt(0)] = char === '_' ? 0x2d : char.toLowerCase().charCodeAt(0);
}

/** Hash of a name, taken character by character while it is scanned: `hash = nextHash(hash, NAME_CHAR[byte])`. */
export function nextHash(hash: number, char: number): number {
  return Math.imul(hash, 31) + char | 0;
}

function hashOf(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = nextHash(hash, name.charCodeAt(i));
  return hash;
}

const byHash = new Map(KNOWN.map(([name, field]) => [hashOf(name), { bytes: Buffer.from(name), field }]));
const prefix = Buffer.from(RESERVED_PREFIX);
/** First characters of known names, with their lengths: most names are told apart by this alone. */
const maybe = new Uint8Array(256 * 32);
for (const [name] of KNOWN) maybe[name.charCodeAt(0) * 32 + name.length] = 1;

/** Which field the name bytes[start, end) is, by `hash` (of its NAME_CHARs); `_` counts as `-`. */
export function fieldOf(bytes: Uint8Array, start: number, end: number, hash: number): number {
  const length = end - start;
  const first = NAME_CHAR[bytes[start]!]!;
  if (length < 32 && maybe[first * 32 + length] === 1) {
    const known = byHash.get(hash);
    if (known !== undefined && known.bytes.length === length && startsWith(bytes, start, known.bytes)) return known.field;
  }
  return first === 0x78 /* x */ && length > prefix.length && startsWith(bytes, start, prefix) ? Field.reserved : Field.other;
}

function startsWith(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    if (NAME_CHAR[bytes[start + i]!] !== name[i]) return false;
  }
  return true;
}
