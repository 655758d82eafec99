import { Field, LINE_STRIDE } from '../../rebuilder/http/message.ts';
import type { Endpoints, Framing, Request } from '../../rebuilder/http/message.ts';
import type { Envelope } from '../../rebuilder/rules/envelope.ts';
import { isReservedName } from '../../rebuilder/forward/header-name.ts';

export const ENDPOINTS: Endpoints = {
  clientAddress: '192.0.2.7', clientPort: 40001, serverAddress: '10.0.2.9', serverPort: 80, vni: 1377, proxied: null,
};

export const ENVELOPE: Envelope = { clientAddress: '203.0.113.5', proto: 'https', port: '443', host: null, extra: [] };

const FIELDS: Readonly<Record<string, number>> = {
  'content-length': Field.contentLength, 'transfer-encoding': Field.transferEncoding, 'connection': Field.connection, 'host': Field.host,
  'expect': Field.expect, 'upgrade': Field.upgrade, 'x-request-id': Field.xRequestId, 'content-type': Field.contentType,
  'keep-alive': Field.hopByHop, 'proxy-connection': Field.hopByHop, 'te': Field.hopByHop, 'trailer': Field.hopByHop,
};

let count = 0;

/**
 * One whole request from its bytes (a string is latin1), scanned line by line: an LF ends a line, a line that begins
 * with a blank continues the one before. Framing is what the lines say, chunked first; `changes` overrides anything,
 * such as `complete` or `irregular`.
 */
export function buildRequest(text: string | Uint8Array, changes: Partial<Request> = {}): Request {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : Buffer.from(text);
  const methodEnd = bytes.indexOf(0x20);
  const lineEnd = bytes.indexOf(0x0a);
  const headersStart = lineEnd + 1;
  const textEnd = bytes[lineEnd - 1] === 0x0d ? lineEnd - 1 : lineEnd;
  const versionAt = bytes.lastIndexOf(' HTTP/', textEnd, 'latin1');
  const targetEnd = versionAt > methodEnd ? versionAt : textEnd;
  const versionStart = versionAt > methodEnd ? versionAt + 1 : textEnd;

  const lines: number[] = [];
  let framing: Framing = 'none';
  let at = headersStart;
  let headEnd = bytes.length;
  while (at < bytes.length) {
    let end = bytes.indexOf(0x0a, at);
    if (end < 0) end = bytes.length;
    if (end === at || (end === at + 1 && bytes[at] === 0x0d)) {
      headEnd = end + 1;
      break;
    }
    while (end + 1 < bytes.length && (bytes[end + 1] === 0x20 || bytes[end + 1] === 0x09)) {
      const next = bytes.indexOf(0x0a, end + 1);
      end = next < 0 ? bytes.length : next;
    }
    let valueEnd = end;
    while (valueEnd > at && bytes[valueEnd - 1]! <= 0x20) valueEnd--;
    const colon = bytes.indexOf(0x3a, at);
    if (colon < 0 || colon > end || colon === at) {
      lines.push(Field.malformed, at, valueEnd, valueEnd, valueEnd);
    } else {
      let valueStart = colon + 1;
      while (valueStart < valueEnd && (bytes[valueStart] === 0x20 || bytes[valueStart] === 0x09)) valueStart++;
      const name = bytes.toString('latin1', at, colon).replace(/[ \t]+$/, '').toLowerCase();
      const field = isReservedName(bytes, at, colon) ? Field.reserved : FIELDS[name] ?? Field.other;
      if (field === Field.transferEncoding) framing = 'chunked';
      else if (field === Field.contentLength && framing === 'none') framing = 'length';
      lines.push(field, at, colon, valueStart, valueEnd);
    }
    at = end + 1;
  }
  count++;
  return {
    bytes, start: 0, headersStart, headEnd, end: bytes.length, lines: Int32Array.from(lines),
    lineCount: lines.length / LINE_STRIDE,
    framing, bodySize: bytes.length - headEnd, complete: true, lost: null, timeMs: 1_000, lastByteMs: 1_000,
    endpoints: ENDPOINTS, seq: 1,
    methodEnd, targetStart: methodEnd + 1, targetEnd, versionStart, versionEnd: textEnd, irregular: null,
    correction: false, reading: 1, isFound: false, response: null,
    id: count.toString(16).padStart(32, '0'),
    ...changes,
  };
}

/** A small GET with a number in its target. */
export function get(number: number, changes: Partial<Request> = {}): Request {
  return buildRequest(`GET /${number} HTTP/1.1\r\nHost: a.example\r\n\r\n`, changes);
}
