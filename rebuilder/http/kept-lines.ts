import { FIRST_LINES, HeaderLines } from './header-lines.ts';

/** Of so many heads at a time, 1.3 KiB each: those of others are read a second time. */
const MOST_HEADS = 1024;

/** The header lines of heads whose bodies are still to come. */
export class KeptLines {
  readonly #spare: HeaderLines[] = [];
  #made = 0;

  /** A copy of what `lines` found, in bytes that begin `shift` further on there; null = there is no room for one. */
  keep(lines: HeaderLines, shift: number): HeaderLines | null {
    if (lines.count > FIRST_LINES) return null;
    const kept = this.#spare.pop() ?? this.#make();
    kept?.copyFrom(lines, shift);
    return kept;
  }

  #make(): HeaderLines | null {
    if (this.#made === MOST_HEADS) return null;
    this.#made++;
    return new HeaderLines();
  }

  giveBack(kept: HeaderLines): void {
    this.#spare.push(kept);
  }
}
