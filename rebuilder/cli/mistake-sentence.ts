import { wrapIndented } from '../config/wrapped-text.ts';

const INDENT = 2;

/** What a command says of mistakes, or of what failed: `program: sentence` for each line, wrapped on a terminal. */
export function mistakeText(program: string, sentences: string): string {
  const columns = process.stderr.columns ?? Infinity;
  return sentences.split('\n').map((line) => `${wrapIndented(`${program}: ${line}`, columns, INDENT)}\n`).join('');
}

/** A sentence as wide as mistakes of configurations are. @param indent of its lines after the first one, in columns */
export const paragraph = (sentence: string, indent = INDENT): string => `${wrapIndented(sentence, 80, indent)}\n`;

/**
 * What commander says of a mistake in the flags as one sentence that ends in where to look: "error: unknown option
 * '--fromat'\n(Did you mean --format?)".
 * @param help such as `rebuilder run --help`
 */
export function usageSentence(message: string, help: string): string {
  const sentence = message.replace(/^error: /, '').replace(/\n\(Did you mean (.*)\?\)$/, ' (did you mean $1?)').replace(/\.$/, '');
  return `${sentence}; see ${help}`;
}
