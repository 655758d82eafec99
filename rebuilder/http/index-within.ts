/**
 * Where a byte first stands in bytes[start, end); -1 = nowhere. `indexOf` has no end: behind a head that does not hold
 * the byte it goes on through the whole body, for each line anew.
 */
export function indexWithin(bytes: Uint8Array, byte: number, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if (bytes[at] === byte) return at;
  }
  return -1;
}
