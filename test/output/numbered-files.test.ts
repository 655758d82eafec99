import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { NumberedFiles } from '../../rebuilder/output/numbered-files.ts';
import { RotatingFile } from '../../rebuilder/output/rotating-file.ts';
import { folder } from '../command-line.ts';

const line = (i: number): string => `${String(i).padEnd(99, '.')}\n`;
const text = (file: string): string => (file.endsWith('.gz') ? gunzipSync(readFileSync(file)) : readFileSync(file)).toString();

async function opened(file: string, maxFiles: number, gzip = true) {
  const faults: string[] = [];
  const full = new NumberedFiles({
    file, maxFiles, gzip, onFault: (error) => faults.push(error.message), onRemoved: (name) => faults.push(name),
  });
  const rotating = await RotatingFile.open({
    file,
    maxSizeBytes: 500,
    full,
    onFault: (error) => faults.push(String(error)),
  });
  await full.resume();
  return {
    append: async (from: number, to: number): Promise<void> => {
      for (let i = from; i < to; i++) assert.equal(await rotating.append(Buffer.from(line(i))), 1);
    },
    close: async () => {
      await rotating.close();
      await full.close();
    },
    faults,
  };
}

test('full files are compressed, keep their order and their number', async (t) => {
  const dir = folder(t);
  const file = join(dir, 'x.jsonl');
  const { append, close, faults } = await opened(file, 4);
  await append(0, 33);
  await close();
  assert.deepEqual(readdirSync(dir).sort(), ['x.jsonl', 'x.jsonl.1.gz', 'x.jsonl.2.gz', 'x.jsonl.3.gz']);
  const kept = [3, 2, 1].map((age) => text(`${file}.${age}.gz`)).join('') + text(file);
  assert.equal(kept, Array.from({ length: 18 }, (_, i) => line(15 + i)).join(''));
  assert.deepEqual(faults, []);
});

test('files of before gzip was on are compressed; when it is off again they age as they are, and what was half written goes', async (t) => {
  const dir = folder(t);
  const file = join(dir, 'x.jsonl');
  writeFileSync(`${file}.1`, 'one\n');
  writeFileSync(`${file}.2`, 'two\n');
  for (const name of ['x.jsonl.1.gz.part', 'x.jsonl.gz.part.note', 'other.1.gz.part']) writeFileSync(join(dir, name), 'half');
  const first = await opened(file, 4);
  await first.close();
  assert.deepEqual(readdirSync(dir).sort(), ['other.1.gz.part', 'x.jsonl', 'x.jsonl.1.gz', 'x.jsonl.2.gz', 'x.jsonl.gz.part.note']);
  const second = await opened(file, 4, false);
  await second.append(0, 6);
  await second.close();
  assert.deepEqual([text(`${file}.3.gz`), text(`${file}.2.gz`), text(`${file}.1`).length, text(file)], ['two\n', 'one\n', 500, line(5)]);
});

test('a file that cannot be compressed is said, and stays', async (t) => {
  const dir = folder(t);
  const file = join(dir, 'x.jsonl');
  const { append, close, faults } = await opened(file, 3);
  mkdirSync(`${file}.1.gz.part`);
  await append(0, 6);
  await close();
  assert.equal(faults.length, 1);
  assert.match(faults[0]!, /EISDIR/);
  assert.equal(text(`${file}.1`).length, 500);
});
