import { createHash, hash } from 'node:crypto';
import type { Endpoints, Request } from './message.ts';

/** Room for the text of a connection and for heads as most are; a longer head is hashed where it is. */
const scratch = Buffer.allocUnsafeSlow(16_384);
/** The last connection's text: requests of one connection mostly come together. */
let lastEndpoints: Endpoints | null = null;
let lastClient = '';
let lastLength = 0;

/**
 * Names a request by its connection, its place in it and its head: the same request seen from two network interfaces, or by two rebuilders, has
 * the same name. A cryptographic hash, because a client that could make two requests of one name could hide one behind the other.
 *
 * SHA-256 of `client port server port\n`, the sequence number (4 bytes, big-endian) and the head's bytes; the first 128 bits in hex.
 */
export function requestId(request: Pick<Request, 'endpoints' | 'seq' | 'bytes' | 'start' | 'headEnd'>): string {
  const { endpoints, seq, bytes, start, headEnd } = request;
  // A connection joined in the middle may turn out to be the other way round.
  if (endpoints !== lastEndpoints || endpoints.clientAddress !== lastClient) {
    lastEndpoints = endpoints;
    lastClient = endpoints.clientAddress;
    lastLength = scratch.write(`${endpoints.clientAddress} ${endpoints.clientPort} ${endpoints.serverAddress} ${endpoints.serverPort}\n`, 'latin1');
  }
  const at = scratch.writeInt32BE(seq, lastLength);
  const head = bytes.subarray(start, headEnd);
  if (at + head.length > scratch.length || hash === undefined) {
    return createHash('sha256').update(scratch.subarray(0, at)).update(head).digest('hex').slice(0, 32);
  }
  scratch.set(head, at);
  return hash('sha256', scratch.subarray(0, at + head.length), 'hex').slice(0, 32);
}
