import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Ledger } from '../ledger.ts';
import { gzipFile, PART } from './gzip-file.ts';
import { makeFolder } from './named-path.ts';
import type { FullFiles } from './rotating-file.ts';

export interface UploadSpoolOptions {
  /** The file whose full ones come here. */
  readonly file: string;
  /** Where they lie until they are uploaded. */
  readonly folder: string;
  /** Of what waits there; beyond it the oldest file is removed. */
  readonly limitBytes: number;
  readonly ledger: Ledger;
  /** Uploads one file; rejects with an Error of one sentence. Ends early, by an error, when `signal` says so. */
  readonly upload: (path: string, begunMs: number, signal: AbortSignal) => Promise<void>;
  readonly notice: (sentence: string) => void;
  /** Before the second try; each one after it waits twice as long, up to `LONGEST_PAUSE_MS`. */
  readonly firstPauseMs?: number;
}

interface Waiting {
  readonly path: string;
  readonly begunMs: number;
  readonly lines: number;
  readonly bytes: number;
}

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** An end that takes longer than this says what it waits for. */
const SAID_AFTER_MS = 1000;

/**
 * `20261126T095300123Z-4711-9f86d081.jsonl.gz`: when it was begun, its lines, and what makes it the only one of that
 * name in the bucket.
 */
const NAME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-(\d+)-[0-9a-f]{8}\.jsonl(\.gz)?$/;

/**
 * Full files on their way to a bucket: compressed, uploaded one after the other, oldest first, and removed when the
 * bucket has them. What a run leaves behind, the next one uploads. Every line ends in one counter: exchanges.uploaded,
 * exchanges.spool_full or exchanges.left_behind.
 */
export class UploadSpool implements FullFiles {
  readonly #options: UploadSpoolOptions;
  readonly #waiting: Waiting[] = [];
  /** One at a time: the next full file waits for it. */
  #compressing: Promise<void> = Promise.resolve();
  #begunMs = Date.now();
  /** The first of `#waiting` is on its way. */
  #isUploading = false;
  #work: Promise<void> | null = null;
  readonly #stop = new AbortController();
  #fault: string | null = null;

  private constructor(options: UploadSpoolOptions) {
    this.#options = options;
  }

  /** Takes up what an earlier run left. Rejects with the system's error when the folder cannot be used. */
  static async open(options: UploadSpoolOptions): Promise<UploadSpool> {
    const spool = new UploadSpool(options);
    const { file, folder, ledger } = options;
    makeFolder(folder, 0o700);
    const names = (await readdir(folder)).sort();
    for (const name of names.filter((one) => one.endsWith(PART))) await unlink(join(folder, name));
    for (const name of names) {
      const found = parseName(name);
      if (found === null) continue;
      // Of a crash between the two steps of compression both are there.
      if (!name.endsWith('.gz') && names.includes(`${name}.gz`)) await unlink(join(folder, name));
      else await spool.#add(join(folder, name), found.begunMs, found.lines);
      if (!(names.includes(`${name}.gz`))) ledger.count('exchanges.resumed', found.lines);
    }
    // The file that was being written belongs to the hour in which it was.
    spool.#begunMs = await stat(file).then(({ mtimeMs, size }) => size > 0 ? mtimeMs : Date.now(), () => Date.now());
    spool.#go();
    return spool;
  }

  get files(): number {
    return this.#waiting.length;
  }

  async take(lines: number): Promise<void> {
    await this.#compressing;
    const { file, folder } = this.#options;
    const begunMs = this.#begunMs;
    const path = join(folder, nameOf(begunMs, lines));
    await rename(file, path);
    this.#begunMs = Date.now();
    this.#compressing = this.#add(path, begunMs, lines).then(() => this.#go(), (error: unknown) => this.#options.notice(
      `${path} waits for the next start: ${error instanceof Error ? error.message : String(error)}`,
    ));
  }

  /** What waits is not in the bucket yet; what is there makes room by itself. */
  makeRoom(): Promise<number> {
    return Promise.resolve(0);
  }

  /** Uploads what is there, for at most `timeoutMs`; the rest stays for the next run. */
  async close(timeoutMs: number): Promise<void> {
    await this.#compressing;
    const { ledger, notice, folder } = this.#options;
    const over = new AbortController();
    const late = setTimeout(() => notice(`${this.#left()} wait for S3, for at most ${timeoutMs / 1000} s (forward.drain_timeout)`), SAID_AFTER_MS);
    await Promise.race([this.#work, pause(timeoutMs, undefined, { signal: over.signal }).catch(() => undefined)]);
    over.abort();
    clearTimeout(late);
    this.#stop.abort();
    await this.#work;
    const left = this.#waiting.reduce((sum, { lines }) => sum + lines, 0);
    if (left === 0) return;
    ledger.count('exchanges.left_behind', left);
    notice(`${this.#left()} are not uploaded yet: they lie in ${folder}, and the next start uploads them`);
  }

  #left(): string {
    const files = this.#waiting.length;
    return `${this.#waiting.reduce((sum, { lines }) => sum + lines, 0)} requests in ${files} file${files === 1 ? '' : 's'}`;
  }

  /** Compresses what is not, and has it wait. */
  async #add(path: string, begunMs: number, lines: number): Promise<void> {
    let held = path;
    try {
      if (!path.endsWith('.gz')) held = await gzipFile(path);
    } catch (error) {
      this.#options.notice(`${path} cannot be compressed, and is uploaded as it is: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#waiting.push({ path: held, begunMs, lines, bytes: (await stat(held)).size });
    await this.#makeRoom();
  }

  async #makeRoom(): Promise<void> {
    const { limitBytes, ledger, notice, folder } = this.#options;
    let bytes = this.#waiting.reduce((sum, one) => sum + one.bytes, 0);
    // Not the one that is on its way, and not the newest one.
    const oldest = (): number => this.#isUploading ? 1 : 0;
    while (bytes > limitBytes && this.#waiting.length > oldest() + 1) {
      const [removed] = this.#waiting.splice(oldest(), 1);
      if (removed === undefined) break;
      bytes -= removed.bytes;
      await unlink(removed.path);
      ledger.count('exchanges.spool_full', removed.lines);
      notice(`${folder} holds more than exchanges.s3.spool: ${basename(removed.path)} with ${removed.lines} requests is removed before its upload`);
    }
  }

  #go(): void {
    this.#work ??= this.#uploadAll().finally(() => { this.#work = null; });
  }

  async #uploadAll(): Promise<void> {
    const { ledger, upload, notice, firstPauseMs = FIRST_PAUSE_MS } = this.#options;
    const { signal } = this.#stop;
    let pauseMs = firstPauseMs;
    for (let next = this.#waiting[0]; next !== undefined && !signal.aborted; next = this.#waiting[0]) {
      if (!existsSync(next.path)) {
        this.#waiting.shift();
        ledger.count('exchanges.spool_full', next.lines);
        notice(`${next.path} with ${next.lines} requests was removed by somebody before its upload`);
        continue;
      }
      try {
        this.#isUploading = true;
        await upload(next.path, next.begunMs, signal);
        this.#waiting.shift();
        ledger.count('exchanges.uploaded', next.lines);
        await unlink(next.path);
        if (this.#fault !== null) notice(`exchanges.s3: uploads work again; ${this.#waiting.length} files wait`);
        this.#fault = null;
        pauseMs = firstPauseMs;
      } catch (error) {
        if (signal.aborted) return;
        ledger.count('exchanges.upload_failed');
        const sentence = error instanceof Error ? error.message : String(error);
        if (sentence !== this.#fault) notice(`${sentence}; tried again until it works, what waits lies in ${this.#options.folder}`);
        this.#fault = sentence;
        this.#isUploading = false;
        await pause(pauseMs, undefined, { signal }).catch(() => undefined);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      } finally {
        this.#isUploading = false;
      }
    }
  }
}

function nameOf(begunMs: number, lines: number): string {
  return `${new Date(begunMs).toISOString().replace(/[-:.]/g, '')}-${lines}-${randomBytes(4).toString('hex')}.jsonl`;
}

function parseName(name: string): { begunMs: number; lines: number } | null {
  const [, year, month, day, hour, minute, second, milli, lines] = NAME.exec(name) ?? [];
  if (lines === undefined) return null;
  return { begunMs: Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${milli}Z`), lines: Number(lines) };
}
