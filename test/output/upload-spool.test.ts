// What becomes of full files between the disk and a bucket; the bucket here is a function (a real one:
// s3-upload.test.ts).
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Ledger } from '../../rebuilder/ledger.ts';
import { UploadSpool, type UploadSpoolOptions } from '../../rebuilder/output/upload-spool.ts';
import { folder } from '../command-line.ts';

interface Bucket { readonly objects: [name: string, begunMs: number, text: string][]; fault: string | null }

async function opened(dir: string, options: Partial<UploadSpoolOptions> = {}) {
  const ledger = new Ledger();
  const said: string[] = [];
  const bucket: Bucket = { objects: [], fault: null };
  const file = join(dir, 'x.jsonl');
  const spool = await UploadSpool.open({
    file, folder: `${file}.upload`, limitBytes: 1 << 30, ledger, firstPauseMs: 5, notice: (sentence) => said.push(sentence),
    upload: async (path, begunMs) => {
      if (bucket.fault !== null) throw new Error(bucket.fault);
      bucket.objects.push([path.split('/').at(-1)!, begunMs, gunzipSync(readFileSync(path)).toString()]);
      await Promise.resolve();
    },
    ...options,
  });
  const take = async (text: string): Promise<void> => {
    writeFileSync(file, text);
    await spool.take(text.split('\n').length - 1);
  };
  const counts = (...names: ('uploaded' | 'resumed' | 'spool_full' | 'left_behind' | 'upload_failed')[]): number[] => names.map((name) => ledger.get(`exchanges.${name}`));
  return { spool, take, bucket, said, counts, held: () => readdirSync(`${file}.upload`) };
}

test('an end that waits for S3 says so, and for how long', async (t) => {
  const { spool, take, said } = await opened(folder(t), {
    upload: (_path, _begunMs, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('no answer')))),
  });
  await take('1\n2\n');
  await spool.close(1500);
  assert.match(said[0]!, /^2 requests in 1 file wait for S3, for at most 1\.5 s \(forward\.drain_timeout\)$/);
  assert.match(said[1]!, /^2 requests in 1 file are not uploaded yet: /);
});

test('files go up in their order, compressed, and then they are gone', async (t) => {
  const { spool, take, bucket, counts, held, said } = await opened(folder(t));
  await take('1\n2\n');
  await take('3\n');
  await spool.close(10_000);
  assert.deepEqual(bucket.objects.map(([, , text]) => text), ['1\n2\n', '3\n']);
  assert.deepEqual([counts('uploaded', 'upload_failed'), held(), said], [[3, 0], [], []]);
});

test('what an earlier run left goes up first: compressed, not yet, both after a crash between; what is half is thrown away', async (t) => {
  const dir = folder(t);
  const upload = join(dir, 'x.jsonl.upload');
  mkdirSync(upload);
  writeFileSync(join(upload, '20261126T095300123Z-1-0000000a.jsonl.gz'), gzipSync('1\n'));
  writeFileSync(join(upload, '20261126T095400000Z-2-0000000b.jsonl'), '2\n3\n');
  writeFileSync(join(upload, '20261126T095400000Z-2-0000000b.jsonl.gz.part'), 'half');
  writeFileSync(join(upload, '20261126T095500000Z-1-0000000c.jsonl'), '4\n');
  writeFileSync(join(upload, '20261126T095500000Z-1-0000000c.jsonl.gz'), gzipSync('4\n'));
  writeFileSync(join(upload, 'note.txt'), 'of somebody else');
  const { spool, bucket, counts, held } = await opened(dir);
  await spool.close(10_000);
  assert.deepEqual(bucket.objects.map(([name, begunMs, text]) => [name, new Date(begunMs).toISOString(), text]), [
    ['20261126T095300123Z-1-0000000a.jsonl.gz', '2026-11-26T09:53:00.123Z', '1\n'],
    ['20261126T095400000Z-2-0000000b.jsonl.gz', '2026-11-26T09:54:00.000Z', '2\n3\n'],
    ['20261126T095500000Z-1-0000000c.jsonl.gz', '2026-11-26T09:55:00.000Z', '4\n'],
  ]);
  assert.deepEqual([counts('resumed', 'uploaded'), held()], [[4, 4], ['note.txt']]);
});

test('a file that an earlier run was writing belongs to the hour in which it was written', async (t) => {
  const dir = folder(t);
  const file = join(dir, 'x.jsonl');
  writeFileSync(file, '1\n');
  utimesSync(file, new Date('2026-11-20T07:30:00Z'), new Date('2026-11-20T07:30:00Z'));
  const { spool, bucket } = await opened(dir);
  await spool.take(1);
  await spool.close(10_000);
  assert.equal(new Date(bucket.objects[0]![1]).toISOString(), '2026-11-20T07:30:00.000Z');
});

test('the same fault is said once, another one too, and that it is over', async (t) => {
  const { spool, take, bucket, said, counts } = await opened(folder(t));
  bucket.fault = 'no right';
  await take('1\n');
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await until(() => counts('upload_failed')[0]! >= 3);
  bucket.fault = 'no way';
  await until(() => said.length === 2);
  bucket.fault = null;
  await spool.close(10_000);
  assert.deepEqual(said.map((sentence) => sentence.split(';')[0]), ['no right', 'no way', 'exchanges.s3: uploads work again']);
  assert.deepEqual(counts('uploaded'), [1]);
});

test('a file that somebody removed is counted, and holds up nothing', async (t) => {
  const dir = folder(t);
  const { spool, take, bucket, said, counts, held } = await opened(dir);
  bucket.fault = 'away';
  await take('1\n2\n');
  await take('3\n');
  while (held().filter((name) => name.endsWith('.gz')).length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  unlinkSync(join(dir, 'x.jsonl.upload', held().find((name) => name.includes('-2-'))!));
  bucket.fault = null;
  await spool.close(10_000);
  assert.deepEqual(counts('uploaded', 'spool_full'), [1, 2]);
  assert.ok(said.some((sentence) => /with 2 requests was removed by somebody before its upload/.test(sentence)), said.join('\n'));
});
