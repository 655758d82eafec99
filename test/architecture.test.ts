// The shape of the source tree: directions of imports, mirrored tests, small files. Sentences of CONTRIBUTING.md, held
// by a test.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { globSync } from 'tinyglobby';

/**
 * In the order of the data: a folder imports only from itself and from folders before it. `pipeline.ts` joins those
 * before it; `.` = the other files directly in rebuilder/.
 */
const ORDER = [
  'address', 'config', 'capture', 'wire', 'reassembly', 'http', 'http1', 'http2', 'exchange', 'pipeline.ts', 'rules', 'forward', 'status', 'output', 'service', 'cli',
  'demo', '.',
];

/** Read by every folder: the table of losses knows nothing of the rest. */
const FOUNDATION = ['rebuilder/ledger.ts'];

/** The same for fleet/: what the account says, who is picked, with what sessions, whether it works. */
const FLEET_ORDER = ['aws', 'enis', 'description', 'sessions', 'doctor', 'status', 'reconcile', 'terminal', '.'];
const FLEET_FOUNDATION = ['fleet/usage-error.ts', 'fleet/group-by.ts'];

/** All that fleet/ takes of the rebuilder: how mistakes are told, how one request is sent, the version of both. */
const FLEET_MAY_IMPORT = [
  'rebuilder/config/mistakes.ts', 'rebuilder/config/nearest.ts', 'rebuilder/cli/mistake-sentence.ts', 'rebuilder/cli/probe.ts',
  'rebuilder/service/version.ts',
];

const MAX_LINES = 350;

const sources = globSync(['rebuilder/**/*.ts', 'fleet/**/*.ts', 'cdktf/**/*.ts'], { ignore: ['**/node_modules/**', '**/cdktf.out/**', '**/.gen/**'] }).sort();
const tests = globSync(['test/**/*.ts', 'bench/**/*.ts'], { ignore: ['**/node_modules/**'] }).sort();

interface Import { readonly from: string; readonly typeOnly: boolean; readonly dynamic: boolean }

/** What a file imports: paths from the root of the checkout, or names of packages. */
function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found: Import[] = [];
  for (const match of text.matchAll(/^(?:import|export)\s+(type\s)?[^'"`;]*?from\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm)) {
    const name = match[2] ?? match[3] ?? match[4]!;
    found.push({ from: name.startsWith('.') ? normalize(join(dirname(file), name)) : name, typeOnly: match[1] !== undefined, dynamic: match[4] !== undefined });
  }
  return found;
}

function rank(file: string): number {
  const room = file.split('/')[1]!;
  return ORDER.indexOf(dirname(file) === 'rebuilder' && room !== 'pipeline.ts' ? '.' : room);
}

test('every folder of the rebuilder has its place in the order of the data', () => {
  assert.deepEqual(sources.filter((file) => file.startsWith('rebuilder/') && rank(file) < 0), []);
});

test('a folder of the rebuilder imports only from folders before it', () => {
  const wrong: string[] = [];
  for (const file of sources.filter((name) => name.startsWith('rebuilder/'))) {
    for (const { from } of importsOf(file)) {
      if (from.startsWith('rebuilder/')) {
        if (!FOUNDATION.includes(from) && (FOUNDATION.includes(file) || rank(from) > rank(file))) wrong.push(`${file} imports ${from}`);
      } else if (/^(test|bench|enis|cdktf|fleet)\//.test(from)) {
        wrong.push(`${file} imports ${from}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('a folder of fleet/ imports only from folders before it, and of the rebuilder only what is named', () => {
  const rankOf = (file: string): number => FLEET_ORDER.indexOf(dirname(file) === 'fleet' ? '.' : file.split('/')[1]!);
  const wrong: string[] = [];
  for (const file of sources.filter((name) => name.startsWith('fleet/'))) {
    if (rankOf(file) < 0) wrong.push(`${file} has no place in the order`);
    for (const { from } of importsOf(file)) {
      const isWrong = from.startsWith('fleet/')
        ? !FLEET_FOUNDATION.includes(from) && (FLEET_FOUNDATION.includes(file) || rankOf(from) > rankOf(file))
        : /^(rebuilder|test|bench|cdktf)\//.test(from) && !FLEET_MAY_IMPORT.includes(from);
      if (isWrong) wrong.push(`${file} imports ${from}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('only fleet/, and the one file that uploads exchanges, import the AWS SDK', () => {
  const isSdk = (name: string): boolean => /^@(aws-sdk|smithy)\//.test(name);
  const using = sources.filter((file) => importsOf(file).some(({ from }) => isSdk(from)));
  assert.ok(using.some((file) => file.startsWith('fleet/')));
  assert.deepEqual(using.filter((file) => !file.startsWith('fleet/')), ['rebuilder/output/s3-upload.ts']);
});

test('no two source files import each other in a circle', () => {
  const graph = new Map(sources.map((file) => [file, importsOf(file).map((one) => one.from)]));
  const finished = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) circles.push([...path.slice(at), file].join(' > '));
    if (at >= 0 || finished.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    finished.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  assert.deepEqual(circles, []);
});

test('docs/architecture.md names every folder of the rebuilder and of fleet/, and only files that exist', () => {
  const text = readFileSync('docs/architecture.md', 'utf8');
  const inRow = (folder: string): boolean => text.includes(`\`${folder}\``);
  const folders = new Set(sources.map((file) => /^(?:rebuilder\/([^/]+\/)|(fleet\/[^/]+\/))/.exec(file)).map((found) => found?.[1] ?? found?.[2]));
  assert.deepEqual([...folders].filter((folder) => folder !== undefined && !inRow(folder)), []);
  const files = [...sources, ...globSync(['test/**/*.ts', 'package/**/*.ts'])];
  const named = [...text.matchAll(/`([\w/-]+\.ts)`/g)].map(([, name]) => name!);
  assert.ok(named.length > 40, `files are named: ${named.length}`);
  assert.deepEqual(named.filter((name) => !files.some((file) => file === name || file.endsWith(`/${name}`))), []);
});

test('only what joins the rooms lies outside of them', () => {
  assert.deepEqual(sources.filter((file) => dirname(file) === 'rebuilder'), ['rebuilder/ledger.ts', 'rebuilder/main.ts', 'rebuilder/pipeline.ts']);
});

test('relative imports name an existing file with its ending', () => {
  const wrong: string[] = [];
  for (const file of [...sources, ...tests]) {
    for (const { from, dynamic } of importsOf(file)) {
      // A dynamic import may stand in the text of a child program with another folder of its own.
      if (!dynamic && /^(rebuilder|fleet|enis|cdktf|test|bench)\//.test(from) && !existsSync(from)) wrong.push(`${file} imports ${from}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('only cdktf/ imports the archived CDKTF', () => {
  const wrong = sources.filter((file) => !file.startsWith('cdktf/')
    && importsOf(file).some(({ from }) => /^(cdktf|cdktn|constructs)(\/|$)|^@cdktf\//.test(from)));
  assert.deepEqual(wrong, []);
});

/**
 * Rooms whose inner parts are also driven by the tests of others: what both versions of HTTP share, and the commands.
 */
const DRIVEN_FROM: Readonly<Record<string, readonly string[]>> = { 'test/http': ['test/http1', 'test/http2'], 'test/cli': ['test/main.test.ts'] };

const mirrored = (file: string): string => file.replace(/^rebuilder\//, 'test/').replace(/\.ts$/, '.test.ts');

test('every source file of the rebuilder has the test file of its name, or is an inner part that the tests of its folder drive', () => {
  const reached = new Map<string, Set<string>>();
  const reachedByFolder = (folder: string): Set<string> => {
    const known = reached.get(folder);
    if (known) return known;
    const drivers = [folder, ...DRIVEN_FROM[folder] ?? []];
    const own = tests.filter((file) => file.endsWith('.test.ts') && (drivers.includes(dirname(file)) || drivers.includes(file)));
    const all = new Set(own.flatMap((file) => [...reachedFrom(file)]));
    reached.set(folder, all);
    return all;
  };
  const wrong = sources.filter((file) => file.startsWith('rebuilder/') && !existsSync(mirrored(file)))
    .filter((file) => !reachedByFolder(dirname(mirrored(file))).has(file));
  assert.deepEqual(wrong, []);
});

test('every source file of fleet/ is driven by a test of test/fleet/', () => {
  const reached = new Set(tests.filter((file) => /^test\/fleet\/.*\.test\.ts$/.test(file)).flatMap((file) => [...reachedFrom(file)]));
  assert.deepEqual(sources.filter((file) => file.startsWith('fleet/') && !reached.has(file)), []);
});

/** All files that a file imports, those that they import, and the program's own when it is started as a program. */
function reachedFrom(start: string): Set<string> {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file) || !existsSync(file)) return;
    reached.add(file);
    if (!/\.[jt]s$/.test(file)) return;
    for (const { from } of importsOf(file)) visit(from);
    if (readFileSync(file, 'utf8').includes('rebuilder/rebuilder.js')) visit('rebuilder/main.ts');
    if (readFileSync(file, 'utf8').includes('fleet/vpc-mirror.js')) visit('fleet/main.ts');
    if (readFileSync(file, 'utf8').includes('fleet/reconcile/handler.ts')) visit('fleet/reconcile/handler.ts');
  };
  visit(start);
  return reached;
}

test('files are kebab-case nouns, and none of them is a drawer for everything', () => {
  const wrong = sources.filter((file) => {
    const name = file.split('/').at(-1)!;
    return !/^[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(name) || /^(index|utils?|helpers?|common|types|misc|core|base|manager)\.ts$/.test(name);
  });
  assert.deepEqual(wrong, []);
});

test(`no source file is longer than ${MAX_LINES} lines`, () => {
  // A construct that cdktf/generate.ts writes is as long as its module has inputs.
  const written = sources.filter((file) => !readFileSync(file, 'utf8').startsWith('// Written by generate.ts '));
  const long = written.map((file) => ({ file, lines: readFileSync(file, 'utf8').split('\n').length - 1 })).filter(({ lines }) => lines > MAX_LINES);
  assert.deepEqual(long, []);
});

test('no file switches a check off', () => {
  const marks = ['@ts-' + 'ignore', '@ts-' + 'expect-error', '@ts-' + 'nocheck', 'eslint-' + 'disable'];
  const wrong = [...sources, ...tests].filter((file) => marks.some((mark) => readFileSync(file, 'utf8').includes(mark)));
  assert.deepEqual(wrong, []);
});
