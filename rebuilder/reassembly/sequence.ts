/**
 * TCP sequence numbers: 32 bits that wrap (RFC 9293 3.4), held as signed 32-bit numbers so that they stay small
 * integers. Valid for distances under 2^31.
 */

/** How far `a` is ahead of `b` (negative: behind). */
export function distance(a: number, b: number): number {
  return (a - b) | 0;
}

/**
 * Linux's `after`: of two numbers that are exactly half of all apart each is behind the other (include/net/tcp.h).
 */
export function isAfter(a: number, b: number): boolean {
  return distance(b, a) < 0;
}

export function advance(seq: number, bytes: number): number {
  return (seq + bytes) | 0;
}
