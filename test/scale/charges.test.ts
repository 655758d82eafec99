// What a connection takes is charged to the limits: else a flood of the kind that takes more would reach the end of a
// worker's heap (rebuilder/service/worker-heap.ts), which ends the worker. Counted by V8 behind collections of garbage.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Pipeline } from '../../rebuilder/pipeline.ts';
import { LIVE_OPTIONS } from '../oracle/kernel/live-options.ts';
import { Flood } from './floods.ts';
import { HALF_UPLOAD, keep, KEPT_STATES, type KeptState, UPLOAD } from './kept-states.ts';

const GIB = 2 ** 30;
const AMOUNT = 2000;
/**
 * Connections that use up what is not charged (FREE_BYTES), and, of each kind so many, fill what has a size of its own:
 * the history of all bytes, and the lines of heads whose bodies are still to come.
 */
const EARLIER = 1500;
const limits = {
  ...LIVE_OPTIONS.limits, memoryBytes: GIB, reorderBytes: GIB, correctionBytes: GIB, fragmentsBytes: GIB,
};

setFlagsFromString('--expose-gc');
// Else the code of what has not run for a while is collected, too.
setFlagsFromString('--no-flush-bytecode');
const collectGarbage: () => void = runInNewContext('gc');

interface Taken {
  /** As worker-heap.ts counts what is charged. */
  readonly expected: number;
  readonly heap: number;
  /** All that is charged, and all that is taken, buffers beside the heap included. */
  readonly charged: number;
  readonly resident: number;
}

function taken({ budgets: { memory, reorder, correction, fragments } }: Pipeline): Taken {
  // Buffers go with the second one.
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const others = reorder.usedBytes + correction.usedBytes + fragments.usedBytes;
  return {
    expected: memory.usedBytes / 2 + others, heap: heapUsed,
    charged: memory.usedBytes + others, resident: heapUsed + arrayBuffers,
  };
}

/** What one more of them takes, bytes: of all of them the second half, as code and tables come with the first. */
function each(state: KeptState): Taken {
  const { amount = AMOUNT, options } = state;
  const pipeline = new Pipeline(
    { ...LIVE_OPTIONS, limits, parseResponses: true, ...options }, new Ledger(), { exchange: () => {} });
  const flood = new Flood(pipeline, 100_000, () => {});
  keep(UPLOAD, flood, 0, EARLIER);
  keep(HALF_UPLOAD, flood, EARLIER, EARLIER);
  keep(state, flood, 2 * EARLIER, amount);
  const before = taken(pipeline);
  keep(state, flood, 2 * EARLIER + amount, amount);
  const after = taken(pipeline);
  const difference = (name: keyof Taken): number => Math.round((after[name] - before[name]) / amount);
  return {
    expected: difference('expected'), heap: difference('heap'),
    charged: difference('charged'), resident: difference('resident'),
  };
}

for (const state of KEPT_STATES) {
  test(`${state.kind}: takes no more than is charged`, (t) => {
    let measured = each(state);
    // Code that is compiled meanwhile is none of theirs: it is there when they are measured again.
    if (measured.heap > measured.expected || measured.resident > measured.charged) measured = each(state);
    const { expected, heap, charged, resident } = measured;
    t.diagnostic(`heap ${heap} of ${expected}, all ${resident} of ${charged}`);
    assert.ok(heap <= expected, `${heap} bytes of the heap each, ${expected} are expected`);
    assert.ok(resident <= charged, `${resident} bytes each, ${charged} are charged`);
  });
}
