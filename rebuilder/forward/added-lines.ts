import type { Request } from '../http/message.ts';
import type { Envelope } from '../rules/envelope.ts';
import type { LoopMarker } from './loop-marker.ts';
import { MARKER_LENGTH } from './loop-marker.ts';

/** All names and separators below, and numbers, with room to spare. */
const FIXED_BYTES = 768;

export function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): number {
  // A call into the engine costs more than a short loop.
  if (end - start > 96) {
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

const UNSAFE = /[\x00-\x1f\x7f\u0100-\uffff]/g;

/** A value that may have come from a header of a trusted proxy: nothing in it may end the line. */
function safe(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code >= 0x7f) return text.replace(UNSAFE, '?');
  }
  return text;
}

/** Writes our lines, and the empty line that ends the head. Returns the offset behind them. */
export function putAddedLines(
  request: Request, envelope: Envelope, marker: LoopMarker, add: Additions, to: Buffer, start: number,
): number {
  const { endpoints, id, response } = request;
  const client = safe(envelope.clientAddress);
  const proto = safe(envelope.proto);
  const port = safe(envelope.port);
  // One string and one write: a third faster than twenty short copies.
  let at = start + to.write(`X-Forwarded-For: ${client}\r\nX-Real-IP: ${client}\r\nX-Scheme: ${proto}\r\nX-Mirror-Forwarded-Proto: ${proto}\r\n`
    + `X-Mirror-Forwarded-Port: ${port}\r\nX-Forwarded-Proto: ${proto}\r\nX-Forwarded-Port: ${port}\r\nX-SERVER-ADDR: ${endpoints.serverAddress}\r\n`
    + `X-SERVER-PORT: ${endpoints.serverPort}\r\n${add.requestId ? `X-Request-ID: ${id}\r\n` : ''}X-Mirror-Id: ${id}\r\n`
    + `${endpoints.vni === null ? '' : `X-Mirror-Vni: ${endpoints.vni}\r\n`}`
    + `${add.complete ? 'X-Mirror-Complete: true\r\n' : 'X-Mirror-Complete: false\r\n'}${request.correction ? 'X-Mirror-Correction: true\r\n' : ''}`
    + `${request.reading === 1 ? '' : `X-Mirror-Reading: ${request.reading}\r\n`}${request.isFound ? 'X-Mirror-Found: true\r\n' : ''}`
    + 'X-Mirror-Loop: ', start, 'latin1');
  at = marker.write(id, to, at);
  let rest = '';
  if (response !== null) {
    // Seconds with three decimals, as NGINX writes $upstream_response_time.
    const seconds = (Math.max(0, response.lastByteMs - request.timeMs) / 1000).toFixed(3);
    rest += `X-Response-Status: ${response.status}\r\nX-Response-Time: ${seconds}\r\nX-Response-Size: ${response.bodySize}\r\n`;
  }
  for (const [name, value] of envelope.extra) rest += `${safe(name)}: ${safe(value)}\r\n`;
  if (add.keepAlive) rest += 'Connection: keep-alive\r\n';
  if (add.close) rest += 'Connection: close\r\n';
  if (add.contentLength >= 0) rest += `Content-Length: ${add.contentLength}\r\n`;
  if (rest !== '') at += to.write(`\r\n${rest.slice(0, -2)}`, at, 'latin1');
  to[at] = to[at + 2] = 13;
  to[at + 1] = to[at + 3] = 10;
  return at + 4;
}
