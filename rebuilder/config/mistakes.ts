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
  const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`;
  const lines = mistakes.flatMap((mistake) => {
    const where = mistake.line === undefined ? '' : `line ${mistake.line}: `;
    return wrap(`${where}${mistake.path === '' ? '' : `${mistake.path}: `}${mistake.sentence}`, columns - 2).map((line, i) => (i === 0 ? '- ' : '  ') + line);
  });
  return [`${file}: ${count}`, ...lines].join('\n');
}

function wrap(sentence: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of sentence.replaceAll('\n', ' ').split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
