import { readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { gzipFile, PART } from './gzip-file.ts';
import type { FullFiles } from './rotating-file.ts';

interface NumberedFilesOptions {
  readonly file: string;
  /** The one being written included. */
  readonly maxFiles: number;
  readonly gzip: boolean;
  /** Told when a file could not be compressed: it stays as it is. */
  readonly onFault: (error: Error) => void;
  /** Told which file was removed to make room on a full disk. */
  readonly onRemoved: (name: string) => void;
}

const ENDINGS = ['', '.gz'];
const AGE = /^([1-9]\d*)(?:\.gz)?$/;

/**
 * Full files beside the one being written: `file.1` is the one before it, `file.2` the one before that, … or
 * `file.1.gz`.
 */
export class NumberedFiles implements FullFiles {
  readonly #options: NumberedFilesOptions;
  /** One at a time: the next full file waits for it, so that nothing piles up. */
  #compressing: Promise<void> = Promise.resolve();

  constructor(options: NumberedFilesOptions) {
    this.#options = options;
  }

  /** Clears away what a crash left half compressed, and compresses that again; files of before `gzip` was on too. */
  async resume(): Promise<void> {
    const { file, maxFiles, gzip } = this.#options;
    const folder = dirname(file);
    const ages = new RegExp(`^\\d+\\.gz\\${PART}$`);
    for (const name of await readdir(folder)) {
      if (name.startsWith(`${basename(file)}.`) && ages.test(name.slice(basename(file).length + 1))) await unlink(join(folder, name));
    }
    if (gzip) this.#compressing = this.#compressAll(maxFiles);
  }

  /** `file` becomes `file.1`, and so on; files beyond the number kept go, those of an earlier configuration too. */
  async take(): Promise<void> {
    await this.#compressing;
    const { file, maxFiles, gzip } = this.#options;
    const name = (age: number, ending: string): string => age === 0 ? file : `${file}.${age}${ending}`;
    for (let age = maxFiles - 1; await this.#remove(age) || age < maxFiles; age++);
    for (let age = maxFiles - 2; age >= 1; age--) {
      for (const ending of ENDINGS) await isThere(rename(name(age, ending), name(age + 1, ending)));
    }
    if (maxFiles > 1) await isThere(rename(file, `${file}.1`));
    if (gzip && maxFiles > 1) this.#compressing = this.#compress(1);
  }

  async makeRoom(): Promise<number> {
    await this.#compressing;
    const { file, maxFiles, onRemoved } = this.#options;
    const folder = dirname(file);
    const begin = `${basename(file)}.`;
    const ageOf = (name: string): number =>
      name.startsWith(begin) ? Number(AGE.exec(name.slice(begin.length))?.[1] ?? 0) : 0;
    // Of another's file that is called so by its date the number is too large.
    const found = (await readdir(folder)).filter((name) => ageOf(name) > 0 && ageOf(name) < maxFiles);
    const oldest = found.sort((a, b) => ageOf(b) - ageOf(a))[0];
    if (oldest === undefined) return 0;
    const { size } = await stat(join(folder, oldest));
    await unlink(join(folder, oldest));
    onRemoved(oldest);
    return size;
  }

  async close(): Promise<void> {
    await this.#compressing;
  }

  async #remove(age: number): Promise<boolean> {
    const { file } = this.#options;
    if (age === 0) return isThere(unlink(file));
    const removed: boolean[] = [];
    for (const ending of ENDINGS) removed.push(await isThere(unlink(`${file}.${age}${ending}`)));
    return removed.includes(true);
  }

  async #compressAll(maxFiles: number): Promise<void> {
    for (let age = 1; age < maxFiles; age++) {
      if (await isThere(stat(`${this.#options.file}.${age}`))) await this.#compress(age);
    }
  }

  async #compress(age: number): Promise<void> {
    try {
      await gzipFile(`${this.#options.file}.${age}`);
    } catch (error) {
      this.#options.onFault(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

/** false = there is no such file. */
async function isThere(done: Promise<unknown>): Promise<boolean> {
  try {
    await done;
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
