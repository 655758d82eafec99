import type { Envelope } from '../../rules/envelope.ts';
import { INDEX, type Ledger } from '../../ledger.ts';
import { Field, LINE_STRIDE, type Message, nameEndOf, nameStartOf, type Request, type Response, valueEndOf, valueStartOf } from '../../http/message.ts';
import { equalsIgnoringCase } from '../alb-limits.ts';
import { originalHost, serverHost } from '../host-value.ts';
import type { HeaderMap } from './header-map.ts';

/** What stood in a line that means something to Envoy or to us, under a name that the node believes in nothing. */
const RENAMED = 'x-mirror-original-';
const [RENAMED_HEADER, LEFT_OUT] = [INDEX['ext_proc.renamed_header'], INDEX['ext_proc.left_out_header']];

const KEEP_ALIVE = Buffer.from('keep-alive');
const CLOSE = Buffer.from('close');
const CHUNKED = Buffer.from('chunked');
const CONTINUE = Buffer.from('100-continue');
const TRAILERS = Buffer.from('trailers');
const FORWARDED_PROTO = Buffer.from('x-forwarded-proto');
const HTTP = Buffer.from('http://');
const HTTPS = Buffer.from('https://');
const SLASH = 0x2f;

/** What is sent of a message's body. */
interface SentBody {
  /** Bytes that are sent, chunk framing taken off. */
  readonly size: number;
  /** false: bytes of the message are missing, or a limit cut it. */
  readonly complete: boolean;
}

/**
 * The headers of a request as Envoy gives them to its filters: `:authority`, `:path`, `:method`, `:scheme`, the
 * client's lines in their order, `x-forwarded-proto` and `x-request-id` where it sent none; then our own. Framing and
 * hop-by-hop lines, which Envoy takes out, are left out when they hold their usual word and else renamed, so that
 * nothing can hide in them.
 */
export function putRequestHead(
  map: HeaderMap, request: Request, envelope: Envelope, body: SentBody, requestId: string, ledger: Ledger,
): void {
  const { bytes, lines, lineCount, endpoints } = request;
  const replaced = originalHost(envelope);
  const target = targetOf(request);
  if (replaced !== null) {
    map.text(':authority', replaced);
  } else if (target.isAbsolute) {
    map.named(':authority', bytes, target.authorityStart, target.pathStart, true);
  } else {
    const host = firstHost(request);
    if (host < 0) map.text(':authority', serverHost(endpoints));
    else map.named(':authority', bytes, valueStartOf(lines, host), valueEndOf(lines, host), true);
  }
  putPath(map, request, target);
  map.named(':method', bytes, request.start, request.methodEnd, true);
  map.text(':scheme', envelope.proto);

  // A Host line is `:authority` when that is taken from it, the first time.
  let hostIsSaid = replaced !== null || target.isAbsolute;
  let hasLength = false;
  let hasProto = false;
  let hasRequestId = false;
  for (let at = 0; at < lineCount * LINE_STRIDE; at += LINE_STRIDE) {
    const field = lines[at]!;
    if (field === Field.host) {
      if (hostIsSaid) rename(map, bytes, lines, at, ledger);
      hostIsSaid = true;
    } else if (field === Field.contentLength) {
      // One, and true: a node may believe it.
      if (!hasLength && request.framing !== 'chunked' && isNumber(bytes, valueStartOf(lines, at), valueEndOf(lines, at), body.size)) {
        keep(map, bytes, lines, at);
        hasLength = true;
      } else {
        rename(map, bytes, lines, at, ledger);
      }
    } else if (isUsual(request, at)) {
      ledger.values[LEFT_OUT]!++;
    } else if (isRenamed(request, at)) {
      rename(map, bytes, lines, at, ledger);
    } else if (field === Field.malformed) {
      malformed(map, bytes, lines, at, ledger);
    } else {
      if (field === Field.xRequestId) hasRequestId = true;
      else if (equalsIgnoringCase(bytes, nameStartOf(lines, at), nameEndOf(lines, at), FORWARDED_PROTO)) {
        hasProto = true;
      }
      keep(map, bytes, lines, at);
    }
  }
  if (!hasLength && body.size > 0 && request.framing !== 'chunked') map.text('content-length', String(body.size));
  if (!hasProto) map.text('x-forwarded-proto', envelope.proto);
  if (!hasRequestId) map.text('x-request-id', requestId);
  map.text('x-mirror-id', request.id);
  if (endpoints.vni !== null) map.text('x-mirror-vni', String(endpoints.vni));
  map.text('x-mirror-complete', body.complete ? 'true' : 'false');
  if (request.correction) map.text('x-mirror-correction', 'true');
  if (request.reading !== 1) map.text('x-mirror-reading', String(request.reading));
  if (request.isFound) map.text('x-mirror-found', 'true');
  for (const [name, value] of envelope.extra) map.text(name.toLowerCase(), value);
}

/** The headers of a response: `:status`, then the server's lines as they are. */
export function putResponseHead(map: HeaderMap, response: Response, isComplete: boolean, ledger: Ledger): void {
  map.text(':status', String(response.status));
  putLines(map, response, ledger);
  if (!isComplete) map.text('x-mirror-complete', 'false');
}

/** Lines that frame nothing any more: of a response, or trailers. */
export function putLines(
  map: HeaderMap, { bytes, lines, lineCount }: Pick<Message, 'bytes' | 'lines' | 'lineCount'>, ledger: Ledger,
): void {
  for (let at = 0; at < lineCount * LINE_STRIDE; at += LINE_STRIDE) {
    if (lines[at] === Field.malformed) malformed(map, bytes, lines, at, ledger);
    else if (isOwnName(bytes, lines, at)) rename(map, bytes, lines, at, ledger);
    else keep(map, bytes, lines, at);
  }
}

function putLine(map: HeaderMap, prefix: string, bytes: Uint8Array, lines: Int32Array, at: number): void {
  const valueStart = valueStartOf(lines, at);
  const valueEnd = Math.max(valueStart, valueEndOf(lines, at));
  map.line(prefix, bytes, nameStartOf(lines, at), nameEndOf(lines, at), valueStart, valueEnd);
}

function keep(map: HeaderMap, bytes: Uint8Array, lines: Int32Array, at: number): void {
  putLine(map, '', bytes, lines, at);
}

function rename(map: HeaderMap, bytes: Uint8Array, lines: Int32Array, at: number, ledger: Ledger): void {
  ledger.values[RENAMED_HEADER]!++;
  putLine(map, RENAMED, bytes, lines, at);
}

/** Its name is no token: all of it is a value. */
function malformed(map: HeaderMap, bytes: Uint8Array, lines: Int32Array, at: number, ledger: Ledger): void {
  ledger.values[RENAMED_HEADER]!++;
  map.named(`${RENAMED}line`, bytes, nameStartOf(lines, at), Math.max(nameEndOf(lines, at), valueEndOf(lines, at)));
}

/** x-mirror-…, which only we write. The other reserved names mean nothing here: the node has rules for them. */
const isOwnName = (bytes: Uint8Array, lines: Int32Array, at: number): boolean =>
  lines[at] === Field.reserved && (bytes[nameStartOf(lines, at) + 2]! | 0x20) === 0x6d;

/** Position in `lines` of the first Host line; -1 = none, or it is empty. */
function firstHost({ lines, lineCount }: Request): number {
  for (let at = 0; at < lineCount * LINE_STRIDE; at += LINE_STRIDE) {
    if (lines[at] === Field.host) return valueEndOf(lines, at) > valueStartOf(lines, at) ? at : -1;
  }
  return -1;
}

/** A line that Envoy takes out, with the word it always has: it tells nothing, and nothing is in it. */
function isUsual({ bytes, lines, framing }: Request, at: number): boolean {
  const start = valueStartOf(lines, at);
  const end = valueEndOf(lines, at);
  switch (lines[at]) {
    case Field.connection:
      return equalsIgnoringCase(bytes, start, end, KEEP_ALIVE) || equalsIgnoringCase(bytes, start, end, CLOSE);
    case Field.transferEncoding:
      return framing === 'chunked' && equalsIgnoringCase(bytes, start, end, CHUNKED);
    case Field.expect:
      return equalsIgnoringCase(bytes, start, end, CONTINUE);
    default:
      return false;
  }
}

function isRenamed({ bytes, lines }: Request, at: number): boolean {
  switch (lines[at]) {
    case Field.connection:
    case Field.transferEncoding:
    case Field.expect:
    case Field.upgrade:
      return true;
    case Field.hopByHop: {
      // Envoy leaves Trailer, and TE if it is of trailers: `t…`. Keep-Alive and Proxy-Connection go.
      if ((bytes[nameStartOf(lines, at)]! | 0x20) !== 0x74) return true;
      const isTe = nameEndOf(lines, at) - nameStartOf(lines, at) === 2;
      return isTe && !equalsIgnoringCase(bytes, valueStartOf(lines, at), valueEndOf(lines, at), TRAILERS);
    }
    default:
      return isOwnName(bytes, lines, at);
  }
}

/** Do the digits at start..end say `value`, in its plain form? */
function isNumber(bytes: Uint8Array, start: number, end: number, value: number): boolean {
  const text = String(value);
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

interface Target {
  /** `http://authority/path` (RFC 9112, 3.2.2). */
  readonly isAbsolute: boolean;
  readonly authorityStart: number;
  readonly pathStart: number;
}

/** What ends the authority of a URL (RFC 3986, 3.2). */
const isDelimiter = (byte: number): boolean => byte === SLASH || byte === 0x3f || byte === 0x23;

function targetOf({ bytes, targetStart, targetEnd }: Request): Target {
  if (bytes[targetStart] !== SLASH) {
    for (const scheme of [HTTP, HTTPS]) {
      const authorityStart = targetStart + scheme.length;
      if (authorityStart >= targetEnd || !equalsIgnoringCase(bytes, targetStart, authorityStart, scheme)) continue;
      let pathStart = authorityStart;
      while (pathStart < targetEnd && !isDelimiter(bytes[pathStart]!)) pathStart++;
      // Without an authority it is no URL.
      if (pathStart > authorityStart) return { isAbsolute: true, authorityStart, pathStart };
    }
  }
  return { isAbsolute: false, authorityStart: targetStart, pathStart: targetStart };
}

/** What the client sent, but for the scheme and authority of a URL; `/` stands for nothing. */
function putPath(map: HeaderMap, { bytes, targetEnd }: Request, { isAbsolute, pathStart }: Target): void {
  if (pathStart >= targetEnd) {
    map.text(':path', '/');
  } else if (isAbsolute && bytes[pathStart] !== SLASH) {
    const path = Buffer.concat([Buffer.from('/'), bytes.subarray(pathStart, targetEnd)]);
    map.named(':path', path, 0, path.length, true);
  } else {
    map.named(':path', bytes, pathStart, targetEnd, true);
  }
}
