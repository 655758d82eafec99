import { mkdir, open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface RotatingFileOptions {
  readonly file: string;
  readonly maxSizeBytes: number;
  /** The one being written included: `file`, `file.1` (the one before it), `file.2`, … */
  readonly maxFiles: number;
  /** Told when writing begins to fail, and with null when it works again. */
  readonly onFault: (error: Error | null) => void;
}

const LF = 10;
const OWNER_ONLY = 0o600;

/**
 * Lines appended to a file that is renamed when it is full. Lines stay whole: one that could not be written to its end is taken back, and one
 * longer than a file has a file of its own. What exists is appended to, with the rights it has; what is new only its owner can read.
 *
 * Not a rotating stream of a library: those end at the first full disk, and leave half a line there.
 */
export class RotatingFile {
  readonly #options: RotatingFileOptions;
  #handle: FileHandle | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #failing = false;

  private constructor(options: RotatingFileOptions) {
    this.#options = options;
  }

  /** Rejects with the system's error when the file cannot be written. */
  static async open(options: RotatingFileOptions): Promise<RotatingFile> {
    await mkdir(dirname(options.file), { recursive: true, mode: 0o700 });
    const file = new RotatingFile(options);
    await file.#size();
    return file;
  }

  /**
   * Appends lines, each with its line feed, after those of the calls before it. Never rejects.
   * @returns how many were written
   */
  append(lines: Uint8Array): Promise<number> {
    const written = this.#last.then(() => this.#append(lines));
    this.#last = written;
    return written;
  }

  /** Waits for what was appended. */
  async close(): Promise<void> {
    await this.#last;
    await this.#handle?.close();
    this.#handle = null;
  }

  async #append(lines: Uint8Array): Promise<number> {
    let written = 0;
    try {
      for (let at = 0; at < lines.length;) {
        const size = await this.#size();
        const room = this.#options.maxSizeBytes - size;
        let end = lines.length - at <= room ? lines.length : room <= 0 ? at : lines.lastIndexOf(LF, at + room - 1) + 1;
        if (end <= at && size > 0) {
          await this.#rotate();
          continue;
        }
        if (end <= at) end = lines.indexOf(LF, at) + 1 || lines.length;
        await this.#write(lines.subarray(at, end), size);
        for (let i = at; i < end; i++) if (lines[i] === LF) written++;
        at = end;
      }
      this.#report(null);
    } catch (error) {
      this.#report(error instanceof Error ? error : new Error(String(error)));
    }
    return written;
  }

  #report(error: Error | null): void {
    if (this.#failing === (error !== null)) return;
    this.#failing = error !== null;
    this.#options.onFault(error);
  }

  /** Of the open file; opens it first when it is not, or when somebody removed it. Whoever truncates it does no harm. */
  async #size(): Promise<number> {
    if (this.#handle !== null) {
      const { size, nlink } = await this.#handle.stat();
      if (nlink > 0) return size;
      await this.#close();
    }
    this.#handle = await open(this.#options.file, 'a', OWNER_ONLY);
    return (await this.#handle.stat()).size;
  }

  async #write(bytes: Uint8Array, size: number): Promise<void> {
    const handle = this.#handle!;
    try {
      for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at)).bytesWritten;
    } catch (error) {
      await handle.truncate(size).catch(() => undefined);
      throw error;
    }
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  /** `file` becomes `file.1`, and so on; files beyond the number kept go, those of an earlier configuration too. */
  async #rotate(): Promise<void> {
    const { file, maxFiles } = this.#options;
    const name = (age: number): string => age === 0 ? file : `${file}.${age}`;
    await this.#close();
    for (let age = maxFiles - 1; await isThere(unlink(name(age))) || age < maxFiles; age++);
    for (let age = maxFiles - 2; age >= 0; age--) await isThere(rename(name(age), name(age + 1)));
  }
}

/** false = there is no such file. */
async function isThere(done: Promise<void>): Promise<boolean> {
  try {
    await done;
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
