import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timers, Waiting } from '../../rebuilder/reassembly/timers.ts';

class Ordered extends Waiting {
  readonly at: number;
  readonly #order: number[];

  constructor(at: number, order: number[]) {
    super();
    this.at = at;
    this.#order = order;
  }

  expire(): number {
    this.#order.push(this.at);
    return Infinity;
  }
}

test('who is forgotten is held no longer: a flood of connections that make room would stay in memory until each was due', () => {
  const timers = new Timers();
  const all = Array.from({ length: 1000 }, (_, i) => new Ordered(i, []));
  all.forEach((waiting, i) => timers.by(waiting, 1000 + i * 7919 % 1000));
  // Some earlier: they still stand there once.
  all.forEach((waiting, i) => timers.by(waiting, 500 + i * 104_729 % 1000));
  assert.equal(timers.length, 1000);
  all.forEach((waiting, i) => { if (i % 10 !== 0) timers.forget(waiting); });
  assert.equal(timers.length, 100);
  all.forEach((waiting) => timers.forget(waiting)); // also those that do not wait
  assert.equal(timers.length, 0);
});

test('whoever is left is looked at when it is due, the earliest first', () => {
  const timers = new Timers();
  const order: number[] = [];
  const all = Array.from({ length: 500 }, (_, i) => new Ordered(i * 7919 % 500, order));
  for (const one of all) timers.by(one, 10_000);
  for (const one of all) timers.by(one, one.at);
  for (const one of all) if (one.at % 3 === 0) timers.forget(one);
  timers.expire(249);
  assert.deepEqual(order, Array.from({ length: 250 }, (_, at) => at).filter((at) => at % 3 !== 0));
  timers.expire(1000);
  assert.deepEqual(order, Array.from({ length: 500 }, (_, at) => at).filter((at) => at % 3 !== 0));
  assert.equal(timers.length, 0);
});
