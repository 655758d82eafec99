// The app that `cdktf deploy` runs, run as cdktf.json says, and what Terraform says to its output.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test, type TestContext } from 'node:test';
import { terraformIsHere, Workspace } from '../terraform/workspace.ts';

/** Runs the app; the stack as Terraform's JSON. `hooks` are loaded into Node before it. */
function synthesise(t: TestContext, ...hooks: string[]): string {
  const out = mkdtempSync(join(tmpdir(), 'cdktf-out-'));
  t.after(() => rmSync(out, { recursive: true, force: true }));
  const { app }: { app: string } = JSON.parse(readFileSync('cdktf/cdktf.json', 'utf8'));
  assert.equal(app, 'npx tsx main.ts');
  const imports = ['tsx', ...hooks.map((hook) => resolve(hook))].flatMap((hook) => ['--import', hook]);
  execFileSync(process.execPath, [...imports, 'main.ts'], { cwd: 'cdktf', env: { ...process.env, CDKTF_OUTDIR: out }, stdio: 'pipe' });
  return readFileSync(join(out, 'stacks/vpc-mirror/cdk.tf.json'), 'utf8');
}

/** Without what names the tool that wrote it. */
const neutral = (stack: string): string => JSON.stringify({ ...JSON.parse(stack), '//': undefined, terraform: undefined });

test('Terraform finds the synthesised stack valid', async (t) => {
  if (!await terraformIsHere(t)) return;
  const stack: { module: Record<string, { source: string; artifact_file?: string }> } = JSON.parse(synthesise(t));
  const workspace = new Workspace(t, 'cdktf.out/stacks/vpc-mirror');
  // The modules as they are in the workspace: what a path in the checkout is has the same end.
  for (const module of Object.values(stack.module)) module.source = module.source.replace(/^.*?(?=(modules\/|enis$))/, '../../../');
  // The artifact need not have been built.
  stack.module['rebuild']!.artifact_file = 'artifact.tar.gz';
  workspace.write('artifact.tar.gz', 'stands in for the tarball');
  workspace.write('cdk.tf.json', JSON.stringify(stack));
  await workspace.init();
  await workspace.must('validate', '-no-color');
});

test('the token is a sensitive variable, and nothing secret is in the stack', (t) => {
  const stack: {
    variable: Record<string, object>;
    module: Record<string, Record<string, unknown>>;
  } = JSON.parse(synthesise(t));
  assert.equal(stack.module['nodes']!['token'], '${var.token}');
  assert.deepEqual({ ...stack.variable['token'], description: '' }, { description: '', sensitive: true, type: 'string' });
});

test('the same code runs on the archived CDKTF, and writes the same', (t) => {
  const maintained = synthesise(t);
  const archived = synthesise(t, 'test/cdktf/run-on-cdktf.mjs');
  const version = (stack: string): string => JSON.parse(stack)['//'].metadata.version;
  assert.notEqual(version(maintained), version(archived));
  assert.equal(version(archived), JSON.parse(readFileSync('node_modules/cdktf/package.json', 'utf8')).version);
  assert.equal(neutral(archived), neutral(maintained));
});
