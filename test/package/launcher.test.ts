import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { machine, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

/** A folder as it is installed, with `node` (a shell script) as the Node that came with it. */
function home(t: TestContext, node: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'launcher-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['bin', 'app', `node/${machine()}`]) mkdirSync(join(folder, name), { recursive: true });
  copyFileSync('package/files/bin/rebuilder', join(folder, 'bin/rebuilder'));
  writeFileSync(join(folder, 'app/entry.js'), 'console.log(JSON.stringify({ args: process.argv.slice(2), options: process.execArgv }));\n');
  writeFileSync(join(folder, 'node', machine(), 'node'), `#!/bin/sh\n${node}\n`, { mode: 0o755 });
  return folder;
}

/** What the app gets from the launcher. */
function launched(t: TestContext, node: string): { args: string[]; options: string[] } {
  const said: unknown = JSON.parse(execFileSync(join(home(t, node), 'bin/rebuilder'), ['run', '-c', 'a b.yaml'], { encoding: 'utf8' }));
  assert.ok(typeof said === 'object' && said !== null && 'args' in said && 'options' in said && Array.isArray(said.args) && Array.isArray(said.options));
  return { args: said.args, options: said.options };
}

test('the launcher hands on its arguments, and options that this Node takes', (t) => {
  const { args, options } = launched(t, `exec '${process.execPath}' "$@"`);
  assert.deepEqual(args, ['run', '-c', 'a b.yaml']);
  assert.ok(options.includes('--single-threaded-gc'), options.join(' '));
});

test('a Node that does not know the options runs without them', (t) => {
  const { args, options } = launched(t, `case "$1" in --version) ;; --*) echo "node: bad option: $1" >&2; exit 9;; esac\nexec '${process.execPath}' "$@"`);
  assert.deepEqual([args, options], [['run', '-c', 'a b.yaml'], []]);
});

test('a Node that is too old, or not for this machine, is passed over for the one of the distribution', (t) => {
  const bin = mkdtempSync(join(tmpdir(), 'launcher-'));
  t.after(() => rmSync(bin, { recursive: true, force: true }));
  symlinkSync(process.execPath, join(bin, 'node'));
  const env = { ...process.env, PATH: `${bin}:/usr/bin:/bin` };
  for (const unfit of ['echo v18.20.4', 'echo v20.18.3', 'echo v20.9.0', 'echo v0.10.48', 'exit 126']) {
    assert.match(execFileSync(join(home(t, unfit), 'bin/rebuilder'), ['check'], { encoding: 'utf8', env }), /"args":\["check"\]/, unfit);
  }
});

test('where there is none that fits, it says what is there and what to do', (t) => {
  const folder = home(t, 'echo v18.20.4');
  const bin = mkdtempSync(join(tmpdir(), 'launcher-'));
  t.after(() => rmSync(bin, { recursive: true, force: true }));
  for (const name of ['sh', 'dirname', 'readlink', 'uname']) symlinkSync(execFileSync('which', [name], { encoding: 'utf8' }).trim(), join(bin, name));
  if (existsSync('/usr/bin/node-24')) return;
  const { status, stderr } = spawnSync(join(folder, 'bin/rebuilder'), ['run'], { encoding: 'utf8', env: { PATH: bin } });
  assert.equal(status, 1);
  assert.match(stderr, /^rebuilder: Node 20\.19 or later is needed, \S+\/node is v18\.20\.4: install nodejs24 .*\n$/);
});
