import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sampling } from '../../rebuilder/rules/sampling.ts';
import { ENDPOINTS } from './request-of.ts';

const KEY = Buffer.alloc(32, 1);
const connections = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ ...ENDPOINTS, clientPort: 1024 + i }));

test('all and none', () => {
  assert.ok(connections(50).every((it) => new Sampling(1, KEY).takes(it)));
  assert.ok(!connections(50).some((it) => new Sampling(0, KEY).takes(it)));
});

test('about the share that was asked for', () => {
  const sampling = new Sampling(0.25, KEY);
  const taken = connections(4000).filter((it) => sampling.takes(it)).length;
  assert.ok(taken > 850 && taken < 1150, `${taken} of 4000`);
});

test('a connection is chosen as a whole, and alike by everyone with the key', () => {
  const first = new Sampling(0.5, KEY);
  const second = new Sampling(0.5, KEY);
  for (const endpoints of connections(100)) {
    assert.equal(first.takes(endpoints), first.takes(endpoints));
    assert.equal(first.takes(endpoints), second.takes({ ...endpoints }));
  }
});

test('with another key others are chosen', () => {
  const other = new Sampling(0.5, Buffer.alloc(32, 2));
  const one = new Sampling(0.5, KEY);
  const differ = connections(1000).filter((it) => one.takes(it) !== other.takes(it)).length;
  assert.ok(differ > 350 && differ < 650, `${differ} of 1000`);
});
