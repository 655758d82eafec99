import type { LineQueue } from './line-queue.ts';

/** More than anybody reads at once. */
const MAX_LINES = 500;

/**
 * Lines of a log whose terminal shows something else for now (`run --top`): the last ones are written when that is
 * over.
 */
export class HeldLines {
  #queue: LineQueue | null = null;
  #lines: string[] = [];
  #isHolding = true;
  #leftOut = 0;

  /** @returns what the log is to write to */
  before(queue: LineQueue): this {
    this.#queue = queue;
    return this;
  }

  /** The last line held, as one, however it was broken for a terminal; empty = none. */
  get last(): string {
    return (this.#lines.at(-1) ?? '').trimEnd().replace(/\n\s*/g, ' ');
  }

  write(line: string): void {
    if (!this.#isHolding) {
      this.#queue?.write(line);
      return;
    }
    this.#lines.push(line);
    if (this.#lines.length > MAX_LINES) {
      this.#lines.shift();
      this.#leftOut++;
    }
  }

  /** From here on lines go to their place again, those held first. */
  release(): void {
    this.#isHolding = false;
    if (this.#leftOut > 0) this.#queue?.write(`(${this.#leftOut} lines before these)\n`);
    for (const line of this.#lines.splice(0)) this.#queue?.write(line);
  }

  async drain(timeoutMs: number): Promise<void> {
    await this.#queue?.drain(timeoutMs);
  }
}
