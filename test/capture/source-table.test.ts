import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeSources, SourceTable } from '../../rebuilder/capture/source-table.ts';

test('packets are counted by sender and VNI, cut ones apart, with the time of the last', () => {
  const table = new SourceTable();
  table.seen(0x0a000107, 1377, 60, false, 1000);
  table.seen(0x0a000107, 1377, 60, true, 2000);
  table.seen(0x0a000107, 1378, 60, false, 3000);
  table.seen(0, -1, 60, false, 4000);
  assert.deepEqual(table.list().sort((a, b) => a.lastMs - b.lastMs), [
    { address: 0x0a000107, vni: 1377, packets: 2, cutPackets: 1, lastMs: 2000 },
    { address: 0x0a000107, vni: 1378, packets: 1, cutPackets: 0, lastMs: 3000 },
    { address: 0, vni: -1, packets: 1, cutPackets: 0, lastMs: 4000 },
  ]);
});

test('hundreds of sources are each counted for themselves', () => {
  const table = new SourceTable();
  for (let round = 0; round < 3; round++) for (let i = 0; i < 400; i++) table.seen(0x0a000000 + i, 7, 60, false, round);
  const list = table.list();
  assert.equal(list.length, 400);
  assert.ok(list.every(({ packets }) => packets === 3));
});

test('a flood of forged sources takes no more memory, and a source in use keeps its count', () => {
  const table = new SourceTable();
  let packets = 0;
  for (let i = 0; i < 100_000; i++) {
    table.seen(Math.imul(i, 0x9e37_79b1), i & 0xffffff, 60, false, i);
    if (i % 4 === 0) {
      table.seen(0x0a000107, 1377, 60, false, i);
      packets++;
    }
  }
  assert.ok(table.list().length <= 1024);
  assert.equal(table.list().find(({ address, vni }) => address === 0x0a000107 && vni === 1377)?.packets, packets);
});

test('the counts of threads are added; the busiest come first', () => {
  const one = { address: 1, vni: 5, packets: 2, cutPackets: 1, lastMs: 10 };
  const other = { address: 2, vni: 5, packets: 4, cutPackets: 0, lastMs: 20 };
  assert.deepEqual(mergeSources([[one], [other, { ...one, packets: 3, lastMs: 5 }]], 9), [
    { address: 1, vni: 5, packets: 5, cutPackets: 2, lastMs: 10 }, other,
  ]);
  assert.deepEqual(mergeSources([[one, other]], 1), [other]);
});

test('a mirror cuts frames at one length: those no longer than a whole one, and the first ones, were made so', () => {
  const table = new SourceTable();
  const seen = (length: number, isCut: boolean): boolean => table.seen(1, 7, length, isCut, 0);
  assert.ok(!seen(100, false));
  const first = Array.from({ length: 64 }, () => seen(128, true));
  assert.ok(!first.includes(true));
  assert.ok(seen(128, true));
  assert.ok(!seen(100, true));
  assert.ok(!table.seen(1, 8, 128, true, 0), 'another source');
  seen(128, false);
  assert.ok(!seen(128, true));
});
