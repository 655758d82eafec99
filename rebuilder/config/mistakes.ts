import { wrap } from './wrapped-text.ts';

/** A mistake in a configuration file: where it is, and one sentence that says what to do. */
export interface Mistake {
  /** Key by key, as it is in the file: `tcp_stream.from_interface[0].snap_len`; empty = the whole file. */
  readonly path: string;
  /** Counted from 1. */
  readonly line?: number;
  readonly sentence: string;
}

/** Every mistake of one file. Thrown once, after all of the file was read. */
export class ConfigError extends Error {
  readonly mistakes: readonly Mistake[];

  constructor(file: string, mistakes: readonly Mistake[]) {
    super(formatMistakes(file, mistakes));
    this.name = 'ConfigError';
    this.mistakes = mistakes;
  }
}

/** For a terminal: one mistake after the other, broken at `columns`. */
export function formatMistakes(file: string, mistakes: readonly Mistake[], columns = 80): string {
  const said = [...new Set(mistakes.map(({ path, line, sentence }) => `${line === undefined ? '' : `line ${line}: `}${path === '' ? '' : `${path}: `}${sentence}`))];
  const count = said.length === 1 ? '1 mistake' : `${said.length} mistakes`;
  const lines = said.flatMap((one) => wrap(one, columns - 2).map((line, i) => (i === 0 ? '- ' : '  ') + line));
  return [`${file}: ${count}`, ...lines].join('\n');
}

/**
 * What a configuration asks of this machine and cannot get, however long one waits (a log file under a file), in one
 * sentence for its user.
 */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}
