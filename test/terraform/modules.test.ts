// What Terraform itself says of every module: its form, its validity, and the tests beside it.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { globSync } from 'tinyglobby';
import { terraformIsHere, Workspace } from './workspace.ts';

const MODULES = globSync(['modules/*', 'enis'], { onlyDirectories: true, expandDirectories: false }).map((path) => path.replace(/\/$/, '')).sort();

test('every file is as terraform fmt writes it', async (t) => {
  if (!await terraformIsHere(t)) return;
  const workspace = new Workspace(t, '.');
  assert.equal((await workspace.run('fmt', '-check', '-recursive', '-no-color')).stdout, '');
});

for (const module of MODULES) {
  test(`the README of ${module} names every input and output, and no other`, () => {
    const readme = readFileSync(join(module, 'README.md'), 'utf8');
    for (const [kind, heading] of [['variable', 'Inputs'], ['output', 'Outputs']] as const) {
      const section = readme.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
      const documented = [...section.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]);
      const declared = globSync(`${module}/*.tf`).flatMap((file) => [...readFileSync(file, 'utf8').matchAll(new RegExp(`^${kind} "(\\w+)"`, 'gm'))].map((match) => match[1]));
      assert.deepEqual(documented.sort(), declared.sort());
    }
  });
}

describe('modules', { concurrency: 2 }, () => {
  for (const module of MODULES) {
    test(`${module}: files that everyone expects, valid, and its own tests pass`, async (t) => {
      for (const file of ['main.tf', 'variables.tf', 'outputs.tf', 'versions.tf', 'README.md']) assert.ok(existsSync(join(module, file)), `${module}/${file}`);
      assert.ok(globSync(`${module}/tests/*.tftest.hcl`).length > 0, 'a test beside the module');
      if (!await terraformIsHere(t)) return;
      const workspace = new Workspace(t, module);
      await workspace.init();
      await workspace.must('validate', '-no-color');
      const { stdout } = await workspace.must('test', '-no-color');
      assert.match(stdout, /Success! [1-9]\d* passed, 0 failed/);
    });
  }
});
