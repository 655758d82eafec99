import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** How a file is called while it is written: one that was left behind is not whole. */
export const PART = '.part';

const OWNER_ONLY = 0o600;

/**
 * Puts `FILE.gz` in the place of a file, in pieces and beside the event loop (zlib has threads of its own). `FILE.gz`
 * is never half of it: it has another name until all of it is on the disk, and the file goes after that. Both are there
 * only after a crash between these two. Rejects with the system's error, and leaves the file as it was.
 * @returns the new name
 */
export async function gzipFile(file: string): Promise<string> {
  const whole = `${file}.gz`;
  const part = `${whole}${PART}`;
  try {
    await pipeline(createReadStream(file), createGzip(), createWriteStream(part, { mode: OWNER_ONLY, flush: true }));
    await rename(part, whole);
    await flushFolder(dirname(file));
  } catch (error) {
    await unlink(part).catch(() => undefined);
    throw error;
  }
  await unlink(file);
  return whole;
}

/** The new name must be on the disk before the old file goes from it. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
