import { Field, LINE_STRIDE, nameEndOf, nameStartOf, valueEndOf, valueStartOf } from '../http/message.ts';
import type { Request } from '../http/message.ts';
import { isStrictChunked } from './chunked-body.ts';
import { repeatsItself } from './connection-options.ts';
import { isPlainHost } from './host-value.ts';
import { looksLikeFraming } from './header-name.ts';

/**
 * What an Application Load Balancer would refuse, alter or handle as ambiguous, told before it is sent ("Quotas for
 * your Application Load Balancers"; "How Elastic Load Balancing works"; classes of aws/http-desync-guardian). The same
 * test keeps shared connections in step: what has no finding here has one reading, and its bytes end where its framing
 * says.
 */
export const Finding = {
  /** The request line or a header is over 16K, or all headers are over 64K. */
  size: 1,
  /** TRACE, CONNECT, or no name that a listener rule may hold. */
  method: 2,
  /**
   * A line that parsers read differently: its end, blanks in the request line, the form of the target, the version, no,
   * two or a bad Host.
   */
  line: 4,
  /**
   * The body's end is not told by exactly one plain Content-Length or one `Transfer-Encoding: chunked` that is true.
   */
  framing: 8,
  /** GET or HEAD with a body. */
  bodyOnGet: 16,
  /** A name with the letters of Content-Length or Transfer-Encoding that is neither. */
  suspicious: 32,
  /** A Connection line that repeats or contradicts itself, which we would have to rename on a shared connection. */
  optionList: 64,
  // --- not refused; what the serialiser wants to know
  /** A line must be renamed. */
  edits: 256,
  http10: 512,
  head: 1024,
  /** HTTP/1.0 without `Connection: keep-alive`. */
  closes: 2048,
} as const;

/** Bits that keep a request off a shared connection. */
export const REFUSED =
  Finding.size
  | Finding.method
  | Finding.line
  | Finding.framing
  | Finding.bodyOnGet
  | Finding.suspicious
  | Finding.optionList;

export const MAX_LINE_BYTES = 16 * 1024;
export const MAX_HEAD_BYTES = 64 * 1024;
/** Room for what we add to a line (X-Mirror-Original-) and to a head (our lines). */
const LINE_MARGIN = 32;
const HEAD_MARGIN = 2048;

/**
 * What a rule's http-request-method may hold, custom methods too ("Condition types for listener rules"): capitals, `-`
 * and `_`.
 */
const MAX_METHOD_BYTES = 40;
const GET = Buffer.from('GET');
const HEAD = Buffer.from('HEAD');
/**
 * The load balancer answers TRACE with 405 ("Troubleshoot your Application Load Balancers"); CONNECT asks for a tunnel.
 */
const REFUSED_METHODS = ['TRACE', 'CONNECT'].map((method) => Buffer.from(method));
const KEEP_ALIVE = Buffer.from('keep-alive');
const CHUNKED = Buffer.from('chunked');
const HTTP_1 = Buffer.from('HTTP/1.');
const URL_STARTS = [Buffer.from('http://'), Buffer.from('https://')];
const CR = 13;
const LF = 10;

/** Is the text at start..end `lower`, in any case of letters? */
export function equalsIgnoringCase(bytes: Uint8Array, start: number, end: number, lower: Uint8Array): boolean {
  if (end - start !== lower.length) return false;
  for (let i = 0; i < lower.length; i++) {
    const byte = bytes[start + i]!;
    if ((byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) !== lower[i]) return false;
  }
  return true;
}

function startsWith(bytes: Uint8Array, start: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) {
    if (bytes[start + i] !== text[i]) return false;
  }
  return true;
}

function isMethod(bytes: Uint8Array, start: number, end: number, method: Uint8Array): boolean {
  return method.length === end - start && startsWith(bytes, start, method);
}

/**
 * Other methods than the usual ones pass by the documents; should one be refused all the same, it is sent again in an
 * envelope.
 */
function passes(bytes: Uint8Array, start: number, end: number): boolean {
  if (end <= start || end - start > MAX_METHOD_BYTES) return false;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if ((byte < 0x41 || byte > 0x5a) && byte !== 0x2d && byte !== 0x5f) return false;
  }
  return !REFUSED_METHODS.some((method) => isMethod(bytes, start, end, method));
}

/** Digits only, at most 15 of them (exact as a number); -1 otherwise. */
function plainNumber(bytes: Uint8Array, start: number, end: number): number {
  if (end <= start || end - start > 15) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/**
 * Does a target begin as those do that NGINX reads: `/` or `http://`? The others (`*`, `host:port`, a path without its
 * slash) it refuses.
 */
export function isPathOrUrl(bytes: Uint8Array, start: number): boolean {
  return bytes[start] === 0x2f || URL_STARTS.some((url) => equalsIgnoringCase(bytes, start, start + url.length, url));
}

/**
 * Nothing but blanks between colon and value, and CRLF right behind it: NGINX takes a tab there for part of the value.
 */
function isPlainLine(
  bytes: Uint8Array,
  nameEnd: number,
  valueStart: number,
  valueEnd: number,
  lineEnd: number,
): boolean {
  if (bytes[nameEnd] !== 0x3a || valueEnd + 2 !== lineEnd) return false;
  for (let i = nameEnd + 1; i < valueStart; i++) {
    if (bytes[i] !== 0x20) return false;
  }
  return true;
}

export function isKeepAlive(bytes: Uint8Array, start: number, end: number): boolean {
  return equalsIgnoringCase(bytes, start, end, KEEP_ALIVE);
}

/**
 * Bits of `Finding`. Reads every line once and no byte of a plain value; control bytes in values are the parser's to
 * report.
 */
export function inspect(request: Request): number {
  const { bytes, lines, lineCount, headEnd } = request;
  let found = 0;
  if (request.headersStart - request.start > MAX_LINE_BYTES) found |= Finding.size;
  if (headEnd - request.start + HEAD_MARGIN + lineCount * LINE_MARGIN > MAX_HEAD_BYTES) found |= Finding.size;

  const isHead = isMethod(bytes, request.start, request.methodEnd, HEAD);
  const isGetOrHead = isHead || isMethod(bytes, request.start, request.methodEnd, GET);
  if (!isGetOrHead && !passes(bytes, request.start, request.methodEnd)) found |= Finding.method;
  if (isHead) found |= Finding.head;

  // RFC 9112, 3: single blanks, and CRLF right behind the version.
  if (
    request.targetStart !== request.methodEnd + 1
    || request.targetEnd <= request.targetStart
    || request.versionStart !== request.targetEnd + 1
    || request.versionEnd !== request.versionStart + 8
    || request.headersStart !== request.versionEnd + 2
    || bytes[request.versionEnd] !== CR
    || bytes[request.versionEnd + 1] !== LF
    || !startsWith(bytes, request.versionStart, HTTP_1)
  ) {
    found |= Finding.line;
  }
  const minor = bytes[request.versionEnd - 1];
  if (minor === 0x30) found |= Finding.http10;
  else if (minor !== 0x31) found |= Finding.line;
  for (let i = request.targetStart; i < request.targetEnd; i++) {
    const byte = bytes[i]!;
    if (byte <= 0x20 || byte === 0x7f) found |= Finding.line;
  }
  if (!isPathOrUrl(bytes, request.targetStart)) found |= Finding.line;
  if (headEnd < request.headersStart + 2 || bytes[headEnd - 1] !== LF || bytes[headEnd - 2] !== CR) {
    found |= Finding.line;
  }

  let hosts = 0;
  let lengths = 0;
  let length = -1;
  let codings = 0;
  let keepAlive = false;
  for (let i = 0, at = 0; i < lineCount; i++, at += LINE_STRIDE) {
    const nameStart = nameStartOf(lines, at);
    const lineEnd = i + 1 < lineCount ? nameStartOf(lines, at + LINE_STRIDE) : headEnd - 2;
    if (bytes[lineEnd - 1] !== LF || bytes[lineEnd - 2] !== CR) found |= Finding.line;
    if (lineEnd - nameStart + LINE_MARGIN > MAX_LINE_BYTES) found |= Finding.size;
    switch (lines[at]) {
      case Field.other:
        if (looksLikeFraming(bytes, nameStart, nameEndOf(lines, at))) found |= Finding.suspicious;
        break;
      case Field.malformed:
        found |= Finding.line;
        break;
      case Field.host:
        hosts++;
        if (!isPlainHost(bytes, valueStartOf(lines, at), valueEndOf(lines, at))) found |= Finding.line;
        break;
      case Field.contentLength:
        lengths++;
        // The parser takes `_` for `-`; others do not.
        if (bytes[nameStart + 7] !== 0x2d) found |= Finding.suspicious;
        if (!isPlainLine(bytes, nameEndOf(lines, at), valueStartOf(lines, at), valueEndOf(lines, at), lineEnd)) {
          found |= Finding.framing;
        }
        length = plainNumber(bytes, valueStartOf(lines, at), valueEndOf(lines, at));
        break;
      case Field.transferEncoding:
        codings++;
        if (bytes[nameStart + 8] !== 0x2d) found |= Finding.suspicious;
        if (!equalsIgnoringCase(bytes, valueStartOf(lines, at), valueEndOf(lines, at), CHUNKED)) {
          found |= Finding.framing;
        }
        if (!isPlainLine(bytes, nameEndOf(lines, at), valueStartOf(lines, at), valueEndOf(lines, at), lineEnd)) {
          found |= Finding.framing;
        }
        break;
      case Field.connection:
        if (repeatsItself(bytes, valueStartOf(lines, at), valueEndOf(lines, at))) found |= Finding.optionList;
        if (isKeepAlive(bytes, valueStartOf(lines, at), valueEndOf(lines, at))) keepAlive = true;
        else found |= Finding.edits;
        break;
      case Field.reserved:
      case Field.expect:
      case Field.upgrade:
      case Field.hopByHop:
        found |= Finding.edits;
        break;
    }
  }
  if (hosts > 1 || (hosts === 0 && (found & Finding.http10) === 0)) found |= Finding.line;
  if (!keepAlive && (found & Finding.http10) !== 0) found |= Finding.closes;

  const held = request.end - headEnd;
  if (lengths + codings > 1) found |= Finding.framing;
  else if (codings === 1) {
    if ((found & Finding.http10) !== 0 || !isStrictChunked(bytes, headEnd, request.end)) found |= Finding.framing;
  } else if (lengths === 1 ? length !== held : held !== 0) {
    found |= Finding.framing;
  }
  if (isGetOrHead && (codings > 0 || held > 0)) found |= Finding.bodyOnGet;
  return found;
}
