import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SettingError } from '../../rebuilder/config/mistakes.ts';
import { checkWritable, makeFolder, pathError } from '../../rebuilder/output/named-path.ts';
import { file, folder } from '../command-line.ts';

test('a folder is made with those above it, and one that is there stays', (t) => {
  const deep = join(folder(t), 'a', 'b', 'c');
  makeFolder(deep, 0o700);
  makeFolder(deep, 0o755);
  assert.equal(statSync(deep).mode & 0o777, 0o700);
});

// In a process of its own: mkdir of Node, asked for all of the path, tries for ever there, and no timer of a test would
// end it.
test('a folder that the file system refuses to make is an error, not an endless trial', () => {
  const script = 'import { makeFolder } from "./rebuilder/output/named-path.ts"; try { makeFolder("/proc/no/such"); } catch (error) { console.log(error.code); }';
  const { stdout, signal } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { encoding: 'utf8', timeout: 60_000 });
  assert.deepEqual([stdout, signal], ['ENOENT\n', null]);
});

test('what no waiting mends is a mistake in a setting, in words; what may pass is not', (t) => {
  const plain = file(t, 'plain', '');
  for (const [path, words] of [
    [join(plain, 'x.log'), /what it names as its folder is a file$/], [folder(t), /it is a folder: name a file in it$/], ['/proc/nope/x.log', /its folder is not there, and cannot be made$/],
  ] as const) {
    assert.throws(() => checkWritable('log.log_file', path, 0o640), (error) => {
      assert.ok(error instanceof SettingError);
      assert.ok(error.message.startsWith(`log.log_file: ${path} cannot be written: `));
      assert.match(error.message, words);
      return true;
    });
  }
  const full = pathError('exchanges.file', '/x', Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }));
  assert.ok(!(full instanceof SettingError));
  assert.equal(full.message, 'exchanges.file: /x cannot be written: ENOSPC: no space left on device');
});

test('a file that is tried is made, and what is in it stays', (t) => {
  const path = join(folder(t), 'new', 'x.log');
  checkWritable('log.log_file', path, 0o640);
  assert.equal(readFileSync(path, 'utf8'), '');
  const kept = file(t, 'x.log', 'kept\n');
  checkWritable('log.log_file', kept, 0o640);
  assert.equal(readFileSync(kept, 'utf8'), 'kept\n');
});
