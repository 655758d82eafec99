import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Measures } from '../../rebuilder/forward/measures.ts';
import { COUNTERS, COUNTER_NAMES, Ledger, type CounterName } from '../../rebuilder/ledger.ts';
import { EXITS } from '../../rebuilder/status/exits.ts';
import { RateHistory } from '../../rebuilder/status/rates.ts';
import { stages } from '../../rebuilder/status/stages.ts';

test('every counter of a loss is an exit of exactly one stage; none of what went on is', () => {
  for (const name of COUNTER_NAMES) {
    const found = EXITS.filter((exit) => exit.name === name);
    assert.ok(found.length <= 1, name);
    if (COUNTERS[name].role === 'lost') assert.equal(found.length, 1, name);
    if (COUNTERS[name].role === 'in') assert.equal(found.length, 0, name);
  }
});

for (const [name, kind] of [
  ['http.tls_bytes', 'not_http'], ['wire.udp.not_a_tunnel', 'not_http'], ['wire.ip.not_tcp', 'not_http'],
  ['rules.vni_filtered', 'left_out'], ['rules.health_check', 'left_out'], ['http.duplicate_view', 'left_out'], ['tcp.invalid_checksum', 'left_out'],
  ['wire.own_tunnel', 'not_http'], ['tcp.refused_bytes', 'left_out'],
  ['capture.kernel_drops', 'lost'], ['wire.tcp.trunc_pkt', 'lost'], ['forward.queue_full', 'lost'], ['workers.lost_requests', 'lost'],
] as const satisfies readonly (readonly [CounterName, string])[]) {
  test(`${name} is ${kind} in the words of a person`, () => {
    assert.equal(EXITS.find((exit) => exit.name === name)?.kind, kind);
  });
}

test('a stage has its sum, its rate, its last minute, and what left there, the most first', () => {
  const ledger = new Ledger();
  const rates = new RateHistory();
  rates.sample(ledger, new Measures(), 0);
  ledger.count('capture.frames', 100);
  ledger.count('wire.ip.not_tcp', 3);
  ledger.count('capture.kernel_drops', 7);
  ledger.count('tcp.cut_segments', 2);
  rates.sample(ledger, new Measures(), 2000);
  const [packets, ...others] = stages(ledger, rates);
  assert.deepEqual([packets!.total, packets!.perSecond, packets!.series], [100, 50, [50]]);
  assert.deepEqual(packets!.exits.map(({ name, total, perSecond }) => [name, total, perSecond]), [['capture.kernel_drops', 7, 3.5], ['wire.ip.not_tcp', 3, 1.5]]);
  assert.deepEqual(packets!.marks.map(({ name, total }) => [name, total]), [['tcp.cut_segments', 2]]);
  for (const { name, help } of [...packets!.exits, ...packets!.marks]) assert.equal(help, COUNTERS[name].help);
  assert.deepEqual(others.map(({ name, exits }) => [name, exits.length]), [['streams', 0], ['requests', 0], ['rules', 0], ['nodes', 0]]);
});
