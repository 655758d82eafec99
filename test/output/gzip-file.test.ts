import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { gzipFile } from '../../rebuilder/output/gzip-file.ts';
import { NumberedFiles } from '../../rebuilder/output/numbered-files.ts';
import { folder } from '../command-line.ts';

test('the compressed file takes the place of the other, for its owner only', async (t) => {
  const file = join(folder(t), 'x.jsonl');
  const text = '{"a":1}\n'.repeat(100_000);
  writeFileSync(file, text);
  assert.equal(await gzipFile(file), `${file}.gz`);
  assert.equal(gunzipSync(readFileSync(`${file}.gz`)).toString(), text);
  assert.equal(existsSync(file), false);
  assert.equal(statSync(`${file}.gz`).mode & 0o777, 0o600);
});

test('what cannot be compressed stays, and nothing else is left', async (t) => {
  const dir = folder(t);
  const file = join(dir, 'x.jsonl');
  writeFileSync(file, 'line\n');
  // A folder in its place is what nobody can write into.
  writeFileSync(join(dir, 'not-a-folder'), '');
  await assert.rejects(gzipFile(join(dir, 'not-a-folder', 'x')), /ENOTDIR/);
  await assert.rejects(gzipFile(join(dir, 'missing')), /ENOENT/);
  assert.deepEqual(readdirSync(dir).sort(), ['not-a-folder', 'x.jsonl']);
});

test('killed at any moment, the lines are whole in one of the two, and the next start finishes it', { timeout: 60_000 }, async (t) => {
  const dir = folder(t);
  const file = join(dir, 'x.jsonl');
  const bytes = Buffer.from(`${randomBytes(6_000_000).toString('base64')}\n`);
  const script = `
    const { gzipFile } = await import('./rebuilder/output/gzip-file.ts');
    process.stdout.write('ready');
    await gzipFile(process.argv[1]);`;
  for (const afterMs of [0, 40, 120, 400]) {
    for (const name of readdirSync(dir)) rmSync(join(dir, name));
    writeFileSync(`${file}.1`, bytes);
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, `${file}.1`], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    setTimeout(() => child.kill('SIGKILL'), afterMs);
    await once(child, 'close');
    if (existsSync(`${file}.1.gz`)) assert.deepEqual(gunzipSync(readFileSync(`${file}.1.gz`)), bytes);
    else assert.deepEqual(readFileSync(`${file}.1`), bytes);
    const onFault = (error: Error): void => { throw error; };
    const files = new NumberedFiles({ file, maxFiles: 3, gzip: true, onFault, onRemoved: (name) => assert.fail(name) });
    await files.resume();
    await files.close();
    assert.deepEqual(readdirSync(dir), ['x.jsonl.1.gz']);
    assert.deepEqual(gunzipSync(readFileSync(`${file}.1.gz`)), bytes);
  }
});
