import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { configurationTable } from './configuration-table.ts';

const PAGE = new URL('../../docs/configuration.md', import.meta.url);
const GENERATED = /(<!-- generated: .* -->\n)[^]*(<!-- end of generated -->)/;

test('docs/configuration.md lists every key as the schema has it', () => {
  const page = readFileSync(PAGE, 'utf8');
  assert.match(page, GENERATED);
  const expected = page.replace(GENERATED, (_, begin: string, end: string) => `${begin}${configurationTable()}${end}`);
  if (process.env['UPDATE']) writeFileSync(PAGE, expected);
  else assert.equal(page, expected, 'run: UPDATE=1 npm test config/documentation');
});

test('the page\'s own example is a whole configuration', async () => {
  const { parseConfig } = await import('../../rebuilder/config/load.ts');
  const { runNeeds } = await import('../../rebuilder/config/run-needs.ts');
  const example = /```yaml\n([^]*?)```/.exec(readFileSync(PAGE, 'utf8'))![1]!;
  const { settings, warnings } = parseConfig(example, 'docs/configuration.md');
  assert.deepEqual([runNeeds(settings), warnings], [[], []]);
});
