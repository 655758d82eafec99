// Whatever a head says, nothing throws and every byte is accounted for: a bounded share of what mutated-heads.ts plays
// a million of.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playMutatedHeads } from './mutated-heads.ts';

const HEADS = 5000;
const SEED = Number(process.env['SEED'] ?? '1');

test(`${HEADS} mutated heads, seed ${SEED}`, () => {
  const { told, faults, heldBytes, imbalance } = playMutatedHeads(HEADS, SEED);
  assert.deepEqual(imbalance, [], 'ledger');
  assert.equal(faults, 0);
  assert.equal(heldBytes, 0, 'all memory is given back');
  assert.ok(told > HEADS / 2, `they are read: ${told}`);
});
