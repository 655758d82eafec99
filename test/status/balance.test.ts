import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COUNTERS, COUNTER_NAMES, Ledger, type CounterName } from '../../rebuilder/ledger.ts';
import { ACCOUNTED_UNITS, balance, inFlight, total } from '../../rebuilder/status/balance.ts';
import { StubSource } from './stub-source.ts';

const nothing = inFlight(new StubSource().held);
const named = (role: string, unit: string): CounterName[] => COUNTER_NAMES
  .filter((name) => COUNTERS[name].role === role && COUNTERS[name].unit === unit);

for (const unit of ACCOUNTED_UNITS) {
  test(`${unit}: what came in must be out, lost or in flight`, () => {
    assert.ok(named('in', unit).length > 0, 'a way in');
    assert.ok(named('out', unit).length > 0, 'a way out');
    assert.ok(named('lost', unit).length > 0, 'a reason to be lost');
    const ledger = new Ledger();
    const imbalance = (flying = 0): number =>
      balance(ledger, { ...nothing, [unit]: flying }).find((row) => row.unit === unit)!.imbalance;
    assert.equal(imbalance(), 0);
    for (const name of named('in', unit)) ledger.count(name, 1000);
    const came = 1000 * named('in', unit).length;
    assert.equal(imbalance(), came);
    for (const name of named('out', unit)) ledger.count(name, 3);
    for (const name of named('lost', unit)) ledger.count(name, 2);
    const gone = 3 * named('out', unit).length + 2 * named('lost', unit).length;
    assert.equal(imbalance(), came - gone);
    assert.equal(imbalance(came - gone), 0);
    assert.equal(imbalance(came - gone + 1), -1, 'ended twice');
    assert.equal(total(ledger, 'lost', unit), 2 * named('lost', unit).length);
  });
}

test('notes end nothing', () => {
  const ledger = new Ledger();
  for (const name of COUNTER_NAMES) if (COUNTERS[name].role === 'note') ledger.count(name, 7);
  assert.deepEqual(balance(ledger, nothing).map((row) => row.imbalance), ACCOUNTED_UNITS.map(() => 0));
});
