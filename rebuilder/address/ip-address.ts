/**
 * Reads addresses in text into four signed 32-bit words (IPv4 is IPv4-mapped, ::ffff:a.b.c.d, as in wire/packet.ts).
 */

const MAPPED = 0xffff;
const ZERO = 0x30;
const COLON = 0x3a;
const DOT = 0x2e;
const QUOTE = 0x22;
const OPEN = 0x5b;
const CLOSE = 0x5d;

const PORT_CHAR = new Uint8Array(256);
for (const char of '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-') PORT_CHAR[char.charCodeAt(0)] = 1;

/**
 * Reads an address as proxies write it: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`,
 * `[2001:db8::1]:4711`, any of them in quotes (RFC 7239, section 6). Writes its words to `into`; false = it is none,
 * and `into` holds nothing of use.
 */
export function parseAddress(bytes: Uint8Array, start: number, end: number, into: Int32Array): boolean {
  if (end - start >= 2 && bytes[start] === QUOTE && bytes[end - 1] === QUOTE) {
    start++;
    end--;
  }
  if (start >= end) return false;
  if (bytes[start] === OPEN) {
    const close = bytes.indexOf(CLOSE, start);
    return close > 0 && close < end && isPort(bytes, close + 1, end) && parseIpv6(bytes, start + 1, close, into);
  }
  let colons = 0;
  let last = 0;
  for (let i = start; i < end; i++) {
    if (bytes[i] === COLON) {
      colons++;
      last = i;
    }
  }
  if (colons === 0) return parseIpv4(bytes, start, end, into);
  if (colons === 1) return isPort(bytes, last, end) && parseIpv4(bytes, start, last, into);
  return parseIpv6(bytes, start, end, into);
}

/** Nothing, or a colon and what stands for a port: digits, or an obfuscated one (RFC 7239, section 6.3). */
function isPort(bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end) return true;
  if (bytes[start] !== COLON || end - start < 2) return false;
  for (let i = start + 1; i < end; i++) {
    if (PORT_CHAR[bytes[i]!] === 0) return false;
  }
  return true;
}

function parseIpv4(bytes: Uint8Array, start: number, end: number, into: Int32Array): boolean {
  let word = 0;
  let octet = -1;
  let dots = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === DOT) {
      if (octet < 0 || ++dots > 3) return false;
      word = word << 8 | octet;
      octet = -1;
    } else {
      const digit = byte - ZERO;
      // A leading zero means octal to some readers: no address that two could read differently is believed.
      if (digit < 0 || digit > 9 || octet === 0) return false;
      octet = octet < 0 ? digit : octet * 10 + digit;
      if (octet > 255) return false;
    }
  }
  if (dots !== 3 || octet < 0) return false;
  into[0] = 0;
  into[1] = 0;
  into[2] = MAPPED;
  into[3] = word << 8 | octet;
  return true;
}

const groups = new Uint16Array(8);
const tail = new Int32Array(4);

/** RFC 4291, 2.2: groups of hex digits, one `::`, an IPv4 address at the end. Zones are not for others to write. */
function parseIpv6(bytes: Uint8Array, start: number, end: number, into: Int32Array): boolean {
  let count = 0;
  let gap = -1;
  let at = start;
  if (bytes[at] === COLON) {
    if (bytes[at + 1] !== COLON || at + 1 >= end) return false;
    at++;
  }
  while (at < end) {
    if (bytes[at] === COLON) {
      if (gap >= 0) return false;
      gap = count;
      at++;
      continue;
    }
    let value = 0;
    let digits = 0;
    let i = at;
    for (; i < end && bytes[i] !== COLON && bytes[i] !== DOT; i++, digits++) {
      const digit = hexDigit(bytes[i]!);
      if (digit < 0 || digits === 4) return false;
      value = value << 4 | digit;
    }
    if (i < end && bytes[i] === DOT) {
      if (count > 6 || !parseIpv4(bytes, at, end, tail)) return false;
      groups[count++] = tail[3]! >>> 16;
      groups[count++] = tail[3]! & 0xffff;
      at = end;
      break;
    }
    if (digits === 0 || count === 8) return false;
    groups[count++] = value;
    at = i;
    if (at < end) {
      at++;
      if (at === end) return false;
    }
  }
  if (gap < 0 ? count !== 8 : count > 7) return false;
  const missing = 8 - count;
  for (let word = 0; word < 4; word++) {
    into[word] = groupAt(word * 2, gap, missing) << 16 | groupAt(word * 2 + 1, gap, missing);
  }
  return true;
}

function groupAt(index: number, gap: number, missing: number): number {
  if (gap < 0 || index < gap) return groups[index]!;
  return index < gap + missing ? 0 : groups[index - missing]!;
}

function hexDigit(byte: number): number {
  if (byte >= ZERO && byte <= 0x39) return byte - ZERO;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** The words of an address in text; null = it is none. For what is read once: files, endpoints. */
export function wordsOf(text: string): Int32Array | null {
  const words = new Int32Array(4);
  return parseAddress(Buffer.from(text, 'latin1'), 0, text.length, words) ? words : null;
}
