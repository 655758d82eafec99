// Which of several FINs ends a stream.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fins } from '../../rebuilder/reassembly/fins.ts';

const NEAR_END = 0xffff_fff0 | 0;

test('the first one counts, in whatever order they come, across the wrap of the numbers', () => {
  const fins = new Fins(NEAR_END + 40 | 0);
  fins.add(NEAR_END);
  fins.add(NEAR_END + 20 | 0);
  assert.equal(fins.seq, NEAR_END);
});

test('data that cover one leave the next; one at their end is not covered', () => {
  const fins = new Fins(7);
  for (const seq of [24, 30, 24]) fins.add(seq);
  assert.equal(fins.cover(24), true);
  assert.equal(fins.seq, 24);
  assert.equal(fins.cover(31), false);
});

test('of a flood of them the first eight are kept', () => {
  const fins = new Fins(1000);
  for (let seq = 999; seq > 0; seq--) fins.add(seq);
  assert.equal(fins.cover(8), true);
  assert.equal(fins.cover(9), false);
});
