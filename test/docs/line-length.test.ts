import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { globSync } from 'tinyglobby';

const WIDEST = 120;

test('prose is at most 120 wide: not what cannot be broken (tables, headings, pictures, blocks of code, a single word)', () => {
  const wide: string[] = [];
  for (const page of globSync('**/*.md', { ignore: ['test/terraform/golden/**', '**/node_modules/**', '**/.terraform/**'] }).sort()) {
    let isCode = false;
    for (const [i, line] of readFileSync(page, 'utf8').split('\n').entries()) {
      if (/^\s*(```|~~~)/.test(line)) isCode = !isCode;
      const isFree = isCode || /^\s*(\||#|!?\[)/.test(line) || !/\S\s+\S/.test(line.trim().replace(/`[^`]*`/g, 'x'));
      if (!isFree && line.length > WIDEST) wide.push(`${page}:${i + 1} is ${line.length} wide`);
    }
  }
  assert.deepEqual(wide, []);
});

test('scripts are at most 120 wide', () => {
  const wide: string[] = [];
  for (const file of ['.ci/run', ...globSync('{package,bench,modules,test}/**/*.sh', { ignore: '**/golden/**' })]) {
    for (const [i, line] of readFileSync(file, 'utf8').split('\n').entries()) {
      if (line.length > WIDEST) wide.push(`${file}:${i + 1} is ${line.length} wide`);
    }
  }
  assert.deepEqual(wide, []);
});
