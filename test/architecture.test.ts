// The shape of the source tree: directions of imports, mirrored tests, small files. Sentences of CONTRIBUTING.md, held by a test.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { globSync } from 'tinyglobby';

/** In the order of the data: a folder imports only from itself and from folders before it. `.` = the files directly in rebuilder/. */
const ORDER = ['config', 'capture', 'wire', 'reassembly', 'http', 'rules', 'forward', 'status', 'demo', '.'];

/** Read by every folder: the table of losses knows nothing of the rest. */
const FOUNDATION = ['rebuilder/ledger.ts'];

/** Files that hold types, constants or one line for the next file: nothing to test apart from who uses them. */
const NOTHING_TO_TEST = [
  'capture/capture-format', 'capture/datagram-reader', 'capture/file-error', 'capture/frame-source', 'capture/interface-error', 'config/settings',
  'http/message', 'reassembly/stream-sink', 'rules/envelope', 'status/status-source', 'wire/packet', 'wire/protocol', 'wire/step',
];

/** Inner parts of a machine that mean nothing alone: the test that drives the machine, and the parts it must reach. */
const TESTED_AS_A_WHOLE: Readonly<Record<string, readonly string[]>> = {
  'test/capture/datagram-receiver.test.ts': [
    'capture/batch-reader', 'capture/dgram-reader', 'capture/geneve-socket', 'capture/libc', 'capture/message-slab',
    'capture/udp-socket', 'capture/vxlan-socket',
  ],
  'test/reassembly/streams.test.ts': [
    'reassembly/budget', 'reassembly/connection', 'reassembly/defragment', 'reassembly/flow-table', 'reassembly/half-stream',
    'reassembly/late-stream', 'reassembly/segments', 'reassembly/sequence',
  ],
  'test/http/messages.test.ts': [
    'http/chunked', 'http/duplicate-views', 'http/exchange-json', 'http/field-names', 'http/header-lines', 'http/held-bytes',
    'http/http-connection', 'http/irregular', 'http/message-reader', 'http/pairing', 'http/proxy-prefix', 'http/request-id', 'http/request-line',
    'http/request-parser', 'http/response-parser', 'http/search', 'http/tentative-stream', 'http/tls-records', 'pipeline', 'wire/address-text',
  ],
  'test/forward/dispatcher.test.ts': [
    'forward/added-lines', 'forward/address-book', 'forward/alb-limits', 'forward/chunked-body', 'forward/connection', 'forward/delivery',
    'forward/endpoint', 'forward/enveloped-form', 'forward/header-name', 'forward/irregular', 'forward/kept-form', 'forward/keyed-hash',
    'forward/loop-marker', 'forward/pool', 'forward/queue', 'forward/rebuilt-form', 'forward/response-framer', 'forward/sampling',
    'forward/sha256', 'forward/slab', 'forward/verdict',
  ],
  'test/box/box.test.ts': [
    'in-process', 'in-workers', 'log', 'main', 'request-log', 'service', 'service-thread', 'sources', 'worker-share',
  ],
  'test/workers.test.ts': ['capture/socket-group'],
  'test/status/balance.test.ts': ['ledger'],
};

const MAX_LINES = 400;

const sources = globSync(['rebuilder/**/*.ts', 'enis/**/*.ts', 'cdktf/**/*.ts'], { ignore: ['**/node_modules/**', '**/cdktf.out/**', '**/.gen/**'] }).sort();
const tests = globSync(['test/**/*.ts', 'bench/**/*.ts'], { ignore: ['**/node_modules/**'] }).sort();

interface Import { readonly from: string; readonly typeOnly: boolean }

/** What a file imports: paths from the root of the checkout, or names of packages. */
function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found: Import[] = [];
  for (const match of text.matchAll(/^(?:import|export)\s+(type\s)?[^'"`;]*?from\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm)) {
    const name = match[2] ?? match[3] ?? match[4]!;
    found.push({ from: name.startsWith('.') ? normalize(join(dirname(file), name)) : name, typeOnly: match[1] !== undefined });
  }
  return found;
}

const rank = (file: string): number => ORDER.indexOf(dirname(file) === 'rebuilder' ? '.' : file.split('/')[1]!);

test('every folder of the rebuilder has its place in the order of the data', () => {
  assert.deepEqual(sources.filter((file) => file.startsWith('rebuilder/') && rank(file) < 0), []);
});

test('a folder of the rebuilder imports only from folders before it', () => {
  const wrong: string[] = [];
  for (const file of sources.filter((name) => name.startsWith('rebuilder/'))) {
    for (const { from } of importsOf(file)) {
      if (from.startsWith('rebuilder/')) {
        if (!FOUNDATION.includes(from) && (FOUNDATION.includes(file) || rank(from) > rank(file))) wrong.push(`${file} imports ${from}`);
      } else if (/^(test|bench|enis|cdktf)\//.test(from)) {
        wrong.push(`${file} imports ${from}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('no two source files import each other\'s values in a circle', () => {
  const graph = new Map(sources.map((file) => [file, importsOf(file).filter((one) => !one.typeOnly).map((one) => one.from)]));
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

test('relative imports name an existing file with its ending', () => {
  const wrong: string[] = [];
  for (const file of [...sources, ...tests]) {
    for (const { from } of importsOf(file)) {
      if (/^(rebuilder|enis|cdktf|test|bench)\//.test(from) && !existsSync(from)) wrong.push(`${file} imports ${from}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('only cdktf/ imports the archived CDKTF', () => {
  const wrong = sources.filter((file) => !file.startsWith('cdktf/')
    && importsOf(file).some(({ from }) => /^(cdktf|cdktn|constructs)(\/|$)|^@cdktf\//.test(from)));
  assert.deepEqual(wrong, []);
});

const mirrored = (file: string): string => file.replace(/^rebuilder\//, 'test/').replace(/\.ts$/, '.test.ts');
const sourceFile = (name: string): string => `rebuilder/${name}.ts`;

test('every source file of the rebuilder has the test file of its name, or is a named part of what another test drives', () => {
  const excused = new Set([...NOTHING_TO_TEST, ...Object.values(TESTED_AS_A_WHOLE).flat()].map(sourceFile));
  assert.deepEqual(sources.filter((file) => file.startsWith('rebuilder/') && !excused.has(file) && !existsSync(mirrored(file))), []);
});

test('the parts that are tested as a whole are reached by that test, and everything named exists', () => {
  const wrong = [...NOTHING_TO_TEST.map(sourceFile)].filter((file) => !existsSync(file));
  for (const [testFile, parts] of Object.entries(TESTED_AS_A_WHOLE)) {
    const reached = reachedFrom(testFile);
    wrong.push(...parts.map(sourceFile).filter((file) => !reached.has(file)).map((file) => `${testFile} does not reach ${file}`));
  }
  assert.deepEqual(wrong, []);
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
  const long = sources.map((file) => ({ file, lines: readFileSync(file, 'utf8').split('\n').length - 1 })).filter(({ lines }) => lines > MAX_LINES);
  assert.deepEqual(long, []);
});

test('no file switches a check off', () => {
  const marks = ['@ts-' + 'ignore', '@ts-' + 'expect-error', '@ts-' + 'nocheck', 'eslint-' + 'disable'];
  const wrong = [...sources, ...tests].filter((file) => marks.some((mark) => readFileSync(file, 'utf8').includes(mark)));
  assert.deepEqual(wrong, []);
});
