import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COUNTERS, COUNTER_NAMES } from '../../rebuilder/ledger.ts';
import { familyOf, metrics } from '../../rebuilder/status/metrics.ts';
import { StubSource } from './stub-source.ts';

/** `name{labels}` -> value, of Prometheus text 0.0.4. */
function parse(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^([a-z_:][a-z0-9_:]*(?:\{.*\})?) (\S+)$/i.exec(line);
    if (match && !line.startsWith('#')) {
      assert.ok(!found.has(match[1]!), `${match[1]} twice`);
      found.set(match[1]!, Number(match[2]));
    }
  }
  return found;
}

test('every counter of the ledger is there from the start, and follows it', async () => {
  const source = new StubSource();
  const registry = metrics(source);
  const before = parse(await registry.metrics());
  for (const name of COUNTER_NAMES) assert.equal(before.get(`${familyOf(name)}{name="${name}"}`), 0, name);
  COUNTER_NAMES.forEach((name, i) => source.values.count(name, i + 1));
  for (let scrape = 0; scrape < 2; scrape++) {
    const after = parse(await registry.metrics());
    COUNTER_NAMES.forEach((name, i) => assert.equal(after.get(`${familyOf(name)}{name="${name}"}`), i + 1, name));
  }
});

test('a family holds one role and one unit, so that its sum means something', async () => {
  const text = await metrics(new StubSource()).metrics();
  for (const name of COUNTER_NAMES) {
    const { role, unit } = COUNTERS[name];
    const family = familyOf(name);
    assert.match(text, new RegExp(`^# TYPE ${family} counter$`, 'm'));
    if (role === 'note') assert.equal(family, 'rebuilder_events_total');
    else assert.equal(family, `rebuilder_${unit}_${role}_total`);
  }
});

test('gauges follow the process', async () => {
  const source = new StubSource();
  const registry = metrics(source);
  source.held = {
    flows: 1, pendingPackets: 3, pendingBytes: 4, inFlightRequests: 5, inFlightExchanges: 8, queueBytes: 6,
    openConnections: 7, memoryBytes: 9,
  };
  source.last = 1_234_500;
  source.state = [{ description: 'vxlan "a"', bound: true }, { description: 'eth0', bound: false }];
  source.node = { ...source.node, condition: 'failing', detail: 'refused' };
  const values = parse(await registry.metrics());
  assert.deepEqual(
    ['rebuilder_flows', 'rebuilder_pending_packets', 'rebuilder_pending_bytes', 'rebuilder_requests_in_flight', 'rebuilder_exchanges_in_flight',
      'rebuilder_queue_bytes', 'rebuilder_endpoint_connections', 'rebuilder_endpoint_up', 'rebuilder_last_packet_timestamp_seconds',
      'rebuilder_source_up{source="vxlan \\"a\\""}', 'rebuilder_source_up{source="eth0"}', `rebuilder_build_info{version="1.2.3",node_version="${process.version}",arch="${process.arch}"}`,
      'rebuilder_imbalance{unit="bytes"}', 'rebuilder_imbalance{unit="requests"}', 'rebuilder_imbalance{unit="exchanges"}'].map((name) => values.get(name)),
    [1, 3, 4, 5, 8, 6, 7, 0, 1234.5, 1, 0, 1, -4, -5, -8]);
  source.state = [];
  const later = parse(await registry.metrics());
  assert.deepEqual([...later.keys()].filter((name) => name.startsWith('rebuilder_source_up')), [], 'a source that is gone is not kept');
});

test('names and help obey Prometheus: snake_case, _total on counters only, help on all', async () => {
  const text = await metrics(new StubSource()).metrics();
  const types = [...text.matchAll(/^# TYPE (rebuilder_\S+) (\S+)$/gm)];
  assert.ok(types.length >= 12);
  for (const [, name, type] of types) {
    assert.match(name!, /^rebuilder_[a-z]+(_[a-z]+)*$/);
    assert.equal(name!.endsWith('_total'), type === 'counter', name);
    assert.match(text, new RegExp(`^# HELP ${name} \\S.{5,}$`, 'm'));
  }
  assert.match(text, /^process_resident_memory_bytes \d+/m);
});

test('histograms in seconds and bytes, whose buckets add up, from the numbers of all threads', async () => {
  const source = new StubSource();
  const registry = metrics(source);
  for (const ms of [0.5, 3, 3, 40, 120_000]) source.measured.delay.observe(ms);
  source.measured.size.observe(700);
  const text = await registry.metrics();
  assert.match(text, /^# TYPE rebuilder_delivery_seconds histogram$/m);
  const values = parse(text);
  const bucket = (le: string): number | undefined => values.get(`rebuilder_delivery_seconds_bucket{le="${le}"}`);
  assert.deepEqual(['0.001', '0.0025', '0.005', '0.05', '60', '+Inf'].map(bucket), [1, 1, 3, 4, 4, 5]);
  assert.equal(values.get('rebuilder_delivery_seconds_count'), 5);
  assert.ok(Math.abs(values.get('rebuilder_delivery_seconds_sum')! - 120.0465) < 1e-9);
  assert.deepEqual(['512', '1024', '+Inf'].map((le) => values.get(`rebuilder_request_bytes_bucket{le="${le}"}`)), [0, 1, 1]);
  assert.equal(values.get('rebuilder_queue_seconds_count'), 0);
});
