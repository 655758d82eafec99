import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseConfig } from '../../rebuilder/config/load.ts';
import { workerHeapMib, YOUNG_MIB } from '../../rebuilder/service/worker-heap.ts';

const heapMib = (text: string): number => workerHeapMib(parseConfig(`mode: tcp-capture-v2\n${text}`, 'conf.yaml').settings);

test('a worker has a heap for what its limits allow, and no more', () => {
  const least = heapMib('');
  assert.ok(least > 1.25 * (512 / 2 + 128 + 32 + 16) && least < 512 + 128 + 32 + 16, `${least} MiB`);
  assert.equal(heapMib('limits: {memory: 1GiB}') - least, 1.25 * 512 / 2);
  assert.equal(heapMib('limits: {reorder_bytes: 228MiB}') - least, 125);
  assert.equal(heapMib('forward: {endpoint: "http://a:1", queue_bytes: 328MiB}') - least, 125);
  assert.equal(heapMib('limits: {memory: 1MiB, reorder_bytes: 4MiB}\nforward: {queue_bytes: 64KiB}'), 256);
});

test('what runs in the main thread has the young generation of a worker', () => {
  assert.match(readFileSync('package/files/bin/rebuilder', 'utf8'), new RegExp(`--max-semi-space-size=${YOUNG_MIB / 3}\\b`));
});
