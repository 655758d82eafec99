import { createHash, hash } from 'node:crypto';
import type { Request } from './message.ts';
import { putNumber, putText } from './put-text.ts';

const BLANK = 32;
const LF = 10;

/** Room for the text of a connection and for heads as most are; a longer head is hashed where it is. */
const scratch = Buffer.allocUnsafeSlow(16_384);

/**
 * Names a request by its connection, its place in it and its head: the same request seen from two network interfaces,
 * or by two rebuilders, has the same name. A cryptographic hash, because a client that could make two requests of one
 * name could hide one behind the other.
 *
 * SHA-256 of `client port server port\n`, the sequence number (4 bytes, big-endian) and the head's bytes; the first 128
 * bits in hex.
 */
export function requestId(request: Pick<Request, 'endpoints' | 'seq' | 'bytes' | 'start' | 'headEnd'>): string {
  const { endpoints, seq, bytes, start, headEnd } = request;
  let at = putEndpoint(endpoints.clientAddress, endpoints.clientPort, BLANK, 0);
  at = putEndpoint(endpoints.serverAddress, endpoints.serverPort, LF, at);
  at = scratch.writeInt32BE(seq, at);
  const head = bytes.subarray(start, headEnd);
  if (at + head.length > scratch.length || hash === undefined) {
    return createHash('sha256').update(scratch.subarray(0, at)).update(head).digest('hex').slice(0, 32);
  }
  scratch.set(head, at);
  return hash('sha256', scratch.subarray(0, at + head.length), 'hex').slice(0, 32);
}

function putEndpoint(address: string, port: number, delimiter: number, at: number): number {
  at = putText(address, scratch, at);
  scratch[at] = BLANK;
  at = putNumber(port, scratch, at + 1);
  scratch[at] = delimiter;
  return at + 1;
}
