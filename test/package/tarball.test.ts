import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tarball } from '../../package/tarball.ts';

const long = `${'folder-of-thirty-letters-or-so/'.repeat(5)}file.txt`;
const entries = [
  { path: 'b/run.sh', data: Buffer.from('#!/bin/sh\n'), executable: true },
  { path: 'a.bin', data: Buffer.alloc(1025, 7) },
  { path: 'empty', data: new Uint8Array(0) },
  { path: long, data: Buffer.from('deep') },
];

test('tar unpacks what was put in, with its modes', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'tarball-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  execFileSync('tar', ['-xz', '-C', dir], { input: tarball(entries) });
  for (const { path, data } of entries) assert.deepEqual(readFileSync(join(dir, path)), Buffer.from(data), path);
  assert.equal(statSync(join(dir, 'b/run.sh')).mode & 0o777, 0o755);
  assert.equal(statSync(join(dir, 'a.bin')).mode & 0o777, 0o644);
});

test('the order in which files were found does not change a byte', () => {
  assert.deepEqual(tarball(entries), tarball(entries.toReversed()));
});

test('every file is root\'s and from 1970, sorted by path', () => {
  const listed = execFileSync('tar', ['-tvz', '--numeric-owner'], { input: tarball(entries), encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } });
  const lines = listed.trim().split('\n');
  assert.ok(lines.every((line) => / 0\/0 +\d+ 1970-01-01 00:00 /.test(line)), listed);
  assert.deepEqual(lines.map((line) => line.split(' ').at(-1)), ['a.bin', 'b/run.sh', 'empty', long]);
});

test('a path that the format cannot hold is refused', () => {
  assert.throws(() => tarball([{ path: 'x'.repeat(101), data: new Uint8Array(0) }]), /cannot hold a path/);
});
