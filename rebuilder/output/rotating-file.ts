import assert from 'node:assert/strict';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from './named-path.ts';

/** What becomes of a file that is full. */
export interface FullFiles {
  /** Moves the file away, with so many lines in it. Rejects with the system's error, and the file stays. */
  take(lines: number): Promise<void>;
  /**
   * The disk is full: removes the oldest of them, unless it is wanted elsewhere. Rejects with the system's error.
   * @returns its size, bytes; 0 = none was removed
   */
  makeRoom(): Promise<number>;
}

interface RotatingFileOptions {
  readonly file: string;
  readonly maxSizeBytes: number;
  readonly full: FullFiles;
  /** Told when writing begins to fail, and with null when it works again. */
  readonly onFault: (error: Error | null) => void;
}

const LF = 10;
const READ_BYTES = 1 << 20;
export const OWNER_ONLY = 0o600;
export const OWNER_ONLY_FOLDER = 0o700;

/**
 * Lines appended to a file that is moved away when it is full. Lines stay whole: one that could not be written to its
 * end is taken back, and one longer than a file has a file of its own. What exists is appended to, with the rights it
 * has (half a line that a crash left at its end is taken back too); what is new only its owner can read.
 *
 * Not a rotating stream of a library: those end at the first full disk, and leave half a line there.
 */
export class RotatingFile {
  readonly #options: RotatingFileOptions;
  #handle: FileHandle | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #failing = false;
  /** What is in the file, as of its last size that was seen. */
  #counted = { lines: 0, bytes: 0 };
  /** Of files that were removed since something was written. */
  #removedBytes = 0;

  private constructor(options: RotatingFileOptions) {
    this.#options = options;
  }

  /** Rejects with the system's error when the file cannot be written. */
  static async open(options: RotatingFileOptions): Promise<RotatingFile> {
    makeFolder(dirname(options.file), OWNER_ONLY_FOLDER);
    const file = new RotatingFile(options);
    await file.#takeBackHalfLine();
    return file;
  }

  /** Lines in the file that is being written. */
  get lines(): number {
    return this.#counted.lines;
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

  /** Begins a new file, if there is anything in this one, behind what was appended. Never rejects. */
  rotate(): Promise<void> {
    const rotated = this.#last.then(async () => {
      try {
        if (await this.#size() > 0) await this.#rotate();
        this.#report(null);
      } catch (error) {
        this.#report(error);
      }
    });
    this.#last = rotated;
    return rotated;
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
        await this.#writeOrMakeRoom(lines.subarray(at, end), size);
        const count = countLines(lines.subarray(at, end));
        written += count;
        this.#counted = { lines: this.#counted.lines + count, bytes: size + end - at };
        at = end;
      }
      this.#report(null);
    } catch (error) {
      this.#report(error);
    }
    return written;
  }

  #report(error: unknown): void {
    if (this.#failing === (error !== null)) return;
    this.#failing = error !== null;
    this.#options.onFault(error === null || error instanceof Error ? error : new Error(String(error)));
  }

  /**
   * Of the open file; opens it first when it is not, or when somebody removed it. Whoever truncates it does no harm.
   */
  async #size(): Promise<number> {
    if (this.#handle !== null && (await this.#handle.stat()).nlink === 0) await this.#close();
    this.#handle ??= await open(this.#options.file, 'a+', OWNER_ONLY);
    const stat = await this.#handle.stat();
    if (stat.isFile() && stat.size !== this.#counted.bytes) {
      this.#counted = { ...await wholeLines(this.#handle), bytes: stat.size };
    }
    return stat.size;
  }

  async #takeBackHalfLine(): Promise<void> {
    const size = await this.#size();
    if (size === 0 || this.#handle === null) return;
    const { bytes } = await wholeLines(this.#handle);
    if (bytes < size) await this.#handle.truncate(bytes);
  }

  /**
   * Where the disk is full the oldest files go, as if their number were reached: no more of them than what is written
   * needs, because a file that somebody reads gives its room back later, and a quota may not see it at all.
   */
  async #writeOrMakeRoom(bytes: Uint8Array, size: number): Promise<void> {
    for (;;) {
      try {
        await this.#write(bytes, size);
        this.#removedBytes = 0;
        return;
      } catch (error) {
        if (!isFullDisk(error) || this.#removedBytes >= bytes.length) throw error;
        const removed = await this.#options.full.makeRoom();
        if (removed === 0) throw error;
        this.#removedBytes += removed;
      }
    }
  }

  async #write(bytes: Uint8Array, size: number): Promise<void> {
    const handle = this.#handle;
    assert(handle !== null, 'its size was just asked for');
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

  async #rotate(): Promise<void> {
    await this.#close();
    await this.#options.full.take(this.#counted.lines);
    this.#counted = { lines: 0, bytes: 0 };
  }
}

/** How many lines a file has, and where the last one ends. */
async function wholeLines(handle: FileHandle): Promise<{ lines: number; bytes: number }> {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  let [lines, bytes] = [0, 0];
  for (let at = 0; ;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return { lines, bytes };
    const piece = buffer.subarray(0, bytesRead);
    lines += countLines(piece);
    const end = piece.lastIndexOf(LF);
    if (end >= 0) bytes = at + end + 1;
    at += bytesRead;
  }
}

/** The disk's end, or that of what its user may have of it. */
function isFullDisk(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) count++;
  return count;
}
