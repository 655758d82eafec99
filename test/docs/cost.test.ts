// docs/cost.md shows the price table that the code reckons with.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { globSync } from 'tinyglobby';
import { PRICES } from '../../fleet/sessions/cost.ts';

const page = readFileSync('docs/cost.md', 'utf8');

test('every price, with its source, the region and the day', () => {
  const rows = [...page.matchAll(/^\| (.*) \| \$([\d.]+) \| (.*) \|$/gm)].map(([, what, price, source]) => ({ price: Number(price), what, source }));
  assert.deepEqual(rows, Object.values(PRICES.prices).map(({ price, what, source }) => ({ price, what, source })));
  assert.ok(page.includes(PRICES.date) && page.includes(PRICES.region));
});

test('no other page has a price, which would grow old by itself', () => {
  const pages = globSync(['*.md', '{docs,examples,modules,enis,cdktf,fleet}/**/*.md'], {
    ignore: ['**/node_modules/**', '**/.terraform/**', 'CHANGELOG.md', 'docs/cost.md'],
  });
  const priced = /\$\d+\.\d|\$\d+ (?:a|an) (?:month|hour)|\d USD\b/;
  assert.deepEqual(pages.filter((file) => priced.test(readFileSync(file, 'utf8'))), []);
});
