import type { Request } from '../http/message.ts';
import { putNumber, putText } from '../http/put-text.ts';
import type { Envelope } from '../rules/envelope.ts';
import { ClientLines } from './client-lines.ts';
import { lineText, putLineText } from './line-text.ts';
import type { LoopMarker } from './loop-marker.ts';
import { MARKER_LENGTH } from './loop-marker.ts';

/** All names and separators below, and numbers, with room to spare. */
const FIXED_BYTES = 768;

export function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): number {
  // A view and a call into the engine cost more than a short loop.
  if (end - start > 48) {
    to.set(from.subarray(start, end), at);
    return at + end - start;
  }
  for (let i = start; i < end; i++) to[at++] = from[i]!;
  return at;
}

/** No fewer bytes than `putAddedLines` will write. */
export function addedBytes(request: Request, envelope: Envelope): number {
  let bytes =
    FIXED_BYTES
    + MARKER_LENGTH
    + request.id.length * 2
    + envelope.clientAddress.length * 2
    + envelope.proto.length * 3
    + envelope.port.length * 2
    + request.endpoints.serverAddress.length;
  for (const [name, value] of envelope.extra) bytes += name.length + value.length + 4;
  return bytes;
}

/** What depends on the form that is sent. One object serves all requests. */
export interface Additions {
  complete: boolean;
  /** The client sent no X-Request-ID. */
  requestId: boolean;
  /** HTTP/1.0 keeps a connection only when told so (RFC 9112, 9.3). */
  keepAlive: boolean;
  /** The node shall read nothing behind this request. */
  close: boolean;
  /** The one true Content-Length of a re-framed request; -1 = its own framing stays. */
  contentLength: number;
}

const clientLines = new ClientLines();
const REQUEST_ID = lineText('\r\nX-Request-ID: ');
const MIRROR_ID = lineText('\r\nX-Mirror-Id: ');
const COMPLETE = lineText('\r\nX-Mirror-Complete: true');
const INCOMPLETE = lineText('\r\nX-Mirror-Complete: false');
const CORRECTION = lineText('\r\nX-Mirror-Correction: true');
const READING = lineText('\r\nX-Mirror-Reading: ');
const FOUND = lineText('\r\nX-Mirror-Found: true');
const RESPONSE_STATUS = lineText('\r\nX-Response-Status: ');
const RESPONSE_TIME = lineText('\r\nX-Response-Time: ');
const RESPONSE_SIZE = lineText('\r\nX-Response-Size: ');
const KEEP_ALIVE = lineText('\r\nConnection: keep-alive');
const CLOSE = lineText('\r\nConnection: close');
const CONTENT_LENGTH = lineText('\r\nContent-Length: ');
const COLON = lineText(': ');
const LINE_END = lineText('\r\n');
const HEAD_END = lineText('\r\n\r\n');
const LOOP = lineText('\r\nX-Mirror-Loop: ');

/**
 * Writes our lines, and the empty line that ends the head. Returns the offset behind them. As bytes at once: as a text,
 * of pieces first, they are two kilobytes for each request that are to be collected.
 */
export function putAddedLines(
  request: Request, envelope: Envelope, marker: LoopMarker, add: Additions, to: Uint8Array, start: number,
): number {
  const { endpoints, id, response } = request;
  let at = clientLines.put(endpoints, envelope, to, start);
  const idAt = putLineText(add.requestId ? REQUEST_ID : MIRROR_ID, to, at);
  const idEnd = putText(id, to, idAt);
  at = add.requestId ? copy(to, idAt, idEnd, to, putLineText(MIRROR_ID, to, idEnd)) : idEnd;
  at = putLineText(add.complete ? COMPLETE : INCOMPLETE, to, at);
  if (request.correction) at = putLineText(CORRECTION, to, at);
  if (request.reading !== 1) at = putNumber(request.reading, to, putLineText(READING, to, at));
  if (request.isFound) at = putLineText(FOUND, to, at);
  at = marker.write(to, idAt, idEnd, putLineText(LOOP, to, at));
  if (response !== null) {
    at = putNumber(response.status, to, putLineText(RESPONSE_STATUS, to, at));
    // Seconds with three decimals, as NGINX writes $upstream_response_time.
    const seconds = (Math.max(0, response.lastByteMs - request.timeMs) / 1000).toFixed(3);
    at = putText(seconds, to, putLineText(RESPONSE_TIME, to, at));
    at = putNumber(response.bodySize, to, putLineText(RESPONSE_SIZE, to, at));
  }
  for (const [name, value] of envelope.extra) {
    at = putText(name, to, putLineText(LINE_END, to, at));
    at = putText(value, to, putLineText(COLON, to, at));
  }
  if (add.keepAlive) at = putLineText(KEEP_ALIVE, to, at);
  if (add.close) at = putLineText(CLOSE, to, at);
  if (add.contentLength >= 0) at = putNumber(add.contentLength, to, putLineText(CONTENT_LENGTH, to, at));
  return putLineText(HEAD_END, to, at);
}
