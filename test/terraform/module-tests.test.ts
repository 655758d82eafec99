// What anyone with Terraform and no account can run: format, validity, and each module's own .tftest.hcl.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { test } from 'node:test';
import { globSync } from 'tinyglobby';
import { installed } from '../installed.ts';
import { terraformIsHere, Workspace } from './workspace.ts';

const MODULES = globSync(['modules/*/versions.tf', 'enis/versions.tf']).map((file) => dirname(file)).sort();
const EXAMPLES = ['examples/vpc-mirror', 'examples/existing-vpc'];
const ROOTS = [...MODULES, ...EXAMPLES];

test('every file is in Terraform\'s own format', (t) => {
  if (!installed(t, 'terraform')) return;
  const { stdout, status } = spawnSync('terraform', ['fmt', '-check', '-recursive', ...ROOTS], { encoding: 'utf8', env: { ...process.env, TF_CLI_CONFIG_FILE: '/dev/null' } });
  assert.equal(stdout, '');
  assert.equal(status, 0);
});

for (const module of MODULES) {
  // As a registry has it: its folder has no neighbours there, and a path that leaves the module leads nowhere.
  test(`${module}, copied by itself, is valid and passes its own tests`, async (t) => {
    if (!await terraformIsHere(t)) return;
    const workspace = new Workspace(t, `alone/${basename(module)}/copy`);
    cpSync(module, workspace.dir, { recursive: true, filter: (path) => basename(path) !== '.terraform' });
    assert.ok(!existsSync(`${workspace.dir}/../../examples`));
    await workspace.init();
    await workspace.must('validate', '-no-color');
    const { code, stdout, stderr } = await workspace.run('test', '-no-color');
    assert.equal(code, 0, `${stdout}\n${stderr}`);
    for (const file of globSync('tests/*.tftest.hcl', { cwd: module })) assert.ok(stdout.includes(`${file}... pass`), stdout);
  });
}

for (const example of EXAMPLES) {
  test(`${example} is valid`, async (t) => {
    if (!await terraformIsHere(t)) return;
    const workspace = new Workspace(t, example);
    await workspace.init();
    await workspace.must('validate', '-no-color');
  });
}

test('every variable and output says what it is', () => {
  for (const file of globSync(ROOTS.flatMap((root) => [`${root}/variables.tf`, `${root}/outputs.tf`]))) {
    const text = spawnSync('cat', [file], { encoding: 'utf8' }).stdout;
    for (const [, kind, name, body] of text.matchAll(/^(variable|output) "([^"]+)" \{\n([\s\S]*?)\n\}/gm)) {
      assert.match(body!, /^ {2}description\s*=/m, `${file}: ${kind} ${name}`);
    }
  }
});
