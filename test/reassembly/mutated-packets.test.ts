import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playMutated } from './mutated-packets.ts';

test('damaged packets of real connections bring no fault to the pipeline, and every packet and byte has its end', async () => {
  const { faults, exchanges, imbalance } = await playMutated(30_000, Number(process.env['SEED'] ?? 1));
  assert.equal(faults, 0);
  assert.deepEqual(imbalance, []);
  assert.ok(exchanges > 300, `${exchanges} exchanges`);
});
