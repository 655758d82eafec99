import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOST_UNDER_WAY, SegmentsUnderWay } from '../../rebuilder/service/segments-under-way.ts';

test('what was given and not taken is under way, each worker for itself', () => {
  const buffer = SegmentsUnderWay.buffer(2);
  const [giver, taker] = [new SegmentsUnderWay(buffer), new SegmentsUnderWay(buffer)];
  assert.ok(giver.give(1, 100));
  assert.ok(taker.bytes(1) > 100);
  assert.equal(taker.bytes(0), 0);
  taker.take(1, 100);
  assert.equal(giver.bytes(1), 0);
});

test('a worker that is no more has what was passed on to it, and not what is still to be', () => {
  const one = new SegmentsUnderWay(SegmentsUnderWay.buffer(1));
  for (const bytes of [100, 200]) one.give(0, bytes);
  const both = one.bytes(0);
  one.pass(0, 100);
  one.forget(0);
  const second = one.bytes(0);
  assert.ok(second > 200 && second < both);
  one.pass(0, 200);
  one.forget(0);
  assert.equal(one.bytes(0), 0);
});

test('any number of bytes may go by: it is what is under way that is limited', () => {
  const one = new SegmentsUnderWay(SegmentsUnderWay.buffer(1));
  for (let bytes = 0; bytes < 2 ** 33; bytes += 65_535 * 200) {
    for (let i = 0; i < 200; i++) assert.ok(one.give(0, 65_535));
    for (let i = 0; i < 200; i++) one.take(0, 65_535);
  }
  while (one.give(0, 65_535));
  assert.ok(one.bytes(0) >= MOST_UNDER_WAY);
});
