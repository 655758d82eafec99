import { BLANK, requestStart } from './request-line.ts';
import { TlsRecords } from './tls-records.ts';

/** So much of what should be a request line is looked at before it is held. */
const START_BYTES = 64;

/**
 * What stands at bytes[at], where a client's next message should begin? A request as far as can be told, or what is
 * none.
 * @param isBehindSwitch the server has agreed to another protocol: a frame of WebSocket's begins with a byte that is
 * less than 16, or 128 and more (RFC 6455 5.2), which no request begins with
 */
export function standsAt(
  bytes: Uint8Array, at: number, end: number, isBehindSwitch: boolean,
): 'request' | 'blanks' | 'tls' | 'tunnel' | 'other' {
  const byte = bytes[at]!;
  if (isBehindSwitch && (byte >= 128 || (byte < 16 && BLANK[byte] === 0))) return 'tunnel';
  if (BLANK[byte] === 1) return 'blanks';
  if (byte >= 20 && byte <= 24 && TlsRecords.begins(bytes, at, end) !== 'no') return 'tls';
  return requestStart(bytes, at, Math.min(end, at + START_BYTES)) === 'no' ? 'other' : 'request';
}

/** RFC 9112 2.2: a server ignores an empty line before a request; some ignore blanks. @returns where they end */
export function blanksEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && BLANK[bytes[at]!] === 1) at++;
  return at;
}
