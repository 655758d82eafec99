import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from '../../rebuilder/forward/pace.ts';

test('as deep as what is answered in a few milliseconds, within its bounds', () => {
  const pace = new Pace(16);
  assert.equal(pace.depth, 8);
  for (let i = 0; i < 100; i++) pace.took(0.05);
  assert.equal(pace.depth, 16);
  for (let i = 0; i < 10_000; i++) pace.took(100);
  assert.equal(pace.depth, 2);
  assert.equal(new Pace(1).depth, 1);
});

test('a slow answer among fast ones changes little, a fast one much', () => {
  const pace = new Pace(64);
  pace.took(50);
  assert.ok(pace.depth >= 4);
  for (let i = 0; i < 1000; i++) pace.took(50);
  pace.took(0.1);
  pace.took(0.1);
  const before = pace.depth;
  for (let i = 0; i < 10; i++) pace.took(0.1);
  assert.ok(pace.depth > before);
});

test('pauses grow while no node answers, never beyond a second, and end with an answer', () => {
  const pace = new Pace(8);
  let longest = 0;
  let now = 1000;
  for (let i = 0; i < 20; i++, now += 1000) {
    pace.unavailable(now);
    assert.ok(pace.isProbing);
    let pause = 0;
    while (pace.isPaused(now + pause)) pause++;
    pace.unavailable(now + pause / 2);
    assert.ok(!pace.isPaused(now + pause), 'an answer to what was asked before makes it no longer');
    assert.ok(pause >= 50 && pause <= 1000, `${pause} ms`);
    longest = Math.max(longest, pause);
  }
  assert.ok(longest >= 500);
  pace.answered();
  assert.deepEqual([pace.isProbing, pace.isPaused(now)], [false, false]);
});
