// What anyone with Terraform and no account can run: format, validity, and each module's own .tftest.hcl.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { globSync } from 'tinyglobby';
import { installed } from '../installed.ts';
import { terraformIsHere, Workspace } from './workspace.ts';

const ROOTS = ['modules/vpc-mirror-rebuild', 'modules/vpc-mirror-sessions', 'modules/wallarm-nodes', 'enis', 'examples/vpc-mirror', 'examples/existing-vpc'];

test('every file is in Terraform\'s own format', (t) => {
  if (!installed(t, 'terraform')) return;
  const { stdout, status } = spawnSync('terraform', ['fmt', '-check', '-recursive', ...ROOTS], { encoding: 'utf8', env: { ...process.env, TF_CLI_CONFIG_FILE: '/dev/null' } });
  assert.equal(stdout, '');
  assert.equal(status, 0);
});

for (const root of ROOTS) {
  test(`${root} is valid`, async (t) => {
    if (!await terraformIsHere(t)) return;
    const workspace = new Workspace(t, root);
    await workspace.init();
    await workspace.must('validate', '-no-color');
  });

  for (const file of globSync(`${root}/tests/*.tftest.hcl`)) {
    test(`${file} passes`, async (t) => {
      if (!await terraformIsHere(t)) return;
      const workspace = new Workspace(t, root);
      await workspace.init();
      const { code, stdout, stderr } = await workspace.run('test', '-no-color', `-filter=${file.slice(root.length + 1)}`);
      assert.equal(code, 0, `${stdout}\n${stderr}`);
    });
  }
}

test('every variable and output says what it is', () => {
  for (const file of globSync(ROOTS.flatMap((root) => [`${root}/variables.tf`, `${root}/outputs.tf`]))) {
    const text = spawnSync('cat', [file], { encoding: 'utf8' }).stdout;
    for (const [, kind, name, body] of text.matchAll(/^(variable|output) "([^"]+)" \{\n([\s\S]*?)\n\}/gm)) {
      assert.match(body!, /^ {2}description\s*=/m, `${file}: ${kind} ${name}`);
    }
  }
});
