import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram, MEASURE_NAMES, MEASURE_SLOTS, MEASURES, Measures, quantile } from '../../rebuilder/forward/measures.ts';
import { get, ENVELOPE } from './request-builder.ts';
import { KEY, startNode } from './dispatcher-fixture.ts';
import { Dispatcher } from '../../rebuilder/forward/dispatcher.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Trace } from '../../rebuilder/forward/trace.ts';

test('a value is counted at the first bound that it does not exceed; beyond all of them it has a place of its own', () => {
  const histogram = new Histogram([1, 10, 100], new Float64Array(5));
  for (const value of [0, 1, 1.5, 10, 11, 100, 101, 1e9]) histogram.observe(value);
  assert.deepEqual([...histogram.counts], [2, 2, 2, 2]);
  assert.deepEqual([histogram.count, histogram.sum], [8, 1e9 + 224.5]);
});

test('all measures lie in one row of numbers, none in the place of another', () => {
  const numbers = new Float64Array(MEASURE_SLOTS);
  const measures = new Measures(numbers);
  for (const name of MEASURE_NAMES) {
    for (const bound of [...MEASURES[name], Infinity]) measures[name].observe(bound === Infinity ? 1e12 : bound);
  }
  for (const name of MEASURE_NAMES) assert.ok(measures[name].counts.every((count) => count === 1), name);
  assert.ok(numbers.every((value) => value > 0));
  const sum = new Measures();
  sum.add(measures);
  sum.add(measures);
  assert.equal(sum.delay.count, 2 * measures.delay.count);
  assert.equal(sum.size.sum, 2 * measures.size.sum);
});

for (const [what, share, counts, value] of [
  ['nothing observed', 0.5, [0, 0, 0, 0], null],
  ['all in one bucket: in the middle of it', 0.5, [0, 10, 0, 0], 5.5],
  ['the first bucket begins at 0', 0.5, [10, 0, 0, 0], 0.5],
  ['at the border of two', 0.5, [5, 5, 0, 0], 1],
  ['the rare slow one', 0.99, [98, 0, 2, 0], 55],
  ['beyond all bounds: the last of them', 0.99, [0, 0, 0, 7], 100],
] as const) {
  test(`quantile: ${what}`, () => {
    assert.equal(quantile(share, [1, 10, 100], counts), value);
  });
}

test('a delivery is measured once, and a watched one tells its steps', async (t) => {
  const node = await startNode(t);
  const ledger = new Ledger();
  const measures = new Measures();
  const dispatcher = new Dispatcher({
    endpoint: node.url, rawEndpoint: '', connections: 4, pipelining: 8, connectTimeoutMs: 2000, responseTimeoutMs: 5000, idleTimeoutMs: 30_000,
    attempts: 3, deadlineMs: 20_000,
    queueBytes: 8 << 20, bodyLimitBytes: 0, drainTimeoutMs: 5000, resolveIntervalMs: 60_000,
  }, ledger, KEY, undefined, undefined, measures);
  const trace = new Trace();
  for (let i = 0; i < 50; i++) dispatcher.submit(get(i), ENVELOPE, i === 7 ? trace : null);
  assert.equal(await dispatcher.drain(5000), 0);
  assert.deepEqual([measures.delay.count, measures.queueTime.count, measures.size.count], [50, 50, 50]);
  assert.ok(measures.queueTime.sum <= measures.delay.sum);
  assert.ok(measures.size.sum > 50 * 100);
  assert.equal(ledger.get('forward.answered_2xx'), 50);
  assert.deepEqual(trace.steps.map(({ step, detail }) => [step, detail]), [
    ['queued', ''], ['sent', ''], ['answered', '200'], ['ended', 'forward.delivered'],
  ]);
  assert.equal(trace.end, 'forward.delivered');
});

test('a request that is sent again and again does not make its trace grow; its last step is kept', () => {
  const trace = new Trace();
  for (let i = 0; i < 1000; i++) trace.note('sent');
  trace.ended('forward.deadline');
  assert.ok(trace.steps.length < 30);
  assert.deepEqual(trace.steps.at(-1)?.detail, 'forward.deadline');
});
