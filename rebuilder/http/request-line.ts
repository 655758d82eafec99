import { NAME_CHAR, tokenEnd } from './field-names.ts';
import { Irregular } from './irregular.ts';
import { printableEnd } from './printable.ts';

const LF = 10;
const CR = 13;
const SP = 32;
const TAB = 9;
const COLON = 0x3a;
const FROM = Buffer.from('From');

/**
 * What parts the words of a request line for one server or another: CPython splits at all of these, Apache and Node at
 * a tab, RFC 9112 3 speaks of SP, HTAB, VT, FF and bare CR, and gunicorn 20, whose lines end with CRLF, takes a bare LF
 * for one.
 */
export const BLANK = new Uint8Array(256);
for (const byte of [SP, TAB, LF, 0x0b, 0x0c, CR, 0x1c, 0x1d, 0x1e, 0x1f, 0x85, 0xa0]) BLANK[byte] = 1;

/**
 * Methods of RFC 9110 and RFC 5789: a line of HTTP/0.9 has one of them. Of any other word it is another protocol's
 * (FTP, SMTP, SIP).
 */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT']);

/** Where the parts of a request line are (RFC 9112 3); overwritten by each parse. */
export class RequestLine {
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  versionStart = 0;
  versionEnd = 0;
  irregular = 0;
  /** Minor version when the version is HTTP/1.x, else -1. */
  minor = -1;
  /**
   * May it be a whole request, as in HTTP/0.9? Without a version it is one, or header lines follow: servers read both.
   */
  mayStandAlone = false;
  /** Behind its target a version stands, and more behind that. */
  hasVersionInside = false;
  /** How many lines were parsed: as long as it stays the same, so does what is above. */
  parsed = 0;

  /**
   * false: for some servers it ends without a version, as a line of HTTP/0.9 with a long target, and no header lines
   * follow.
   */
  get isSurelyVersioned(): boolean {
    return (this.irregular & (Irregular.raw_space_in_target | Irregular.missing_version)) === 0;
  }

  /**
   * @param end one past the line's LF
   * @returns false: this is no request line, not even a tolerable one
   */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    this.parsed++;
    this.irregular = 0;
    this.minor = -1;
    this.mayStandAlone = false;
    this.hasVersionInside = false;
    const at = tokenEnd(bytes, start, end);
    this.methodEnd = at;
    let last = end - 1;
    if (last > at && bytes[last - 1] === CR) last--;
    else this.irregular |= Irregular.bare_lf;
    const version = last - 8;
    if (at === start || bytes[at] !== SP || version <= at + 1
      || !isHttp1(bytes, version) || bytes[version - 1] !== SP) {
      return this.#odd(bytes, start, last);
    }
    this.versionStart = version;
    this.versionEnd = last;
    this.minor = bytes[last - 1]! - 48;
    if (this.minor > 1) this.irregular |= Irregular.invalid_version;
    return this.#target(bytes, at + 1, version - 1) || this.#odd(bytes, start, last);
  }

  /** The bytes between method and version, less one blank on each side. */
  #target(bytes: Uint8Array, from: number, to: number): boolean {
    let start = from;
    let end = to;
    while (start < end && BLANK[bytes[start]!] === 1) start++;
    while (end > start && BLANK[bytes[end - 1]!] === 1) end--;
    if (start !== from || end !== to) this.irregular |= Irregular.raw_space_in_target;
    if (start >= end) return false;
    this.targetStart = start;
    this.targetEnd = end;
    for (let i = start; i < end; i++) {
      const char = bytes[i]!;
      if (char > SP && char < 127) continue;
      this.irregular |= char === SP ? Irregular.raw_space_in_target
        : char >= 128 ? Irregular.non_ascii : Irregular.control_in_target;
    }
    return true;
  }

  /**
   * Lines that are not three words with single spaces and a version of HTTP/1. @param lineEnd before its end of line
   */
  #odd(bytes: Uint8Array, start: number, lineEnd: number): boolean {
    let at = start;
    while (at < lineEnd && BLANK[bytes[at]!] === 0) {
      if (NAME_CHAR[bytes[at]!] === 0) this.irregular |= Irregular.invalid_method;
      at++;
    }
    if (at === start || at === lineEnd) return false;
    this.methodEnd = at;
    let last = lineEnd;
    while (last > at && BLANK[bytes[last - 1]!] === 1) last--;
    this.versionEnd = last;
    this.versionStart = last;
    let hasVersion = this.#version(bytes, at, last);
    // Of two words the last is the target, whatever it looks like and however many blanks are before it: for CPython.
    if (hasVersion && isBlank(bytes, at, this.versionStart)) {
      hasVersion = false;
      this.versionStart = last;
      this.minor = -1;
    }
    if (hasVersion && (this.minor < 0 || this.minor > 1 || last !== lineEnd)) {
      this.irregular |= Irregular.invalid_version;
    }
    if (bytes[at] !== SP || (hasVersion && bytes[this.versionStart - 1] !== SP)) {
      this.irregular |= Irregular.raw_space_in_target;
    }
    if (!this.#target(bytes, at + 1, hasVersion ? this.versionStart - 1 : last)) return false;
    if (hasVersion) return true;
    this.irregular |= Irregular.missing_version;
    const method = Buffer.from(bytes.buffer, bytes.byteOffset + start, at - start).toString('latin1');
    // gunicorn 20 takes anything behind a version.
    this.hasVersionInside = this.#isVersionInTarget(bytes);
    // Behind GET, CPython takes any target.
    this.mayStandAlone = method === 'GET' || (METHODS.has(method) && this.#isPathOrUrl(bytes));
    // In small letters it is prose, or the rest of a line, with a digit first a body's rest; Waitress takes any others.
    return this.hasVersionInside || /^[!#-'*+A-Z^_`|~-][!#-'*+.0-9A-Z^_`|~-]*$/.test(method);
  }

  #isVersionInTarget(bytes: Uint8Array): boolean {
    for (let at = this.targetStart + 1; at < this.targetEnd; at++) {
      if (BLANK[bytes[at - 1]!] === 1 && isVersionName(bytes, at)) return true;
    }
    return false;
  }

  /** Does the target begin with `/`, `?` or a scheme? */
  #isPathOrUrl(bytes: Uint8Array): boolean {
    const first = bytes[this.targetStart];
    return first === 0x2f || first === 0x3f || NAME_CHAR[first!] === 0x68;
  }

  /**
   * Looks at the last word of the line; sets versionStart when it is a version: a name and a slash, at most 16 bytes.
   */
  #version(bytes: Uint8Array, methodEnd: number, last: number): boolean {
    let at = last;
    while (at > methodEnd + 1 && BLANK[bytes[at - 1]!] === 0 && last - at < MAX_VERSION_BYTES) at--;
    if (at <= methodEnd + 1 || BLANK[bytes[at - 1]!] === 0 || last - at < 5 || !isVersionName(bytes, at)) return false;
    this.versionStart = at;
    if (last - at === 8 && isHttp1(bytes, at)) this.minor = bytes[last - 1]! - 48;
    return true;
  }
}

const MAX_VERSION_BYTES = 16;

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (BLANK[bytes[at]!] === 0) return false;
  return true;
}

/** `HTTP/1.` and a digit. */
function isHttp1(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x48 && bytes[at + 1] === 0x54 && bytes[at + 2] === 0x54 && bytes[at + 3] === 0x50
    && bytes[at + 4] === 0x2f && bytes[at + 5] === 0x31 && bytes[at + 6] === 0x2e
    && bytes[at + 7]! >= 48 && bytes[at + 7]! <= 57;
}

/** `HTTP/` in any case, or the `RTSP/` and `ICE/` that Node takes, too. */
const VERSION_NAMES = ['http/', 'rtsp/', 'ice/'].map((name) => Buffer.from(name));

function isVersionName(bytes: Uint8Array, at: number): boolean {
  return VERSION_NAMES.some((name) => name.every((byte, i) => (
    byte === 0x2f ? bytes[at + i] === byte : NAME_CHAR[bytes[at + i]!] === byte)));
}

/**
 * Can bytes[start, end) be how a request begins? A word, then a blank; or the word alone so far.
 * @param printable so many bytes of the word have to be: gunicorn 20 takes any behind the third
 * @returns 'no' at the first byte that forbids it
 */
export function requestStart(bytes: Uint8Array, start: number, end: number, printable = 3): 'yes' | 'no' | 'maybe' {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (NAME_CHAR[byte] !== 0) continue;
    if (BLANK[byte] === 1) return at > start ? 'yes' : 'no';
    if (at - start < printable && (byte <= SP || byte === 127)) return 'no';
  }
  return 'maybe';
}

/** Is this how a header line begins: a name and a colon (RFC 9112 5)? 'maybe' = too few bytes to tell. */
export function headerStart(bytes: Uint8Array, start: number, end: number): 'yes' | 'no' | 'maybe' {
  const nameEnd = tokenEnd(bytes, start, end);
  let at = nameEnd;
  while (at < end && (bytes[at] === SP || bytes[at] === TAB)) at++;
  if (at === end) return 'maybe';
  return bytes[at] === COLON && nameEnd > start ? 'yes' : 'no';
}

/**
 * … and for CPython, whose mail parser looks for one (headerRE of email/feedparser.py): a blank, `From `, or a colon
 * behind any characters but blanks.
 */
export function looseHeaderStart(bytes: Uint8Array, start: number, end: number): 'yes' | 'no' | 'maybe' {
  if (start < end && (bytes[start] === SP || bytes[start] === TAB)) return 'yes';
  let at = start;
  while (at < end && bytes[at]! > SP && bytes[at]! < 127 && bytes[at] !== COLON) at++;
  if (at === end) return 'maybe';
  if (bytes[at] === COLON) return 'yes';
  const isEnvelope = bytes[at] === SP && at - start === FROM.length;
  return isEnvelope && FROM.every((byte, i) => bytes[start + i] === byte) ? 'yes' : 'no';
}

/** One past the next LF in bytes[from, to); -1 = none. */
export function lineEnd(bytes: Uint8Array, from: number, to: number): number {
  for (let at = printableEnd(bytes, from, to); at < to; at = printableEnd(bytes, at + 1, to)) {
    if (bytes[at] === LF) return at + 1;
  }
  return -1;
}

/**
 * One past the next CRLF, or pair of them, in bytes[from, to): the end of a line, or of a head, for servers to which a
 * bare LF is none. -1 = none.
 */
export function crlfEnd(bytes: Buffer, from: number, to: number, ending: '\r\n' | '\r\n\r\n'): number {
  const at = bytes.indexOf(ending, from, 'latin1');
  return at < 0 || at + ending.length > to ? -1 : at + ending.length;
}

/**
 * One past the empty line that ends a head: the first LF in bytes[from, to) that is followed by another, a CR between
 * them allowed. -1 = none.
 */
export function emptyLine(bytes: Buffer, from: number, to: number): number {
  for (let lf = bytes.indexOf(LF, from); lf >= 0 && lf + 1 < to; lf = bytes.indexOf(LF, lf + 1)) {
    if (bytes[lf + 1] === LF) return lf + 2;
    if (bytes[lf + 1] === CR && lf + 2 < to && bytes[lf + 2] === LF) return lf + 3;
  }
  return -1;
}
