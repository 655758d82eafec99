const CR = 13;
const LF = 10;
/** 8 hex digits = 4 GiB: more than any message that is held, and exact in every parser. */
const MAX_SIZE_DIGITS = 8;

export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * Where the entity lies in a held chunked body, as lenient as a body of unknown origin needs: from the first bytes that are no chunk on, the
 * rest counts as entity.
 * @param run gets the bounds of each piece, in order
 * @returns the first byte of the trailer lines; = `end` when there are none
 */
export function chunkRuns(bytes: Uint8Array, start: number, end: number, run: (first: number, last: number) => void): number {
  for (let from = start; from < end;) {
    let size = 0;
    let i = from;
    for (; i < end && i - from <= MAX_SIZE_DIGITS; i++) {
      const digit = hexDigit(bytes[i]!);
      if (digit < 0) break;
      size = size * 16 + digit;
    }
    const lineEnd = bytes.indexOf(LF, i);
    if (i === from || i - from > MAX_SIZE_DIGITS || lineEnd < 0 || lineEnd >= end) {
      run(from, end);
      return end;
    }
    from = lineEnd + 1;
    if (size === 0) return from;
    const dataEnd = Math.min(from + size, end);
    run(from, dataEnd);
    from = dataEnd;
    if (from < end && bytes[from] === CR) from++;
    if (from < end && bytes[from] === LF) from++;
  }
  return end;
}
