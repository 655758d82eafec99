import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Measures } from '../../rebuilder/forward/measures.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { RateHistory } from '../../rebuilder/status/rates.ts';

const nothing = new Measures();

test('no rate before two samples', () => {
  const rates = new RateHistory();
  assert.deepEqual([rates.perSecond('capture.frames'), rates.series('capture.frames'), rates.delays()], [0, [], { p50: null, p99: null }]);
  rates.sample(new Ledger(), nothing, 1000);
  assert.deepEqual([rates.perSecond('capture.frames'), rates.series('capture.frames')], [0, []]);
  assert.equal(rates.lastMinute().get('capture.frames'), 0);
});

test('per second, whatever the distance of the samples; several counters are added', () => {
  const rates = new RateHistory();
  const ledger = new Ledger();
  rates.sample(ledger, nothing, 0);
  ledger.count('capture.frames', 300);
  rates.sample(ledger, nothing, 3000);
  ledger.count('capture.frames', 30);
  ledger.count('tcp.segments', 20);
  rates.sample(ledger, nothing, 3500);
  assert.deepEqual(rates.series('capture.frames'), [100, 60]);
  assert.deepEqual(rates.series('capture.frames', 'tcp.segments'), [100, 100]);
  assert.equal(rates.perSecond('capture.frames', 'tcp.segments'), 100);
});

test('two samples in the same millisecond do not divide by zero', () => {
  const rates = new RateHistory();
  const ledger = new Ledger();
  rates.sample(ledger, nothing, 5);
  ledger.count('capture.frames', 2);
  rates.sample(ledger, nothing, 5);
  assert.equal(rates.perSecond('capture.frames'), 2000);
});

test('a minute is kept, no more: series, growth and delays are of the last minute', () => {
  const rates = new RateHistory();
  const ledger = new Ledger();
  const measures = new Measures();
  for (let i = 0; i < 500; i++) {
    ledger.count('capture.frames', i);
    measures.delay.observe(i < 400 ? 5000 : 2);
    rates.sample(ledger, measures, i * 1000);
  }
  const series = rates.series('capture.frames');
  assert.deepEqual([series.length, series.at(-1)], [60, 499]);
  assert.equal(rates.lastMinute().get('capture.frames'), series.reduce((sum, one) => sum + one, 0));
  const { p50, p99 } = rates.delays();
  assert.ok(p50! > 1 && p99! <= 2.5, `${p50} ${p99}`);
  assert.deepEqual(rates.queueTimes(), { p50: null, p99: null });
});
