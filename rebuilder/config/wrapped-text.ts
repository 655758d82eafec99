import { stripVTControlCharacters } from 'node:util';

/**
 * Breaks a sentence between words; a word longer than a line has one of its own. Colours of a terminal have no width.
 */
export function wrap(sentence: string, columns: number): string[] {
  const lines: string[] = [];
  const width = (text: string): number => stripVTControlCharacters(text).length;
  for (const word of sentence.replaceAll('\n', ' ').split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && width(last) + 1 + width(word) <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** As `wrap`, the lines after the first one set in by so many blanks. */
export function wrapIndented(sentence: string, columns: number, indent: number): string {
  const lines = wrap(sentence, columns - indent);
  return lines.join(`\n${' '.repeat(indent)}`);
}
