// What a flood costs, counted and not timed: bytes copied for those that came, holes given up at once, what the budgets
// held, how far the process grew. (Odd requests: test/forward/fair-queue.test.ts. Half requests on all connections:
// half-open.test.ts.)
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import type { Cost } from './flood-process.ts';
import { YOUNG_MIB } from '../../rebuilder/service/worker-heap.ts';
import { HEAP_MIB, IS_FULL, LIMITS } from './flood-limits.ts';

const MIB = 1 << 20;
/** A byte is copied into a queue, from there to a message that grows by doubling, and so for a few readers. */
const MOST_COPIES = 10;
/** Between two packets: a few ms. */
const MOST_HOLES_AT_ONCE = 20_000;
const LIMIT_BYTES = LIMITS.memoryBytes + LIMITS.reorderBytes + LIMITS.correctionBytes + LIMITS.fragmentsBytes;

/** `amount` in CI, `full` with the service's own limits. */
const CASES: readonly { flood: string; amount: number; full: number; why: string }[] = [
  { flood: 'holes two ways', amount: 400, full: 1500, why: 'each hole copied the 7 MiB before it' },
  { flood: 'holes filled late', amount: 400, full: 1500, why: 'each late byte copied them, too' },
  { flood: 'holes filled late, many', amount: 1600, full: 6400, why: 'the same on many connections, to the end of the memory' },
  { flood: 'fragments', amount: 150_000, full: 1_000_000, why: 'a budget that counts their eight bytes alone holds a hundred times as much' },
  { flood: 'fragments backwards', amount: 100_000, full: 600_000, why: 'each has its place before all others of its datagram' },
  { flood: 'one-byte segments, many', amount: 150_000, full: 1_000_000, why: 'all their holes are given up in the same moment' },
  { flood: 'one-byte segments twice, other bytes', amount: 8000, full: 16_000, why: 'each second one made the stream be read anew from its beginning' },
  { flood: 'one-byte segments, wrong sums', amount: 50_000, full: 300_000, why: 'doubtful segments are held, too' },
  { flood: 'a hole each', amount: 8000, full: 60_000, why: 'to look at every stream with each packet kept the neighbours waiting' },
  { flood: 'a hole each, in a body', amount: 8000, full: 60_000, why: 'the same with a message begun in each' },
  { flood: 'SYNs', amount: 100_000, full: 600_000, why: 'connections that bring nothing make room for one another' },
  { flood: 'one byte each', amount: 75_000, full: 300_000, why: 'a connection takes a thousand times what it brought' },
  { flood: 'half a request each', amount: 18_750, full: 150_000, why: 'the same with a message begun in each' },
  { flood: 'half a line each', amount: 25_000, full: 200_000, why: 'what may become a request line is held, too' },
];

/** Each fills a limit with another kind of bytes: objects, buffers beside the heap, queues. */
const TOGETHER = [
  'one byte each', 'half a request each', 'a hole each, in a body', 'fragments', 'one-byte segments, many',
  'holes filled late, many',
];
const played = (name: string): string => {
  const { amount = 0, full = 0 } = CASES.find(({ flood }) => flood === name) ?? {};
  return `${name}=${IS_FULL ? full : amount}`;
};
const together = {
  name: 'six floods at once: what one of them gives back must serve the others', floods: TOGETHER.map(played),
};
const TESTS = [
  ...CASES.map(({ flood, why }) => ({ name: `${flood}: ${why}`, floods: [played(flood)] })),
  // Minutes of CPU.
  ...IS_FULL ? [together] : [],
];

for (const { name, floods } of TESTS) {
  test(name, (t) => {
    const heap = [`--max-old-space-size=${HEAP_MIB}`, `--max-semi-space-size=${YOUNG_MIB / 3}`];
    const options = ['--single-threaded-gc', ...heap, '--import', 'tsx'];
    const program = path.join(import.meta.dirname, 'flood-process.ts');
    const run = spawnSync(process.execPath, [...options, program, ...floods], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    const cost = JSON.parse(run.stdout) as Cost;
    t.diagnostic(run.stdout.trim());
    assert.ok(cost.neighbours[0] > 0);
    assert.equal(cost.neighbours[1], cost.neighbours[0], 'each request of a neighbour is told');
    assert.equal(cost.faults, 0);
    assert.deepEqual(cost.imbalance, []);
    assert.ok(cost.copied <= MOST_COPIES * cost.received, `${cost.copied} bytes were copied for ${cost.received}`);
    assert.ok(cost.holesAtOnce <= MOST_HOLES_AT_ONCE, `${cost.holesAtOnce} holes at once`);
    assert.ok(cost.heldBytes <= LIMIT_BYTES, `${cost.heldBytes} bytes held`);
    // Small limits do not make the young generation smaller.
    const mostGrown = 1.3 * LIMIT_BYTES + (IS_FULL ? 0 : YOUNG_MIB * MIB);
    assert.ok(cost.grownBytes <= mostGrown,
      `the process grew by ${Math.round(cost.grownBytes / MIB)} MiB, at most ${Math.round(mostGrown / MIB)} are allowed`);
  });
}
