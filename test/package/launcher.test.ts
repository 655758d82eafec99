import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { machine, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

/** What the app gets from the launcher when `node` (a shell script) is the Node that came with it. */
function launched(t: TestContext, node: string): { args: string[]; options: string[] } {
  const home = mkdtempSync(join(tmpdir(), 'launcher-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  for (const folder of ['bin', 'app', `node/${machine()}`]) mkdirSync(join(home, folder), { recursive: true });
  copyFileSync('package/files/rebuilder', join(home, 'bin/rebuilder'));
  writeFileSync(join(home, 'app/entry.js'), 'console.log(JSON.stringify({ args: process.argv.slice(2), options: process.execArgv }));\n');
  writeFileSync(join(home, 'node', machine(), 'node'), `#!/bin/sh\n${node}\n`, { mode: 0o755 });
  const said: unknown = JSON.parse(execFileSync(join(home, 'bin/rebuilder'), ['run', '-c', 'a b.yaml'], { encoding: 'utf8' }));
  assert.ok(typeof said === 'object' && said !== null && 'args' in said && 'options' in said && Array.isArray(said.args) && Array.isArray(said.options));
  return { args: said.args, options: said.options };
}

test('the launcher hands on its arguments, and options that this Node takes', (t) => {
  const { args, options } = launched(t, `exec '${process.execPath}' "$@"`);
  assert.deepEqual(args, ['run', '-c', 'a b.yaml']);
  assert.ok(options.includes('--single-threaded-gc'), options.join(' '));
});

test('a Node that does not know the options runs without them', (t) => {
  const { args, options } = launched(t, `case "$1" in --*) echo "node: bad option: $1" >&2; exit 9;; esac\nexec '${process.execPath}' "$@"`);
  assert.deepEqual([args, options], [['run', '-c', 'a b.yaml'], []]);
});
