// A limit that claims to be solved names the test that shows it; the file must be there, and an example must name its
// test and be named.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { globSync } from 'tinyglobby';
import { COUNTERS } from '../../rebuilder/ledger.ts';

const PAGES = ['docs/limits.md', 'docs/choosing.md', 'docs/operations.md', 'examples/http-mirror/README.md', 'examples/wallarm-node/README.md'];
const read = (file: string): string => readFileSync(file, 'utf8');

for (const page of PAGES) {
  test(`${page}: every file it names is there`, () => {
    const named = [...read(page).matchAll(/`((?:test|enis|modules|examples|docs|bench|rebuilder)\/[\w./-]*[\w/])`/g)].map((match) => match[1]!);
    const linked = [...read(page).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map((match) => new URL(match[1]!, `file:///${page}`).pathname.slice(1));
    assert.ok(named.length + linked.length > 0);
    assert.deepEqual([...named, ...linked].filter((file) => !existsSync(file)), []);
  });
}

test('docs/limits.md: every limit names a test, or says where its proof lies', () => {
  const rows = read('docs/limits.md').split('\n').filter((line) => /^\| (?!limit )/.test(line));
  assert.ok(rows.length > 20);
  for (const row of rows) assert.match(row.split('|').at(-2) ?? '', /`(?:test\/|enis\/tests)/, row);
});

test('every counter and key of the configuration that a page names exists', () => {
  const keys = read('docs/configuration.md');
  const known = (name: string): boolean => name in COUNTERS || keys.includes(`\`${name}\``);
  for (const page of [...PAGES, 'rebuilder/cli/attack-test.ts']) {
    const named = [...read(page).matchAll(/\b(?:capture|wire|tcp|http|rules|forward)\.[a-z0-9_]+(?:\.[a-z0-9_]+)*\b(?!\()/g)].map((match) => match[0]);
    assert.deepEqual(named.filter((name) => !known(name) && !/\.(?:ts|test|tf|conf|example)$/.test(name)), [], page);
  }
});

test('every test of a mirroring proxy is named by docs/limits.md', () => {
  const tests = globSync(['test/http-mirror/*.test.ts', 'test/wallarm-node/*.test.ts']);
  assert.deepEqual(tests.filter((file) => !read('docs/limits.md').includes(file)), []);
});
