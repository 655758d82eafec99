import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { parseConfig } from '../../rebuilder/config/load.ts';
import { ConfigError, type Mistake } from '../../rebuilder/config/mistakes.ts';

/** A file and what must come of it: values of the settings by path, words of each warning, the keys without effect. */
interface Case {
  why: string;
  file: unknown;
  settings: Record<string, unknown>;
  warnings?: string[];
  ignored?: string[];
}

/** A test for each entry of cases/NAME. */
export function settingsCases(name: string): void {
  const cases = parse(readFileSync(new URL(`./cases/${name}`, import.meta.url), 'utf8')) as Case[];
  for (const { why, file, settings, warnings = [], ignored = [] } of cases) {
    test(`${name}: ${why}`, () => {
      const loaded = parseConfig(stringify(file), name);
      for (const [path, expected] of Object.entries(settings)) {
        assert.deepEqual(at(loaded.settings, path), expected, path);
      }
      assert.equal(loaded.warnings.length, warnings.length, loaded.warnings.join('\n'));
      for (const words of warnings) assert.ok(loaded.warnings.some((it) => it.includes(words)), `no warning says '${words}'`);
      assert.deepEqual([...loaded.ignored].sort(), [...ignored].sort());
    });
  }
}

function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((here, step) => typeof here === 'object' && here !== null ? Reflect.get(here, step) : undefined, value);
}

/** A file with one mistake: its path, and words of its sentence. */
export function mistakeCases(
  cases: readonly (readonly [why: string, file: string, path: string, words: RegExp])[],
): void {
  for (const [why, file, path, words] of cases) {
    test(`a mistake is one sentence: ${why}`, () => {
      const mistakes = mistakesOf(file);
      assert.ok(mistakes.length > 0, 'no mistake was found');
      assert.equal(mistakes[0]!.path, path);
      assert.match(mistakes[0]!.sentence, words);
      assert.ok(!mistakes[0]!.sentence.includes('\n'));
    });
  }
}

/** Empty = the file is right. */
export function mistakesOf(text: string): readonly Mistake[] {
  try {
    parseConfig(text, 'test.yaml');
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}
