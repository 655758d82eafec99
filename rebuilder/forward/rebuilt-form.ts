import { Field, LINE_STRIDE, nameEndOf, nameStartOf, valueEndOf, valueStartOf } from '../http/message.ts';
import type { Request } from '../http/message.ts';
import { indexWithin } from '../http/index-within.ts';
import { putText } from '../http/put-text.ts';
import type { Envelope } from '../rules/envelope.ts';
import type { Ledger } from '../ledger.ts';
import { addedBytes, copy, putAddedLines } from './added-lines.ts';
import type { Additions } from './added-lines.ts';
import { Finding, isPathOrUrl, MAX_HEAD_BYTES, MAX_LINE_BYTES } from './alb-limits.ts';
import { decodeChunked } from './chunked-body.ts';
import { isHostName, isReservedName, looksLikeFraming } from './header-name.ts';
import { isPlainHost, originalHost, serverHost } from './host-value.ts';
import { isRenamed, putLineEnd, RENAMED } from './kept-form.ts';
import type { LoopMarker } from './loop-marker.ts';

const CR = 13;
const LF = 10;
const TAB = 9;
const SPACE = 0x20;
const COLON = 0x3a;
const HEX = Buffer.from('0123456789ABCDEF');

/** tchar of RFC 9110, 5.6.2. */
const TOKEN = new Uint8Array(256);
for (const char of '!#$%&\'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz') TOKEN[char.charCodeAt(0)] = 1;

/** What a request looks like once it is re-framed: all that must be known before its head can be written. */
interface RebuiltPlan {
  bodySize: number;
  trailersStart: number;
  /** No fewer bytes than `putRebuiltForm` will write. */
  bytes: number;
  /** false: a limit cut the body, or bytes of it were never seen. */
  complete: boolean;
}

/** `bodyLimit`: most bytes of the body, 0 = no limit. */
export function planRebuiltForm(request: Request, envelope: Envelope, bodyLimit: number): RebuiltPlan {
  const max = bodyLimit > 0 ? bodyLimit : Infinity;
  const held = Math.max(0, request.end - request.headEnd);
  const body = request.framing === 'chunked'
    ? decodeChunked(request.bytes, request.headEnd, request.end, Infinity, null, 0)
    : { size: held, trailersStart: request.end };
  const bodySize = Math.min(body.size, max);
  return {
    bodySize,
    trailersStart: body.trailersStart,
    bytes:
      (request.headEnd - request.start) * 3
      + request.lineCount * 32
      + bodySize
      + (request.end - body.trailersStart) * 20
      + addedBytes(request, envelope)
      + (envelope.host?.length ?? 64)
      + 512,
    complete: request.complete && bodySize === body.size,
  };
}

/**
 * Copies text that may hold anything: folded lines become one blank, other control bytes (and blanks, if `blanks`) %XX.
 */
export function putEscaped(
  bytes: Uint8Array, start: number, end: number, blanks: boolean, to: Uint8Array, at: number,
): number {
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if ((byte > SPACE && byte !== 0x7f) || (!blanks && (byte === SPACE || byte === TAB))) {
      to[at++] = byte;
      continue;
    }
    const lf = byte === CR && bytes[i + 1] === LF ? i + 1 : byte === LF ? i : -1;
    if (!blanks && lf >= 0 && lf + 1 < end && (bytes[lf + 1] === SPACE || bytes[lf + 1] === TAB)) {
      // obs-fold (RFC 9112, 5.2): one or more blanks mean the same.
      i = lf;
      continue;
    }
    to[at++] = 0x25;
    to[at++] = HEX[byte >> 4]!;
    to[at++] = HEX[byte & 15]!;
  }
  return at;
}

function putLine(name: string, bytes: Uint8Array, start: number, end: number, to: Uint8Array, at: number): number {
  at = putText(name, to, at);
  at = putText(': ', to, at);
  return putLineEnd(to, putEscaped(bytes, start, end, false, to, at));
}

const additions: Additions = { complete: true, requestId: true, keepAlive: false, close: false, contentLength: -1 };

/**
 * The request in a form that has one reading everywhere: each line as it is if it is clean, else cleaned; one true
 * Content-Length in place of its own framing, which stays readable under X-Mirror-Original-*, as does everything else
 * that had to change.
 * `forBalancer`: a load balancer stands in between, so method and version must be ones it takes, and its size limits
 * hold. Returns the offset behind what was written, -1 if it would not pass.
 */
export function putRebuiltForm(
  request: Request, envelope: Envelope, marker: LoopMarker, plan: RebuiltPlan, found: number, forBalancer: boolean,
  ledger: Ledger | null, to: Buffer, start: number,
): number {
  const { bytes, lines, lineCount } = request;
  const host = originalHost(envelope);
  let at = start;
  const methodReplaced = forBalancer && (found & Finding.method) !== 0;
  if (methodReplaced) {
    at = putText(plan.bodySize > 0 ? 'POST' : 'GET', to, at);
    ledger?.count('forward.method_replaced');
  } else {
    at = putEscaped(bytes, request.start, request.methodEnd, true, to, at);
  }
  to[at++] = SPACE;
  const targetKept = request.targetEnd > request.targetStart && isPathOrUrl(bytes, request.targetStart);
  if (targetKept) at = putEscaped(bytes, request.targetStart, request.targetEnd, true, to, at);
  else to[at++] = 0x2f;
  const versionLength = Math.max(0, request.versionEnd - request.versionStart);
  const version = Buffer.from(bytes.buffer, bytes.byteOffset + request.versionStart, versionLength);
  const versionKept = version.equals(VERSION_1_1) || version.equals(VERSION_1_0);
  to[at++] = SPACE;
  at = putLineEnd(to, putText(versionKept ? version.toString('latin1') : 'HTTP/1.1', to, at));
  if (at - start > MAX_LINE_BYTES && forBalancer) return -1;

  const isHttp11 = !versionKept || version.equals(VERSION_1_1);
  let hosts = 0;
  let keepAlive = false;
  let requestId = true;
  for (let i = 0, line = 0; i < lineCount; i++, line += LINE_STRIDE) {
    const field = lines[line]!;
    let nameStart = nameStartOf(lines, line);
    let nameEnd = nameEndOf(lines, line);
    const lineStart = at;
    while (nameStart < nameEnd && bytes[nameStart]! <= SPACE) nameStart++;
    while (nameEnd > nameStart && bytes[nameEnd - 1]! <= SPACE) nameEnd--;
    let isName = nameEnd > nameStart;
    for (let j = nameStart; j < nameEnd; j++) isName &&= TOKEN[bytes[j]!] === 1;
    if (!isName || (field === Field.malformed && indexWithin(bytes, COLON, nameStart, valueEndOf(lines, line)) < 0)) {
      at = putLine('X-Mirror-Original-Line', bytes, nameStartOf(lines, line), Math.max(nameEndOf(lines, line), valueEndOf(lines, line)), to, at);
      ledger?.count('forward.renamed_header');
    } else {
      let rename = isRenamed(request, line, ledger) || isReservedName(bytes, nameStart, nameEnd);
      if (field === Field.host || isHostName(bytes, nameStart, nameEnd)) {
        if (hosts === 0 && host !== null) {
          at = putLineEnd(to, putText(host, to, putText('Host: ', to, at)));
          ledger?.count('forward.host_replaced');
          rename = true;
          hosts++;
        } else {
          rename = hosts > 0 || !isPlainHost(bytes, valueStartOf(lines, line), valueEndOf(lines, line));
          if (!rename) hosts++;
        }
      } else if (
        field === Field.contentLength
        || field === Field.transferEncoding
        || looksLikeFraming(bytes, nameStart, nameEnd)
      ) {
        rename = true;
      } else if (field === Field.xRequestId) {
        requestId = false;
      } else if (field === Field.connection && !rename) {
        keepAlive = true;
      }
      if (rename) {
        at = copy(RENAMED, 0, RENAMED.length, to, at);
        ledger?.count('forward.renamed_header');
      }
      at = copy(bytes, nameStart, nameEnd, to, at);
      // `Name:value` and `Name:  value` stay what they are when nothing but the colon and blanks is between.
      const valueStart = valueStartOf(lines, line);
      to[at++] = COLON;
      for (let j = nameEndOf(lines, line) + 1; j < valueStart; j++) {
        if (bytes[j] === SPACE || bytes[j] === TAB) to[at++] = bytes[j]!;
      }
      // A folded line may end in blanks only.
      let valueEnd = Math.max(valueStart, valueEndOf(lines, line));
      while (valueEnd > valueStart && (bytes[valueEnd - 1]! <= SPACE && bytes[valueEnd - 1] !== 0)) valueEnd--;
      at = putLineEnd(to, putEscaped(bytes, valueStart, valueEnd, false, to, at));
    }
    if (at - lineStart > MAX_LINE_BYTES && forBalancer) return -1;
  }
  if (hosts === 0 && (isHttp11 || host !== null)) {
    at = putLineEnd(to, putText(host ?? serverHost(request.endpoints), to, putText('Host: ', to, at)));
  }
  if (methodReplaced) at = putLine('X-Mirror-Original-Method', bytes, request.start, request.methodEnd, to, at);
  if (!targetKept) at = putLine('X-Mirror-Original-Target', bytes, request.targetStart, request.targetEnd, to, at);
  if (!versionKept) at = putLine('X-Mirror-Original-Version', bytes, request.versionStart, request.versionEnd, to, at);
  for (let from = plan.trailersStart; from < request.end;) {
    let lineEnd = bytes.indexOf(LF, from);
    if (lineEnd < 0 || lineEnd >= request.end) lineEnd = request.end;
    const textEnd = lineEnd > from && bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    if (textEnd > from) at = putLine('X-Mirror-Original-Trailer', bytes, from, textEnd, to, at);
    from = lineEnd + 1;
  }
  additions.complete = plan.complete;
  additions.requestId = requestId;
  additions.keepAlive = !isHttp11 && !keepAlive;
  additions.contentLength = plan.bodySize > 0 || request.framing !== 'none' ? plan.bodySize : -1;
  at = putAddedLines(request, envelope, marker, additions, to, at);
  if (at - start > MAX_HEAD_BYTES && forBalancer) return -1;
  if (request.framing === 'chunked') {
    decodeChunked(bytes, request.headEnd, request.end, plan.bodySize, to, at);
    return at + plan.bodySize;
  }
  return copy(bytes, request.headEnd, request.headEnd + plan.bodySize, to, at);
}

const VERSION_1_0 = Buffer.from('HTTP/1.0');
const VERSION_1_1 = Buffer.from('HTTP/1.1');
