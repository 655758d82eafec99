// docs/ledger.md lists each counter of rebuilder/ledger.ts, in its order and words; only its last column is written by
// hand. `UPDATE=1 npm test docs/ledger` rewrites the tables and keeps that column.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { COUNTERS, COUNTER_NAMES, type CounterName } from '../../rebuilder/ledger.ts';
import { familyOf } from '../../rebuilder/status/metrics.ts';

const FILE = 'docs/ledger.md';
const HEAD = '| counter | role | unit | meaning | what to do |\n|---|---|---|---|---|\n';
const LAYERS = [...new Set(COUNTER_NAMES.map((name) => name.split('.')[0]!))];

const text = readFileSync(FILE, 'utf8');

const adviceOf = (name: CounterName): string =>
  new RegExp(`^\\| \`${name.replaceAll('.', '\\.')}\` \\|(?:[^|]*\\|){3} ?([^|]*?) ?\\|$`, 'm').exec(text)?.[1] ?? '';

const row = (name: CounterName): string =>
  `| \`${name}\` | ${COUNTERS[name].role} | ${COUNTERS[name].unit} | ${COUNTERS[name].help.replaceAll('|', '\\|')} | ${adviceOf(name)} |\n`;

const table = (layer: string): string => HEAD + COUNTER_NAMES.filter((name) => name.startsWith(`${layer}.`)).map(row).join('');

/** The table that stands between the marks of a layer. */
const marked = (layer: string): RegExp => new RegExp(`(<!-- ${layer} -->\n)[^]*?(<!-- /${layer} -->)`);

if (process.env['UPDATE']) {
  const fill = (all: string, layer: string): string =>
    all.replace(marked(layer), (_, begin: string, end: string) => begin + table(layer) + end);
  writeFileSync(FILE, LAYERS.reduce(fill, text));
}

for (const layer of LAYERS) {
  test(`${FILE} says what rebuilder/ledger.ts says of ${layer}`, () => {
    const found = marked(layer).exec(readFileSync(FILE, 'utf8'));
    assert.ok(found, `no table between <!-- ${layer} --> and <!-- /${layer} -->`);
    assert.equal(found[0], `<!-- ${layer} -->\n${table(layer)}<!-- /${layer} -->`, 'run UPDATE=1 npm test docs/ledger');
  });
}

test('each loss says what to do', () => {
  assert.deepEqual(COUNTER_NAMES.filter((name) => COUNTERS[name].role === 'lost' && adviceOf(name) === ''), []);
});

test('names in the prose are counters, and Prometheus families exist', () => {
  const prose = text.replace(/^\|.*$/gm, '');
  const layers = LAYERS.join('|');
  const unknown = [...prose.matchAll(new RegExp(`\`((?:${layers})\\.[a-z0-9_.]+)\``, 'g'))].map(([, name]) => name!)
    .filter((name) => !(name in COUNTERS) && !COUNTER_NAMES.some((one) => one.startsWith(`${name}.`)));
  assert.deepEqual(unknown, []);
  const families = new Set(COUNTER_NAMES.map(familyOf));
  for (const [, family] of prose.matchAll(/\b(rebuilder_\w+_total)\b/g)) assert.ok(families.has(family!), family);
});
