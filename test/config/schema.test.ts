import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schema } from '../../rebuilder/config/schema.ts';

test('an empty file has every section, with its defaults', () => {
  const values = schema.parse({});
  assert.equal(values.version, 4);
  assert.equal(values.limits.gap_timeout, 1000);
  assert.equal(values.limits.head_bytes, 65536);
  assert.equal(values.forward.body_limit, 8 << 20);
  assert.equal(values.tcp_stream.from_vxlan.receive_buffer, 64 << 20);
  assert.deepEqual(values.metrics.listen_address, { host: '127.0.0.1', port: 9000 });
  assert.ok(values.workers >= 1, '`auto` is at least one core');
});

test('sections are strict at every level', () => {
  for (const file of [
    { x: 1 },
    { log: { x: 1 } },
    { log: { access_log: { x: 1 } } },
    { proxy_protocol: [{ trusted_networks: [], x: 1 }] },
  ]) {
    assert.ok(!schema.safeParse(file).success, JSON.stringify(file));
  }
});
