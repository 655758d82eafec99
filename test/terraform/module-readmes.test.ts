// The tables of a module's README are those of its code: UPDATE=1 npm test module-readmes
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { globSync } from 'tinyglobby';
import { BEGIN, END, terraformDocs } from './terraform-docs.ts';

const MODULES = globSync(['modules/*/variables.tf', 'enis/variables.tf']).map((file) => dirname(file)).sort();

for (const module of MODULES) {
  test(`${module}: requirements, inputs and outputs`, async () => {
    const file = `${module}/README.md`;
    const text = readFileSync(file, 'utf8');
    const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
    assert.ok(from >= 0 && to > from, `${file} has no ${BEGIN} and ${END}`);
    const current = `${text.slice(0, from)}${await terraformDocs(module)}${text.slice(to + END.length)}`;
    if (process.env['UPDATE']) writeFileSync(file, current);
    assert.equal(readFileSync(file, 'utf8'), current, 'UPDATE=1 npm test module-readmes');
  });
}

test('modules are found', () => { assert.ok(MODULES.length >= 3); });
