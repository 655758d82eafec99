import { BLANK } from './request-line.ts';

/**
 * What stands at bytes[at], where a client's next message should begin? A request as far as can be told: there are
 * servers to which any bytes are a method, those of a TLS record, too.
 * @param isBehindSwitch the server has agreed to another protocol: a frame of WebSocket's begins with a byte that is
 * less than 16, or 128 and more (RFC 6455 5.2), which no request begins with
 */
export function standsAt(
  bytes: Uint8Array, at: number, isBehindSwitch: boolean,
): 'request' | 'blanks' | 'tunnel' {
  const byte = bytes[at]!;
  if (isBehindSwitch && (byte >= 128 || (byte < 16 && BLANK[byte] === 0))) return 'tunnel';
  return BLANK[byte] === 1 ? 'blanks' : 'request';
}

/** RFC 9112 2.2: a server ignores an empty line before a request; some ignore blanks. @returns where they end */
export function blanksEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && BLANK[bytes[at]!] === 1) at++;
  return at;
}
