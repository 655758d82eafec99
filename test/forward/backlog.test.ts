import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backlog } from '../../rebuilder/forward/backlog.ts';
import { type Delivery, newDelivery, Trait } from '../../rebuilder/forward/delivery.ts';

function delivery(client: string, submittedMs: number, traits = 0): Delivery {
  return Object.assign(newDelivery(), { client, submittedMs, traits, start: 0, end: 10 });
}

test('on a shared path the oldest of all makes room, alone or not', () => {
  const backlog = new Backlog(false);
  for (const [at, traits] of [[1, 0], [2, Trait.alone], [3, 0], [4, Trait.alone]] as const) backlog.push(delivery('a', at, traits));
  assert.deepEqual([backlog.length, backlog.bytes], [4, 40]);
  assert.deepEqual([1, 2, 3, 4].map(() => backlog.toDrop()?.submittedMs), [1, 2, 3, 4]);
  assert.equal(backlog.toDrop(), null);
});

test('where each request needs a connection of its own, whoever holds the most makes room', () => {
  const backlog = new Backlog(true);
  backlog.push(delivery('a quiet client', 1));
  for (let i = 2; i < 10; i++) backlog.push(delivery('a loud one', i));
  assert.deepEqual([1, 2, 3].map(() => backlog.toDrop()?.submittedMs), [2, 3, 4]);
});

test('what waited too long is found in both queues', () => {
  for (const isSingle of [false, true]) {
    const backlog = new Backlog(isSingle);
    for (const [at, traits] of [[1, 0], [2, Trait.alone], [9, 0]] as const) backlog.push(delivery('a', at, traits));
    const late: number[] = [];
    for (let one = backlog.shiftOlderThan(5); one !== null; one = backlog.shiftOlderThan(5)) late.push(one.submittedMs);
    assert.deepEqual(late.sort(), [1, 2]);
    assert.equal(backlog.length, 1);
  }
});
