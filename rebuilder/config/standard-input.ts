import { readSync } from 'node:fs';

const CHUNK_BYTES = 65_536;
const LOOK_MS = 20;

/**
 * Standard input up to its end. Once anything has looked at `process.stdin`, as an `import process` of a package does,
 * a pipe is read without waiting: what has not come yet is an error (EAGAIN) and no end.
 */
export function readStandardInput(): Buffer {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const length = readIfThere(chunk);
    if (length === 0) return Buffer.concat(chunks);
    if (length === null) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS);
    else chunks.push(chunk.subarray(0, length));
  }
}

/** @returns bytes; 0 = the end, null = nothing yet */
function readIfThere(chunk: Buffer): number | null {
  try {
    return readSync(0, chunk);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return null;
    throw error;
  }
}
