import { copy } from './added-lines.ts';

const SPACE = 0x20;
const CR = 13;
const HTTP_1_0 = Buffer.from(' HTTP/1.0');
/** What the new request line and the name of the new header add at most. */
export const ENVELOPE_BYTES = 64;

/**
 * A request that was refused, once more: its request line becomes a header, X-Mirror-Original-Request-Line, below one that nobody refuses. NGINX
 * answers 400 to a target with %00 or with more `..` than it has folders, before any module has seen it; so the node still reads the attack.
 * `from` holds a request of ours at start..end, so its head is clean. Returns the offset behind what was written.
 */
export function putEnvelopedForm(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  let lineEnd = start;
  while (lineEnd < end && from[lineEnd] !== CR) lineEnd++;
  const isHttp10 = HTTP_1_0.equals(from.subarray(Math.max(start, lineEnd - HTTP_1_0.length), lineEnd));
  const headEnd = from.indexOf('\r\n\r\n', lineEnd) + 4;
  const method = headEnd < end ? 'POST' : 'GET';
  let next = at + to.write(`${method} / HTTP/1.${isHttp10 ? 0 : 1}\r\nX-Mirror-Original-Request-Line:`, at, 'latin1');
  to[next++] = SPACE;
  next = copy(from, start, lineEnd, to, next);
  return copy(from, lineEnd, end, to, next);
}
