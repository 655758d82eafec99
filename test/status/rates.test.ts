import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ledger } from '../../rebuilder/ledger.ts';
import { RateHistory } from '../../rebuilder/status/rates.ts';

test('no rate before two samples', () => {
  const rates = new RateHistory();
  assert.equal(rates.latest().packets, 0);
  rates.sample(new Ledger(), 1000);
  assert.equal(rates.latest().packets, 0);
  assert.deepEqual(rates.history(), []);
});

test('per second, whatever the distance of the samples', () => {
  const rates = new RateHistory();
  const ledger = new Ledger();
  rates.sample(ledger, 0);
  ledger.count('capture.frames', 300);
  rates.sample(ledger, 3000);
  ledger.count('capture.frames', 50);
  rates.sample(ledger, 3500);
  assert.deepEqual(rates.history().map(({ packets }) => packets), [100, 100]);
  assert.equal(rates.latest().packets, 100);
  rates.sample(ledger, 4000);
  assert.equal(rates.latest(1).packets, 0);
});

test('two samples in the same millisecond do not divide by zero', () => {
  const rates = new RateHistory();
  const ledger = new Ledger();
  rates.sample(ledger, 5);
  ledger.count('capture.frames', 2);
  rates.sample(ledger, 5);
  assert.equal(rates.latest().packets, 2000);
});

test('a minute is kept, no more', () => {
  const rates = new RateHistory();
  const ledger = new Ledger();
  for (let i = 0; i < 500; i++) {
    ledger.count('capture.frames', i);
    rates.sample(ledger, i * 1000);
  }
  assert.equal(rates.history().length, 60);
  assert.equal(rates.history().at(-1)!.packets, 499);
});
