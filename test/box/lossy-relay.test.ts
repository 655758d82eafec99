import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeVxlanSegment } from '../../rebuilder/demo/vxlan-segment.ts';
import { BadStretch, innerSegment, random } from './lossy-relay.ts';

const end = (last: number, port: number): { address: Uint8Array; port: number } => ({
  address: Uint8Array.of(10, 0, 0, last),
  port,
});
const segment = (i: number): Buffer =>
  encodeVxlanSegment(1, end(1, 40000), end(2, 80), i, i * 10, 0, i === 0 ? 2 : 16, new Uint8Array(i === 0 ? 0 : 10));

function pass(
  seed: number, count: number, dropShare: number, reorderShare: number,
): { out: number[]; stretch: BadStretch } {
  const out: number[] = [];
  const stretch = new BadStretch({ seed, dropShare, reorderShare }, (datagram) =>
    out.push(innerSegment(datagram)!.seq / 10),
  );
  for (let i = 0; i < count; i++) stretch.datagram(segment(i), i);
  stretch.release(Infinity);
  return { out, stretch };
}

test('the same seed drops and delays the same datagrams', () => {
  assert.deepEqual(pass(7, 2000, 0.01, 0.05).out, pass(7, 2000, 0.01, 0.05).out);
  assert.notDeepEqual(pass(7, 2000, 0.01, 0.05).out, pass(8, 2000, 0.01, 0.05).out);
  const numbers = Array.from({ length: 10_000 }, random(1));
  assert.ok(numbers.every((one) => one >= 0 && one < 1));
});

test('what is not dropped comes out once, some of it late, and the log knows which', () => {
  const { out, stretch } = pass(3, 10_000, 0.01, 0.05);
  assert.equal(out.length, 10_000 - stretch.log.dropped);
  assert.equal(new Set(out).size, out.length);
  assert.ok(
    stretch.log.dropped > 50 && stretch.log.dropped < 200 && stretch.log.reordered > 300 && stretch.log.reordered < 700,
  );
  const gone = new Set(stretch.log.segments.filter(({ sentMs }) => sentMs === null).map(({ seq }) => seq / 10));
  assert.deepEqual(
    Array.from({ length: 10_000 }, (_, i) => i).filter((i) => !gone.has(i)),
    [...out].sort((a, b) => a - b),
  );
  assert.ok(out.some((one, i) => i > 0 && one < out[i - 1]!));
  for (const [i, one] of out.entries()) assert.ok(Math.abs(i - one) < 250, 'held back behind a few, not for ever');
});

test('other packets than TCP pass unlogged', () => {
  const stretch = new BadStretch({ seed: 1, dropShare: 0, reorderShare: 0 }, () => undefined);
  stretch.datagram(Buffer.alloc(60), 0);
  stretch.datagram(Buffer.alloc(3), 0);
  assert.deepEqual([stretch.log.received, stretch.log.segments.length], [2, 0]);
});
