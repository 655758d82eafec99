import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';

/**
 * Whether all the programs a test needs are on this machine. If not, the test is skipped with a sentence, or fails
 * where `CI` is set: there everything is installed, and a test that did not run has shown nothing.
 */
export function installed(t: TestContext, ...programs: string[]): boolean {
  const missing = sentenceOfMissing(programs);
  return missing === null ? true : absent(t, missing);
}

/** The same for the option `skip` of a whole suite. Where `CI` is set it is not skipped, and fails by itself. */
export function skippedWithout(...programs: string[]): string | false {
  return process.env['CI'] ? false : sentenceOfMissing(programs) ?? false;
}

/** What is said of those programs that are not on this machine; null if all are. */
export function sentenceOfMissing(programs: readonly string[]): string | null {
  const missing = programs.filter((program) => spawnSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' }).status !== 0);
  return missing.length === 0 ? null : `${missing.join(' and ')} not installed: the real program is part of this test`;
}

/** Skips with the sentence, or fails where `CI` is set. Always false. */
export function absent(t: TestContext, sentence: string): false {
  if (process.env['CI']) throw new Error(sentence);
  t.skip(sentence);
  return false;
}
