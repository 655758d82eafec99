import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, after, test, type TestContext } from 'node:test';
import { absent, installed } from '../installed.ts';

let dir = '';
before(() => { dir = mkdtempSync(join(tmpdir(), 'artifact-')); });
after(() => rmSync(dir, { recursive: true, force: true }));

/** The tarball, built with the real command; undefined (and the test skipped) if the registry of npm is out of reach. */
function built(t: TestContext, name: string, ...options: string[]): string | undefined {
  const output = join(dir, name);
  const run = spawnSync(process.execPath, ['--import', 'tsx', 'package/build.ts', '--output', output, ...options], { encoding: 'utf8' });
  if (run.status === 0) return output;
  if (run.stderr.includes('npm cannot fetch')) absent(t, run.stderr.trim());
  else assert.fail(run.stderr);
  return undefined;
}

/** Installs and runs it where nothing else is; what the probe and the service printed. */
function runInCleanRoot(t: TestContext, tarball: string, more = ''): string | undefined {
  if (!installed(t, 'unshare', 'setpriv', 'ip', 'mount', 'useradd', 'chroot')) return undefined;
  if (process.getuid?.() !== 0 || spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', 'true']).status !== 0) {
    absent(t, 'namespaces need root: run this test as root');
    return undefined;
  }
  const config = join(dir, 'conf.yaml');
  const standard = readFileSync('package/files/wallarm-node-conf.yaml', 'utf8');
  writeFileSync(config, `${standard.replace('endpoint: ""', 'endpoint: http://127.0.0.1:8445')}${more}`);
  const run = spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', '--kill-child', 'sh', 'test/package/clean-root.sh', tarball,
    mkdtempSync(join(dir, 'root-')), process.execPath, '--import', 'tsx', 'test/package/probe.ts'],
  { encoding: 'utf8', env: { ...process.env, CONFIG: config }, timeout: 120_000 });
  assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
  return run.stdout;
}

test('the same sources give the same bytes, and the checksum beside them is theirs', (t) => {
  const [first, second] = [built(t, 'first.tar.gz'), built(t, 'second.tar.gz')];
  if (first === undefined || second === undefined) return;
  const sha256 = createHash('sha256').update(readFileSync(first)).digest('hex');
  assert.deepEqual(readFileSync(first), readFileSync(second));
  assert.equal(readFileSync(`${first}.sha256`, 'utf8'), `${sha256}  first.tar.gz\n`);
});

test('it holds the native parts of both processors, the unit, and the licences of what it brings', (t) => {
  const tarball = built(t, 'listed.tar.gz');
  if (tarball === undefined) return;
  const names = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n');
  for (const name of ['install.sh', 'rebuilder', 'VERSION', 'vpc-mirror-rebuilder.service', 'wallarm-node-conf.yaml', 'app/entry.js',
    'app/node_modules/@koromix/koffi-linux-x64/linux_x64/koffi.node', 'app/node_modules/@koromix/koffi-linux-arm64/linux_arm64/koffi.node']) {
    assert.ok(names.includes(`vpc-mirror/${name}`), name);
  }
  const licences = execFileSync('tar', ['-xzOf', tarball, 'vpc-mirror/LICENSES.txt'], { encoding: 'utf8' });
  for (const name of ['koffi', 'pino', 'prom-client', 'yaml']) assert.match(licences, new RegExp(`^==== ${name}$`, 'm'));
  assert.doesNotMatch(licences, /no licence file; package.json says nothing/);
});

test('installed where nothing else is, it delivers a mirrored request with the Node of the distribution', (t) => {
  const tarball = built(t, 'plain.tar.gz');
  const said = tarball === undefined ? undefined : runInCleanRoot(t, tarball);
  if (said === undefined) return;
  assert.match(said, /^delivered: GET \/etc\/passwd shop\.example 10\.0\.1\.7$/m);
  assert.match(said, /^service ended with 0$/m);
});

test('with Node along, it needs none of the distribution, its workers neither', (t) => {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
  const tarball = built(t, 'with-node.tar.gz', '--node-for', architecture);
  const said = tarball === undefined ? undefined : runInCleanRoot(t, tarball, 'workers: 2\n');
  if (said === undefined) return;
  assert.match(said, /^delivered: GET \/etc\/passwd shop\.example 10\.0\.1\.7$/m);
  assert.match(said, /^node: .*\/opt\/vpc-mirror\/node\/[a-z0-9_]+\/node$/m);
});

test('a wrong option is one sentence and exit code 2', () => {
  for (const [options, sentence] of [[['--node-for', 'sparc'], /must be x64 or arm64/], [['--with-nodes'], /Unknown option/]] as const) {
    const run = spawnSync(process.execPath, ['--import', 'tsx', 'package/build.ts', ...options], { encoding: 'utf8' });
    assert.equal(run.status, 2);
    assert.match(run.stderr, sentence);
  }
});
