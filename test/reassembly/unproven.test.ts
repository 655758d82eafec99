// When an acknowledgment proves what was read without one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Unproven } from '../../rebuilder/reassembly/unproven.ts';

function doubted(): Unproven {
  const unproven = new Unproven();
  unproven.fromDoubt(100, 120);
  return unproven;
}

test('what was read from there on is doubtful until its end is acknowledged', () => {
  const unproven = doubted();
  assert.deepEqual([100, 101].map((seq) => unproven.isDoubtfulAt(seq)), [false, true]);
  // Had the receiver the doubted bytes, it would acknowledge all of them.
  unproven.acknowledged(110, false);
  assert.equal(unproven.isDoubtfulAt(130), true);
  unproven.acknowledged(120, false);
  assert.equal(unproven.isAny, false);
});

test('its place was sent again: an acknowledgment proves it only where all readings are one', () => {
  const unproven = doubted();
  unproven.again(90, 105);
  unproven.acknowledged(140, false);
  assert.equal(unproven.isDoubtfulAt(140), true);
  unproven.acknowledged(150, true);
  assert.equal(unproven.isAny, false);
});

test('what comes before or behind it contests nothing', () => {
  for (const [seq, end] of [[80, 100], [120, 130]] as const) {
    const unproven = doubted();
    unproven.again(seq, end);
    unproven.acknowledged(120, false);
    assert.equal(unproven.isAny, false);
  }
});

test('several that follow one another are proven with the last of them', () => {
  const unproven = doubted();
  unproven.fromDoubt(120, 140);
  unproven.acknowledged(120, false);
  assert.equal(unproven.isDoubtfulAt(120), true);
  unproven.acknowledged(140, false);
  assert.equal(unproven.isAny, false);
});

test('behind a hole the first byte that is acknowledged proves that it was none', () => {
  const unproven = new Unproven();
  unproven.fromHole(100);
  unproven.acknowledged(100, true);
  assert.equal(unproven.isBehindHole, true);
  unproven.acknowledged(101, false);
  assert.equal(unproven.isBehindHole, false);
});
