import { NAME_CHAR } from './field-names.ts';
import { Irregular } from './irregular.ts';

const LF = 10;
const CR = 13;
const SP = 32;
const TAB = 9;

/** Registered methods and WebDAV's are short; a longer token is another protocol. */
const MAX_METHOD_BYTES = 64;

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
   * @param end one past the line's LF
   * @returns false: this is no request line, not even a tolerable one
   */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    this.irregular = 0;
    this.minor = -1;
    let at = start;
    while (at < end && NAME_CHAR[bytes[at]!] !== 0) at++;
    if (at === start || at - start > MAX_METHOD_BYTES || bytes[at] !== SP) return false;
    this.methodEnd = at;
    let last = end - 1;
    if (last > at && bytes[last - 1] === CR) last--;
    else this.irregular |= Irregular.bare_lf;
    const lineEnd = last;
    while (last > at && (bytes[last - 1] === SP || bytes[last - 1] === TAB)) last--;
    this.versionEnd = last;
    this.versionStart = last;
    const version = this.#version(bytes, at, last);
    if (version === 'none') {
      // HTTP/0.9 had GET alone; of any other method it is another protocol's line (SMTP, FTP, SIP).
      if (!isGet(bytes, start, this.methodEnd) || (bytes[at + 1] !== 0x2f && bytes[at + 1] !== 0x68)) return false;
      this.irregular |= Irregular.missing_version;
    } else {
      if (version === 'odd' || last !== lineEnd) this.irregular |= Irregular.invalid_version;
    }
    let from = at + 1;
    let to = version === 'none' ? last : this.versionStart - 1;
    while (from < to && (bytes[from] === SP || bytes[from] === TAB)) from++;
    while (to > from && (bytes[to - 1] === SP || bytes[to - 1] === TAB)) to--;
    if (from !== at + 1 || (version !== 'none' && to !== this.versionStart - 1)) this.irregular |= Irregular.raw_space_in_target;
    if (from >= to) return false;
    this.targetStart = from;
    this.targetEnd = to;
    for (let i = from; i < to; i++) {
      const char = bytes[i]!;
      if (char > SP && char < 127) continue;
      this.irregular |= char === SP ? Irregular.raw_space_in_target : char >= 128 ? Irregular.non_ascii : Irregular.control_in_target;
    }
    return true;
  }

  /** Looks at the last word of the line; sets versionStart when it is a version. */
  #version(bytes: Uint8Array, methodEnd: number, last: number): 'http1' | 'odd' | 'none' {
    const start = last - 8;
    if (start > methodEnd && isHttp1(bytes, start) && bytes[start - 1] === SP) {
      this.versionStart = start;
      this.minor = bytes[last - 1]! - 48;
      return this.minor === 0 || this.minor === 1 ? 'http1' : 'odd';
    }
    let at = last;
    while (at > methodEnd + 1 && bytes[at - 1] !== SP && bytes[at - 1] !== TAB && last - at < 16) at--;
    if (at <= methodEnd + 1 || last - at < 5 || !isHttpSlash(bytes, at)) return 'none';
    this.versionStart = at;
    return 'odd';
  }
}

/** `HTTP/1.` and a digit. */
function isHttp1(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x48 && bytes[at + 1] === 0x54 && bytes[at + 2] === 0x54 && bytes[at + 3] === 0x50 && bytes[at + 4] === 0x2f
    && bytes[at + 5] === 0x31 && bytes[at + 6] === 0x2e && bytes[at + 7]! >= 48 && bytes[at + 7]! <= 57;
}

/** `HTTP/` in any case. */
function isHttpSlash(bytes: Uint8Array, at: number): boolean {
  return NAME_CHAR[bytes[at]!] === 0x68 && NAME_CHAR[bytes[at + 1]!] === 0x74 && NAME_CHAR[bytes[at + 2]!] === 0x74
    && NAME_CHAR[bytes[at + 3]!] === 0x70 && bytes[at + 4] === 0x2f;
}

function isGet(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 3 && bytes[start] === 0x47 && bytes[start + 1] === 0x45 && bytes[start + 2] === 0x54;
}

/**
 * Can bytes[start, end) be how a request begins? A method token, then a space; or the token alone so far.
 * @returns 'no' at the first byte that forbids it
 */
export function requestStart(bytes: Uint8Array, start: number, end: number): 'yes' | 'no' | 'maybe' {
  let at = start;
  while (at < end && NAME_CHAR[bytes[at]!] !== 0) {
    if (++at - start > MAX_METHOD_BYTES) return 'no';
  }
  if (at === end) return 'maybe';
  return bytes[at] === SP && at > start ? 'yes' : 'no';
}

/** One past the next LF in bytes[from, to); -1 = none. */
export function lineEnd(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    if (bytes[at] === LF) return at + 1;
  }
  return -1;
}

/** One past the empty line that ends a head: the first LF in bytes[from, to) that is followed by another, a CR between them allowed. -1 = none. */
export function emptyLine(bytes: Buffer, from: number, to: number): number {
  for (let lf = bytes.indexOf(LF, from); lf >= 0 && lf + 1 < to; lf = bytes.indexOf(LF, lf + 1)) {
    if (bytes[lf + 1] === LF) return lf + 2;
    if (bytes[lf + 1] === CR && lf + 2 < to && bytes[lf + 2] === LF) return lf + 3;
  }
  return -1;
}
