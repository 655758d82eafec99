import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newDelivery, releaseDelivery } from '../../rebuilder/forward/delivery.ts';
import type { Delivery } from '../../rebuilder/forward/delivery.ts';
import { Queue } from '../../rebuilder/forward/queue.ts';
import { SlabPool } from '../../rebuilder/forward/slab.ts';

function delivery(size: number): Delivery {
  const one = newDelivery();
  one.start = 0;
  one.end = size;
  return one;
}

test('a queue is a list that can be put back into: the same as an array, whatever is done', () => {
  const queue = new Queue();
  const array: Delivery[] = [];
  let state = 7;
  for (let i = 0; i < 5_000; i++) {
    state = Math.imul(state, 1_103_515_245) + 12_345 & 0x7fffffff;
    const one = delivery(state % 100);
    switch (state >> 8 & 3) {
      case 0:
        queue.push(one);
        array.push(one);
        break;
      case 1:
        queue.unshift(one);
        array.unshift(one);
        break;
      case 2: {
        const at = array.findIndex(({ end }) => end % 7 === 3);
        assert.equal(queue.shiftFirst(({ end }) => end % 7 === 3), at < 0 ? null : array.splice(at, 1)[0]);
        break;
      }
      default:
        assert.equal(queue.shift(), array.shift() ?? null);
        if (i % 3 === 0) assert.equal(queue.shift(), array.shift() ?? null);
    }
    assert.equal(queue.length, array.length);
    assert.equal(queue.first, array[0] ?? null);
    assert.equal(queue.bytes, array.reduce((sum, { end }) => sum + end, 0));
  }
  while (array.length > 0) assert.equal(queue.shift(), array.shift());
  assert.equal(queue.shift(), null);
});

test('slabs: memory is bounded, used again, and never shared by two that live', () => {
  const pool = new SlabPool(1 << 20);
  const living: { delivery: Delivery; mark: number }[] = [];
  let refused = 0;
  let state = 3;
  for (let i = 0; i < 20_000; i++) {
    state = Math.imul(state, 1_103_515_245) + 12_345 & 0x7fffffff;
    if (state % 5 < 3 || living.length === 0) {
      const size = state % 97 === 0 ? 150_000 + state % 100_000 : state % 3_000;
      const slab = pool.reserve(size);
      if (slab === null) {
        refused++;
        assert.ok(living.length > 0);
        continue;
      }
      if (state % 11 === 0) {
        pool.abandon(slab);
        continue;
      }
      const one = newDelivery();
      one.memory = pool;
      one.slab = slab;
      one.start = slab.used;
      one.end = slab.used + size;
      const mark = i & 0xff;
      slab.bytes.fill(mark, one.start, one.end);
      pool.take(slab, size);
      living.push({ delivery: one, mark });
    } else {
      const [gone] = living.splice(state % living.length, 1);
      const { slab, start, end } = gone!.delivery;
      assert.ok(slab!.bytes.subarray(start, end).every((byte) => byte === gone!.mark));
      releaseDelivery(gone!.delivery);
    }
    assert.ok(pool.allocatedBytes <= 1 << 20);
  }
  assert.ok(refused > 0, 'the limit was reached');
  for (const { delivery: one } of living) releaseDelivery(one);
  assert.ok(pool.allocatedBytes <= 256 * 1024, 'only the slab in use is kept');
  assert.equal(pool.fits(1 << 20), true);
  assert.equal(pool.fits((1 << 20) + 1), false);
});
