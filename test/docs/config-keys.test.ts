// The module refuses keys of config_extra that the configuration does not have: its list of them is written from the
// schema.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { KNOWN_KEYS } from '../../rebuilder/config/known-keys.ts';

const FILE = 'modules/vpc-mirror-rebuild/config-keys.json';

/** The names in each section; `''` is the whole file, and an entry of a list is told like the list. */
function namesBySection(): Record<string, string[]> {
  const sections = new Map<string, Set<string>>();
  for (const { path } of KNOWN_KEYS) {
    const names = path.replaceAll('[]', '').split('.');
    names.forEach((name, depth) => {
      const section = names.slice(0, depth).join('.');
      sections.set(section, (sections.get(section) ?? new Set()).add(name));
    });
  }
  return Object.fromEntries(
    [...sections].sort(([a], [b]) => (a < b ? -1 : 1)).map(([section, names]) => [section, [...names].sort()]),
  );
}

test(`${FILE} is written from the schema`, () => {
  const text = `${JSON.stringify(namesBySection(), null, 2)}\n`;
  if (process.env['UPDATE']) writeFileSync(FILE, text);
  assert.equal(readFileSync(FILE, 'utf8'), text, 'UPDATE=1 npm test config-keys');
});
