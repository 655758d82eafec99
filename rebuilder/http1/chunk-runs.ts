import { ChunkScanner } from './chunk-scanner.ts';

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

/**
 * Walks over a chunked body, as much of it as is there.
 * @param data is told where the entity's bytes are
 * @returns where the trailer section begins, or the framing breaks off, or `to`; and where the last line of framing
 * begins
 */
function walkChunks(
  bytes: Uint8Array, from: number, to: number, data: (start: number, end: number) => void,
): { at: number; lineAt: number; state: ChunkScanner['state'] } {
  const scanner = new ChunkScanner();
  let at = from;
  let lineAt = from;
  while (at < to && scanner.state !== 'trailer_start' && scanner.state !== 'invalid') {
    const { state, dataRemaining } = scanner;
    const stop = scanner.scan(bytes, at, dataRemaining > 0 ? Math.min(to, at + dataRemaining) : at + 1);
    if (dataRemaining > 0) data(at, stop);
    at = stop;
    if (state === 'data' || state === 'data_end') lineAt = at;
  }
  return { at, lineAt, state: scanner.state };
}

/** The entity of a chunked body: bytes[from, to) without the framing; as much of it as is held. */
export function entityOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  walkChunks(bytes, from, to, (start, end) => pieces.push(bytes.subarray(start, end)));
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

/**
 * Where the trailer section of a complete chunked body begins, as header lines; = `to` less the empty line when there
 * is none.
 */
export function trailersStart(bytes: Uint8Array, from: number, to: number): number {
  return walkChunks(bytes, from, to, () => {}).at;
}
