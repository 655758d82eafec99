import type { Endpoints } from '../http/message.ts';
import type { Envelope } from '../rules/envelope.ts';

/**
 * Would NGINX take this Host value? It answers 400 to an empty one, and to blanks, control bytes, `/` and `..` in it.
 */
export function isPlainHost(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte <= 0x20 || byte === 0x7f || byte === 0x2f || (byte === 0x2e && bytes[i + 1] === 0x2e && i + 1 < end)) {
      return false;
    }
  }
  return end > start;
}

/**
 * The value that replaces Host; null = none, or one that nobody would take: a client may have written what a proxy
 * passed on.
 */
export function originalHost({ host }: Envelope): string | null {
  if (host === null) return null;
  const bytes = Buffer.from(host, 'latin1');
  return isPlainHost(bytes, 0, bytes.length) ? host : null;
}

/** A Host value for a request without one that can be used: the server it was sent to. */
export function serverHost({ serverAddress, serverPort }: Endpoints): string {
  return serverAddress.includes(':') ? `[${serverAddress}]:${serverPort}` : `${serverAddress}:${serverPort}`;
}
