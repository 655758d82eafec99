import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LineQueue } from '../../rebuilder/output/line-queue.ts';
import { folder } from '../command-line.ts';

const line = (i: number, length = 100): string => `${String(i).padEnd(length - 1, '.')}\n`;

test('lines are written in their order, whatever their number and length', async (t) => {
  const path = join(folder(t), 'x.log');
  const descriptor = openSync(path, 'a');
  const queue = new LineQueue(descriptor, 64 << 20, () => assert.fail('nothing is left out'));
  const lines = Array.from({ length: 3000 }, (_, i) => line(i, 10 + ((i * 37) % 3000)));
  for (const [i, one] of lines.entries()) {
    queue.write(one);
    if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await queue.drain(60_000);
  closeSync(descriptor);
  assert.equal(readFileSync(path, 'utf8'), lines.join(''));
});

test('a full disk: every line is told as left out, and the end is not waited for', async () => {
  const descriptor = openSync('/dev/full', 'a');
  let dropped = 0;
  const queue = new LineQueue(descriptor, 1 << 20, (lines) => { dropped += lines; });
  for (let i = 0; i < 2000; i++) queue.write(line(i));
  await queue.drain(60_000);
  closeSync(descriptor);
  assert.equal(dropped, 2000);
});

test('a pipe that nobody reads: lines beyond the limit are left out, the others wait and come whole', async (t) => {
  const path = join(folder(t), 'pipe');
  execFileSync('mkfifo', [path]);
  // As process.stderr is when it is a pipe.
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  let dropped = 0;
  const queue = new LineQueue(descriptor, 1 << 20, (lines) => { dropped += lines; });
  const count = 4000;
  for (let i = 0; i < count; i++) queue.write(line(i, 1000));
  assert.ok(dropped > 2900 && dropped < 3000, `${dropped} of ${count} lines of 1 KB left out, with 1 MiB to wait in`);
  const before = performance.now();
  await queue.drain(100);
  assert.ok(performance.now() - before < 30_000);
  const chunk = Buffer.alloc(1 << 16);
  const read: Buffer[] = [];
  for (let got = 0; got < (count - dropped) * 1000;) {
    try {
      const bytes = readSync(descriptor, chunk);
      read.push(Buffer.from(chunk.subarray(0, bytes)));
      got += bytes;
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  closeSync(descriptor);
  assert.equal(Buffer.concat(read).toString(), Array.from({ length: count - dropped }, (_, i) => line(i, 1000)).join(''));
});

test('a process whose log nobody reads ends all the same', async (t) => {
  const script = `
    const { LineQueue } = await import('./rebuilder/output/line-queue.ts');
    const queue = new LineQueue(1, 1 << 20, () => {});
    for (let i = 0; i < 3000; i++) queue.write('x'.repeat(999) + '\\n');
    await queue.drain(200);
    process.exit(0);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [code] = (await once(child, 'exit')) as [number | null];
  assert.equal(code, 0);
});
