import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { installed } from '../installed.ts';
import { NumberedFiles } from '../../rebuilder/output/numbered-files.ts';
import { RotatingFile } from '../../rebuilder/output/rotating-file.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'rotating-file-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

/** Opens `x.jsonl` in a folder; what it complains of lands in `faults`. */
async function opened(
  dir: string,
  maxSizeBytes: number,
  maxFiles: number,
): Promise<{ file: RotatingFile; path: string; faults: (string | null)[] }> {
  const faults: (string | null)[] = [];
  const path = join(dir, 'x.jsonl');
  const onFault = (error: Error | null): void => void faults.push(error?.message ?? null);
  const onRemoved = (name: string): void => void faults.push(name);
  const full = new NumberedFiles({ file: path, maxFiles, gzip: false, onFault, onRemoved });
  const file = await RotatingFile.open({ file: path, maxSizeBytes, full, onFault });
  return { file, path, faults };
}

const line = (i: number, length = 100): string => `${String(i).padEnd(length - 1, '.')}\n`;
const lines = (from: number, to: number): Buffer => Buffer.from(Array.from({ length: to - from }, (_, i) => line(from + i)).join(''));

test('files stay under their size with whole lines, the oldest go, the order is kept', async (t) => {
  const dir = folder(t);
  const { file, path, faults } = await opened(dir, 1050, 3);
  // Batches that fit, that fill a file, and that span several files.
  const counts = [await file.append(lines(0, 3)), await file.append(lines(3, 17)), await file.append(lines(17, 58))];
  await file.close();
  assert.deepEqual([counts, faults], [[3, 14, 41], []]);
  assert.deepEqual(readdirSync(dir).sort(), ['x.jsonl', 'x.jsonl.1', 'x.jsonl.2']);
  const kept = [`${path}.2`, `${path}.1`, path].map((name) => readFileSync(name, 'utf8'));
  assert.deepEqual(kept.map((text) => text.length), [1000, 1000, 800]);
  assert.equal(kept.join(''), lines(30, 58).toString());
  assert.deepEqual([path, `${path}.1`].map((name) => statSync(name).mode & 0o777), [0o600, 0o600]);
});

test('one file kept: it begins anew; files of a larger number kept before go', async (t) => {
  const dir = folder(t);
  for (const age of [1, 2, 3]) writeFileSync(join(dir, `x.jsonl.${age}`), 'old\n');
  const { file, path } = await opened(dir, 500, 1);
  assert.equal(await file.append(lines(0, 7)), 7);
  await file.close();
  assert.deepEqual(readdirSync(dir), ['x.jsonl']);
  assert.equal(readFileSync(path, 'utf8'), lines(5, 7).toString());
});

test('a line longer than a file has a file of its own', async (t) => {
  const dir = folder(t);
  const { file, path } = await opened(dir, 500, 10);
  const long = line(1, 3000);
  assert.equal(await file.append(Buffer.from(line(0) + long + line(2))), 3);
  await file.close();
  assert.deepEqual([`${path}.2`, `${path}.1`, path].map((name) => readFileSync(name, 'utf8')), [line(0), long, line(2)]);
});

test('what exists is appended to, with its rights', async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, 'x.jsonl'), line(0), { mode: 0o640 });
  const { file, path } = await opened(dir, 1000, 2);
  await file.append(lines(1, 2));
  await file.close();
  assert.equal(readFileSync(path, 'utf8'), lines(0, 2).toString());
  assert.equal(statSync(path).mode & 0o777, 0o640);
});

test('calls that do not wait for each other are written one after the other', async (t) => {
  const dir = folder(t);
  const { file, path } = await opened(dir, 1 << 20, 2);
  const counts = await Promise.all(Array.from({ length: 200 }, (_, i) => file.append(lines(i * 3, i * 3 + 3))));
  await file.close();
  assert.deepEqual([...new Set(counts)], [3]);
  assert.equal(readFileSync(path, 'utf8'), lines(0, 600).toString());
});

test('a file that was removed or truncated by others is written again', async (t) => {
  const dir = folder(t);
  const { file, path } = await opened(dir, 1000, 3);
  await file.append(lines(0, 8));
  truncateSync(path);
  await file.append(lines(8, 16));
  assert.equal(readFileSync(path, 'utf8'), lines(8, 16).toString());
  unlinkSync(path);
  await file.append(lines(16, 17));
  assert.equal(readFileSync(path, 'utf8'), line(16));
  await file.close();
});

test('what cannot be written is said once, and once more when it can', async (t) => {
  const dir = folder(t);
  const inner = join(dir, 'inner');
  const { file, path, faults } = await opened(inner, 1000, 3);
  assert.equal(statSync(inner).mode & 0o777, 0o700, 'a folder that had to be made is the owner\'s alone');
  rmSync(inner, { recursive: true });
  assert.deepEqual([await file.append(lines(0, 2)), await file.append(lines(2, 4))], [0, 0]);
  mkdirSync(inner);
  assert.equal(await file.append(lines(4, 6)), 2);
  await file.close();
  assert.equal(readFileSync(path, 'utf8'), lines(4, 6).toString());
  assert.equal(faults.length, 2);
  assert.match(faults[0]!, /^ENOENT/);
  assert.equal(faults[1], null);
});

test('a full disk leaves no half line', (t) => {
  const dir = folder(t);
  const path = join(dir, 'x.jsonl');
  // A limit of the file's size stands for the disk: the kernel writes as much as fits and refuses the rest.
  const script = `
    const { RotatingFile } = await import('./rebuilder/output/rotating-file.ts');
    const faults = [];
    const full = { take: async () => {}, makeRoom: async () => 0 };
    const file = await RotatingFile.open({ file: ${JSON.stringify(path)}, maxSizeBytes: 1 << 20, full, onFault: (e) => faults.push(e?.code ?? null) });
    const line = Buffer.from('x'.repeat(299) + '\\n');
    const three = Buffer.concat([line, line, line]);
    let written = 0;
    for (let i = 0; i < 100; i++) written += await file.append(three);
    await file.close();
    process.stdout.write(JSON.stringify({ written, faults }));`;
  const limited = 'trap "" XFSZ; ulimit -f 16; exec "$@"';
  const run = spawnSync('sh', ['-c', limited, 'sh', process.execPath, '--import', 'tsx', '--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  const { written, faults } = JSON.parse(run.stdout) as { written: number; faults: string[] };
  const size = statSync(path).size;
  assert.ok(written > 0 && written < 300, String(written));
  assert.equal(size, written * 300);
  assert.deepEqual(faults, ['EFBIG']);
});

/** Runs `script` where a disk of 256 KiB is mounted at `dir`, which is its own; undefined = the test is skipped. */
function onSmallDisk(t: TestContext, dir: string, script: string): unknown {
  if (!installed(t, 'unshare', 'mount')) return undefined;
  if (spawnSync('unshare', ['-rm', 'true']).status !== 0) {
    t.skip('it needs namespaces of its own');
    return undefined;
  }
  const mounted = 'mount -t tmpfs -o size=256k none "$0" && exec "$@"';
  const run = spawnSync(
    'unshare',
    ['-rm', 'sh', '-c', mounted, dir, process.execPath, '--import', 'tsx', '--input-type=module', '-e', script],
    { encoding: 'utf8' },
  );
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout);
}

test('on a disk smaller than its files the oldest make room for what is new', (t) => {
  const dir = folder(t);
  const said = onSmallDisk(t, dir, `
    import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
    const { NumberedFiles } = await import('./rebuilder/output/numbered-files.ts');
    const { RotatingFile } = await import('./rebuilder/output/rotating-file.ts');
    process.chdir(${JSON.stringify(dir)});
    const removed = [];
    const faults = [];
    const full = new NumberedFiles({
      file: 'x.jsonl', maxFiles: 10, gzip: false, onFault: (e) => faults.push(e.code), onRemoved: (name) => removed.push(name),
    });
    const file = await RotatingFile.open({ file: 'x.jsonl', maxSizeBytes: 64 << 10, full, onFault: (e) => faults.push(e?.code ?? null) });
    const append = (i) => file.append(Buffer.from(String(i).padEnd(1023, '.') + '\\n'));
    // Another's files, one of them with a date for its number.
    writeFileSync('x.jsonl.20261126', 'kept');
    writeFileSync('x.jsonl.9.note', 'kept');
    let written = 0;
    for (let i = 0; i < 1000; i++) written += await append(i);
    const names = readdirSync('.').sort();
    const lines = names.filter((name) => /^x.jsonl(.\\d)?$/.test(name)).reverse().flatMap((name) => readFileSync(name, 'utf8').trim().split('\\n'));
    const first = { written, names, numbers: lines.map(parseFloat), faults: [...faults] };
    // What somebody reads gives no room: one goes, and no more until something can be written.
    removed.length = 0;
    const readers = names.map((name) => openSync(name));
    for (let i = 0; i < 200; i++) await append(i);
    const inVain = { removed: removed.length, faults: [...faults] };
    readers.forEach(closeSync);
    const again = await append(0);
    await file.close();
    process.stdout.write(JSON.stringify({ ...first, inVain, again, faults }));`);
  if (said === undefined) return;
  const { written, names, numbers, faults, inVain, again } = said as {
    written: number; names: string[]; numbers: number[]; faults: (string | null)[];
    inVain: { removed: number; faults: (string | null)[] }; again: number;
  };
  assert.equal(written, 1000);
  assert.deepEqual(names, ['x.jsonl', 'x.jsonl.1', 'x.jsonl.2', 'x.jsonl.20261126', 'x.jsonl.3', 'x.jsonl.9.note']);
  const last = Array.from({ length: numbers.length }, (_, i) => 1000 - numbers.length + i);
  assert.deepEqual(numbers, last, 'the newest lines, without a hole');
  assert.deepEqual(inVain, { removed: 1, faults: ['ENOSPC'] });
  assert.deepEqual([again, faults], [1, ['ENOSPC', null]]);
});

test('a file that cannot be opened is an error at the start', async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, 'file'), '');
  const options = { file: join(dir, 'file', 'x.jsonl'), maxSizeBytes: 1000, full: { take: async () => {}, makeRoom: async () => 0 }, onFault: () => {} };
  await assert.rejects(RotatingFile.open(options), /ENOTDIR|EEXIST/);
});

test('half a line that a crash left is taken back, and what is whole is counted', async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, 'x.jsonl'), `${line(0)}${line(1)}{"time":"2026-`);
  const { file, path } = await opened(dir, 1000, 2);
  assert.equal(file.lines, 2);
  await file.append(lines(2, 3));
  assert.equal(file.lines, 3);
  await file.close();
  assert.equal(readFileSync(path, 'utf8'), lines(0, 3).toString());
});

test('a file is begun anew on request, behind what was appended, unless it is empty', async (t) => {
  const dir = folder(t);
  const { file, path } = await opened(dir, 1 << 20, 5);
  void file.append(lines(0, 3));
  await file.rotate();
  await file.rotate();
  await file.append(lines(3, 4));
  await file.close();
  assert.deepEqual(readdirSync(dir).sort(), ['x.jsonl', 'x.jsonl.1']);
  assert.deepEqual([readFileSync(`${path}.1`, 'utf8'), readFileSync(path, 'utf8')], [lines(0, 3).toString(), line(3)]);
});
