import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { before, after, test } from 'node:test';
import { fingerprint } from '../../package/checkout-program.js';

const TSX = pathToFileURL(resolve('node_modules/tsx/dist/loader.mjs')).href;

let checkout = '';
before(() => {
  checkout = mkdtempSync(join(tmpdir(), 'checkout-'));
  for (const name of ['package', 'rebuilder', 'docs', 'package.json', 'tsconfig.json']) cpSync(name, join(checkout, name), { recursive: true });
  writeFileSync(join(checkout, 'package.json'), JSON.stringify({ ...JSON.parse(readFileSync('package.json', 'utf8')), bin: { rebuilder: 'rebuilder/rebuilder.js' } }));
  symlinkSync(resolve('node_modules'), join(checkout, 'node_modules'));
});
after(() => rmSync(checkout, { recursive: true, force: true }));

/** What `npm ci` does; then the bundle says of itself that it runs. */
function prepare(): void {
  rmSync(join(checkout, 'dist'), { recursive: true, force: true });
  execFileSync(process.execPath, ['--import', TSX, 'package/prepare.ts'], { cwd: checkout });
  appendFileSync(join(checkout, 'dist/rebuilder/main.js'), '\nprocess.stderr.write("from the bundle\\n");\n');
}

function start(...args: string[]): { stdout: string; fromBundle: boolean } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(checkout, 'rebuilder/rebuilder.js'), ...args], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.ok(['', 'from the bundle\n'].includes(stderr), stderr);
  return { stdout, fromBundle: stderr !== '' };
}

const editOf = (name: string, edit: (text: string) => string): void => {
  writeFileSync(join(checkout, name), edit(readFileSync(join(checkout, name), 'utf8')));
};

test('without a bundle, the sources run; with one, the bundle', () => {
  assert.equal(start('--version').fromBundle, false);
  prepare();
  assert.equal(start('--version').fromBundle, true);
});

test('it counts what is in the files, not when they were written', () => {
  prepare();
  utimesSync(join(checkout, 'rebuilder/main.ts'), 0, 0);
  assert.equal(start('--version').fromBundle, true);
});

test('after an edit of any file that went in, the sources run as they are now, until a bundle of them is prepared', () => {
  const cases: readonly (readonly [what: string, file: string, from: string, to: string])[] = [
    ['a source', 'rebuilder/main.ts', 'Turns mirrored packets', 'Turns edited packets'],
    ['a page that is served', 'rebuilder/status/browser/status.html', '</html>', '<!-- edited --></html>'],
    ['the version', 'package.json', '"version":"', '"version":"1'],
    ['how it is made', 'package/bundle.ts', 'target: \'node20\'', 'target: \'node22\''],
  ];
  prepare();
  for (const [what, file, from, to] of cases) {
    editOf(file, (text) => text.replace(from, to));
    const { stdout, fromBundle } = start(file === 'package.json' ? '--version' : '--help');
    assert.equal(fromBundle, false, what);
    if (file === 'rebuilder/main.ts') assert.match(stdout, /Turns edited packets/);
    if (file === 'package.json') assert.match(stdout, /^1\d/);
    prepare();
    assert.equal(start('--version').fromBundle, true, what);
  }
});

test('a bundle that was not finished does not count', () => {
  prepare();
  for (const broken of ['', '{"sha256":"', '{"sha256":"0","inputs":["rebuilder/main.ts"]}', '{"sha256":"0","inputs":["rebuilder/gone.ts"]}']) {
    writeFileSync(join(checkout, 'dist/rebuilder/made-of.json'), broken);
    assert.equal(start('--version').fromBundle, false, broken);
  }
});

test('a stack trace names the lines of the sources', () => {
  editOf('rebuilder/main.ts', (text) => text.replace('export async function main(argv: readonly string[]): Promise<void> {',
    '$&\n  if (argv[2] === \'fail\') throw new Error(\'on purpose\');'));
  prepare();
  const { stderr } = spawnSync(process.execPath, [join(checkout, 'rebuilder/rebuilder.js'), 'fail'], { encoding: 'utf8' });
  assert.match(stderr, /^from the bundle$/m);
  const line = readFileSync(join(checkout, 'rebuilder/main.ts'), 'utf8').split('\n').findIndex((text) => text.includes('on purpose')) + 1;
  assert.match(stderr, new RegExp(`rebuilder/main\\.ts:${line}\\b`));
});

test('the fingerprint tells apart what the same bytes in other files would not', () => {
  const dir = mkdtempSync(join(tmpdir(), 'fingerprint-'));
  try {
    const of = (files: Record<string, string>): string => {
      for (const [name, data] of Object.entries(files)) writeFileSync(join(dir, name), data);
      return fingerprint(pathToFileURL(`${dir}/`), Object.keys(files));
    };
    const all = [of({ a: 'xy', b: 'z' }), of({ a: 'x', b: 'yz' }), of({ a: 'xyz' }), of({ b: 'xyz' })];
    assert.equal(new Set(all).size, all.length);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('before npm ci, a sentence says what to do, with exit code 2', (t) => {
  const bare = mkdtempSync(join(tmpdir(), 'checkout-'));
  t.after(() => rmSync(bare, { recursive: true, force: true }));
  for (const name of ['package', 'rebuilder', 'package.json']) cpSync(name, join(bare, name), { recursive: true });
  const { status, stderr } = spawnSync(process.execPath, [join(bare, 'rebuilder/rebuilder.js'), '--version'], { encoding: 'utf8' });
  assert.match(stderr, /^The packages it needs are not in \S+node_modules: run `npm ci` there first\.\n$/);
  assert.equal(status, 2);
});
