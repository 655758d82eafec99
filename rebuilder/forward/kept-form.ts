import { Field, LINE_STRIDE, nameEndOf, nameStartOf, valueEndOf, valueStartOf } from '../http/message.ts';
import type { Request } from '../http/message.ts';
import { putText } from '../http/put-text.ts';
import type { Envelope } from '../rules/envelope.ts';
import type { Ledger } from '../ledger.ts';
import { addedBytes, copy, putAddedLines } from './added-lines.ts';
import type { Additions } from './added-lines.ts';
import { Finding, isKeepAlive } from './alb-limits.ts';
import { isOptionList, namesNeededLine } from './connection-options.ts';
import { isReservedName } from './header-name.ts';
import { originalHost } from './host-value.ts';
import type { LoopMarker } from './loop-marker.ts';

/** Put before the name of a line that must not mean anything on our way, so that the node still reads what it holds. */
export const RENAMED = Uint8Array.from(Buffer.from('X-Mirror-Original-'));
const HOST = Uint8Array.from(Buffer.from('Host: '));
const CR = 13;
const LF = 10;

const additions: Additions = { complete: true, requestId: true, keepAlive: false, close: false, contentLength: -1 };

export function putLineEnd(to: Uint8Array, at: number): number {
  to[at] = CR;
  to[at + 1] = LF;
  return at + 2;
}

/** Must a line of this kind be renamed, whatever the form? Counts it. */
export function isRenamed(request: Request, at: number, ledger: Ledger | null): boolean {
  const { lines, bytes } = request;
  switch (lines[at]) {
    case Field.connection:
      // Any other option could close our connection, or have an intermediary remove the lines it names (RFC 9110,
      // 7.6.1).
      return !isKeepAlive(bytes, valueStartOf(lines, at), valueEndOf(lines, at));
    case Field.expect:
      ledger?.count('forward.expect_dropped');
      return true;
    case Field.reserved:
    case Field.upgrade:
    case Field.hopByHop:
      return true;
    case Field.malformed:
      return isReservedName(bytes, nameStartOf(lines, at), nameEndOf(lines, at));
    default:
      return false;
  }
}

/**
 * On a connection of its own a list of options stays as it is, for the node to judge, unless it could cost us a line.
 */
function isKeptList({ bytes, lines }: Request, at: number): boolean {
  const [start, end] = [valueStartOf(lines, at), valueEndOf(lines, at)];
  return isOptionList(bytes, start, end) && !namesNeededLine(bytes, start, end);
}

/** No fewer bytes than `putKeptForm` will write. */
export function keptBytes(request: Request, envelope: Envelope): number {
  return request.end - request.start + request.lineCount * RENAMED.length
    + addedBytes(request, envelope) + (envelope.host === null ? 0 : HOST.length + envelope.host.length + 2);
}

/**
 * The request with its own bytes and framing: whole blocks of the head are copied, and interrupted only where a line is
 * renamed.
 * `found`: bits of `inspect`. `isRaw`: it goes on a connection of its own, which the node shall close behind it: what
 * the client hid behind the end that the node sees must not become a second request, with lines that we did not write.
 * Returns the offset behind what was written.
 */
export function putKeptForm(
  request: Request, envelope: Envelope, marker: LoopMarker, found: number, isRaw: boolean, ledger: Ledger | null,
  to: Buffer, start: number,
): number {
  const { bytes, lines, lineCount, headEnd } = request;
  let at = start;
  let from = request.start;
  let requestId = true;
  const host = originalHost(envelope);
  let hostMissing = host !== null;
  for (let i = 0, line = 0; i < lineCount; i++, line += LINE_STRIDE) {
    const field = lines[line]!;
    if (field === Field.other) continue;
    if (field === Field.xRequestId) {
      requestId = false;
      continue;
    }
    const nameStart = nameStartOf(lines, line);
    if (field === Field.host && host !== null) {
      at = copy(bytes, from, nameStart, to, at);
      from = nameStart;
      if (hostMissing) at = putLineEnd(to, putText(host, to, copy(HOST, 0, HOST.length, to, at)));
      hostMissing = false;
      at = copy(RENAMED, 0, RENAMED.length, to, at);
      ledger?.count('forward.host_replaced');
    } else if (isRaw && field === Field.connection ? !isKeptList(request, line) : isRenamed(request, line, ledger)) {
      at = copy(bytes, from, nameStart, to, at);
      from = nameStart;
      at = copy(RENAMED, 0, RENAMED.length, to, at);
      ledger?.count('forward.renamed_header');
    }
  }
  // The empty line is CRLF, or a bare LF in a request that goes apart.
  const linesEnd = headEnd - (bytes[headEnd - 2] === CR ? 2 : 1);
  at = copy(bytes, from, linesEnd, to, at);
  if (hostMissing) at = putLineEnd(to, putText(host!, to, copy(HOST, 0, HOST.length, to, at)));
  additions.complete = request.complete;
  additions.requestId = requestId;
  additions.keepAlive = !isRaw && (found & Finding.closes) !== 0;
  additions.close = isRaw;
  at = putAddedLines(request, envelope, marker, additions, to, at);
  return copy(bytes, headEnd, request.end, to, at);
}
