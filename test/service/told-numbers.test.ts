import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { ToldNumbers } from '../../rebuilder/service/told-numbers.ts';

const COUNT = 200;
const READS = 2000;

test('nothing was told: all are 0', () => {
  assert.deepEqual([...new ToldNumbers(new SharedArrayBuffer(ToldNumbers.bytes(3)), 0, 3).read()], [0, 0, 0]);
});

test('what is read is never of two moments, however often another thread tells', async () => {
  const buffer = new SharedArrayBuffer(ToldNumbers.bytes(COUNT));
  const module = new URL('../../rebuilder/service/told-numbers.ts', import.meta.url).href;
  // Each time all numbers are the same.
  const worker = new Worker(`
    const { workerData: { buffer, module }, parentPort } = require('node:worker_threads');
    import('tsx/esm/api').then(({ register }) => register() && import(module)).then(({ ToldNumbers }) => {
      const told = new ToldNumbers(buffer, 0, ${COUNT});
      const numbers = new Float64Array(${COUNT});
      parentPort.postMessage('ready');
      for (let i = 1; ; i++) told.tell(numbers.fill(i));
    });`, { eval: true, workerData: { buffer, module } });
  await once(worker, 'message');
  const told = new ToldNumbers(buffer, 0, COUNT);
  for (let i = 0; i < READS; i++) {
    const [first, ...others] = told.read();
    assert.ok(others.every((number) => number === first), `${first} and ${others.find((number) => number !== first)}`);
  }
  await worker.terminate();
});
