import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgingMap } from '../../rebuilder/reassembly/aging-map.ts';
import { randomNumbers } from '../random-numbers.ts';

test('it holds what a Map holds, and knows the oldest, whatever is done', () => {
  const aging = new AgingMap<number, string>();
  // A Map keeps the order of its insertions.
  const plain = new Map<number, string>();
  const random = randomNumbers(5);
  for (let i = 0; i < 20_000; i++) {
    const key = random(50);
    switch (random(4)) {
      case 0:
        aging.delete(key);
        plain.delete(key);
        break;
      case 1:
        aging.deleteOldest();
        for (const oldest of [...plain.keys()].slice(0, 1)) plain.delete(oldest);
        break;
      default:
        aging.set(key, `${i}`);
        plain.delete(key);
        plain.set(key, `${i}`);
    }
    assert.equal(aging.size, plain.size);
    assert.equal(aging.get(key), plain.get(key));
    assert.equal(aging.oldest, plain.values().next().value);
    if (i % 100 === 0) assert.deepEqual([...aging.values()], [...plain.values()]);
  }
});

test('what is visited may be deleted meanwhile', () => {
  const aging = new AgingMap<number, number>();
  for (let i = 0; i < 10; i++) aging.set(i, i);
  const seen: number[] = [];
  for (const value of aging.values()) {
    seen.push(value);
    aging.delete(value);
  }
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(aging.size, 0);
});
