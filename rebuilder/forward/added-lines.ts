import type { Request } from '../http/message.ts';
import type { Envelope } from '../rules/envelope.ts';
import type { LoopMarker } from './loop-marker.ts';
import { MARKER_LENGTH } from './loop-marker.ts';

/** The lines we add behind the client's own (docs/forwarding.md says what each is for). */
export const ADDED_NAMES: readonly string[] = [
  'X-Forwarded-For', 'X-Real-IP', 'X-Scheme', 'X-Mirror-Forwarded-Proto', 'X-Mirror-Forwarded-Port', 'X-Forwarded-Proto',
  'X-Forwarded-Port', 'X-SERVER-ADDR', 'X-SERVER-PORT', 'X-Request-ID', 'X-Mirror-Id', 'X-Mirror-Vni', 'X-Mirror-Complete', 'X-Mirror-Correction', 'X-Mirror-Loop',
  'X-Response-Status', 'X-Response-Time', 'X-Response-Size', 'Connection', 'Content-Length',
];

const line = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

const FORWARDED_FOR = line('X-Forwarded-For: ');
const REAL_IP = line('\r\nX-Real-IP: ');
const SCHEME = line('\r\nX-Scheme: ');
const MIRROR_PROTO = line('\r\nX-Mirror-Forwarded-Proto: ');
const MIRROR_PORT = line('\r\nX-Mirror-Forwarded-Port: ');
const FORWARDED_PROTO = line('\r\nX-Forwarded-Proto: ');
const FORWARDED_PORT = line('\r\nX-Forwarded-Port: ');
const SERVER_ADDR = line('\r\nX-SERVER-ADDR: ');
const SERVER_PORT = line('\r\nX-SERVER-PORT: ');
const REQUEST_ID = line('\r\nX-Request-ID: ');
const MIRROR_ID = line('\r\nX-Mirror-Id: ');
const VNI = line('\r\nX-Mirror-Vni: ');
const COMPLETE = line('\r\nX-Mirror-Complete: true');
const NOT_COMPLETE = line('\r\nX-Mirror-Complete: false');
const CORRECTION = line('\r\nX-Mirror-Correction: true');
const LOOP = line('\r\nX-Mirror-Loop: ');
const RESPONSE_STATUS = line('\r\nX-Response-Status: ');
const RESPONSE_TIME = line('\r\nX-Response-Time: ');
const RESPONSE_SIZE = line('\r\nX-Response-Size: ');
const KEEP_ALIVE = line('\r\nConnection: keep-alive');
const CLOSE = line('\r\nConnection: close');
const CONTENT_LENGTH = line('\r\nContent-Length: ');
const LINE_END = line('\r\n');

/** All names and separators above, and numbers, with room to spare. */
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

function put(bytes: Uint8Array, to: Uint8Array, at: number): number {
  for (let i = 0; i < bytes.length; i++) to[at++] = bytes[i]!;
  return at;
}

/** Writes a value; a control byte in it (it may have come from a trusted proxy's header) cannot end the line. */
export function putText(text: string, to: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    to[at++] = code < 0x20 || code > 0xff || code === 0x7f ? 0x3f : code;
  }
  return at;
}

export function putNumber(value: number, to: Uint8Array, at: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const next = Math.floor(rest / 10);
    to[i] = 0x30 + rest - next * 10;
    rest = next;
  }
  return at + digits;
}

/** No fewer bytes than `putAddedLines` will write. */
export function addedBytes(request: Request, envelope: Envelope): number {
  let bytes = FIXED_BYTES + MARKER_LENGTH + request.id.length * 2
    + envelope.clientAddress.length * 2 + envelope.proto.length * 3 + envelope.port.length * 2 + request.endpoints.serverAddress.length;
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

/** Writes our lines, and the empty line that ends the head. Returns the offset behind them. */
export function putAddedLines(
  request: Request, envelope: Envelope, marker: LoopMarker, add: Additions, to: Uint8Array, start: number,
): number {
  const { endpoints, id, response } = request;
  let at = putText(envelope.clientAddress, to, put(FORWARDED_FOR, to, start));
  at = putText(envelope.clientAddress, to, put(REAL_IP, to, at));
  at = putText(envelope.proto, to, put(SCHEME, to, at));
  at = putText(envelope.proto, to, put(MIRROR_PROTO, to, at));
  at = putText(envelope.port, to, put(MIRROR_PORT, to, at));
  at = putText(envelope.proto, to, put(FORWARDED_PROTO, to, at));
  at = putText(envelope.port, to, put(FORWARDED_PORT, to, at));
  at = putText(endpoints.serverAddress, to, put(SERVER_ADDR, to, at));
  at = putNumber(endpoints.serverPort, to, put(SERVER_PORT, to, at));
  if (add.requestId) at = putText(id, to, put(REQUEST_ID, to, at));
  at = putText(id, to, put(MIRROR_ID, to, at));
  if (endpoints.vni !== null) at = putNumber(endpoints.vni, to, put(VNI, to, at));
  at = put(add.complete ? COMPLETE : NOT_COMPLETE, to, at);
  if (request.correction) at = put(CORRECTION, to, at);
  at = marker.write(id, to, put(LOOP, to, at));
  if (response !== null) {
    at = putNumber(response.status, to, put(RESPONSE_STATUS, to, at));
    // Seconds with three decimals, as NGINX writes $upstream_response_time.
    at = putText((Math.max(0, response.lastByteMs - request.timeMs) / 1000).toFixed(3), to, put(RESPONSE_TIME, to, at));
    at = putNumber(response.bodySize, to, put(RESPONSE_SIZE, to, at));
  }
  for (const [name, value] of envelope.extra) {
    at = put(LINE_END, to, at);
    at = putText(name, to, at);
    to[at++] = 0x3a;
    to[at++] = 0x20;
    at = putText(value, to, at);
  }
  if (add.keepAlive) at = put(KEEP_ALIVE, to, at);
  if (add.close) at = put(CLOSE, to, at);
  if (add.contentLength >= 0) at = putNumber(add.contentLength, to, put(CONTENT_LENGTH, to, at));
  at = put(LINE_END, to, at);
  return put(LINE_END, to, at);
}
