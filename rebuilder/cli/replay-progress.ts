import { statSync } from 'node:fs';
import yoctoSpinner, { type Spinner } from 'yocto-spinner';

const SHOW_MS = 500;
const MIB = 1 << 20;

/** How far a replay is, for people who look at it: bytes, rate, and when it will be done. Silent where nobody does. */
export class ReplayProgress {
  readonly #totalBytes: number;
  readonly #startedMs = Date.now();
  readonly #spinner: Spinner | null;
  #shownMs = 0;
  #bytes = 0;

  /** @param isShown stderr is a terminal */
  constructor(files: readonly string[], isShown: boolean) {
    this.#totalBytes = files.reduce((sum, file) => sum + sizeOf(file), 0);
    this.#spinner = isShown ? yoctoSpinner({ text: 'reading', stream: process.stderr, handleSignals: false }).start() : null;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get elapsedMs(): number {
    return Date.now() - this.#startedMs;
  }

  read(bytes: number): void {
    this.#bytes += bytes;
    if (this.#spinner === null || Date.now() - this.#shownMs < SHOW_MS) return;
    this.#shownMs = Date.now();
    this.#spinner.text = progressText(this.#bytes, this.#totalBytes, this.elapsedMs);
  }

  stop(): void {
    this.#spinner?.stop();
  }
}

/** `read 12.0 of 48.0 MiB (25 %), 24.0 MiB/s, 2 s left`; without a size (standard input) only what was read. */
export function progressText(bytes: number, totalBytes: number, elapsedMs: number): string {
  const perMs = bytes / Math.max(1, elapsedMs);
  const rate = `${(perMs * 1000 / MIB).toFixed(1)} MiB/s`;
  if (totalBytes < bytes || totalBytes === 0) return `read ${(bytes / MIB).toFixed(1)} MiB, ${rate}`;
  const left = Math.ceil((totalBytes - bytes) / Math.max(perMs, 1e-9) / 1000);
  return `read ${(bytes / MIB).toFixed(1)} of ${(totalBytes / MIB).toFixed(1)} MiB (${Math.floor(100 * bytes / totalBytes)} %), ${rate}, ${left} s left`;
}

/** 0 = it cannot be told; whoever reads it says what is wrong with it. */
function sizeOf(file: string): number {
  return file === '-' ? 0 : statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
