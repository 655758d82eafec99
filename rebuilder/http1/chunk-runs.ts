import { walkChunks } from './chunked.ts';

export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * Where the entity lies in a held chunked body, as lenient as a body of unknown origin needs: from the first line that
 * is no chunk's on, the rest counts as entity.
 * @param run gets the bounds of each piece, in order
 * @returns the first byte of the trailer lines; = `end` when there are none
 */
export function chunkRuns(
  bytes: Uint8Array, start: number, end: number, run: (first: number, last: number) => void,
): number {
  const { at, lineAt, state } = walkChunks(bytes, start, end, run);
  if (state === 'trailer_start') return at;
  if (lineAt < end && state !== 'data') run(lineAt, end);
  return end;
}
