import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KNOWN_KEYS, unknownKey } from '../../rebuilder/config/known-keys.ts';

test('every key is listed once, with its effect and default', () => {
  assert.equal(new Set(KNOWN_KEYS.map((it) => it.path)).size, KNOWN_KEYS.length);
  for (const { path, ignored, effect } of KNOWN_KEYS) assert.ok(ignored || effect.length > 3, `${path} has no effect written down`);
  for (const path of ['version', 'tcp_stream.from_vxlan.vni_filter', 'tcp_stream.from_interface[].snap_len', 'route_config.routes[].route', 'workers']) {
    assert.ok(KNOWN_KEYS.some((it) => it.path === path), path);
  }
});

test('durations and sizes say their unit', () => {
  const without = KNOWN_KEYS.filter((it) => /(timeout|interval|deadline|_time)$/.test(it.path) && !it.ignored && it.unit !== 'duration').map((it) => it.path);
  assert.deepEqual(without, []);
});

test('an unknown key is answered by a near one, by one of its name elsewhere, or by those there are', () => {
  assert.match(unknownKey('log', 'levle'), /'level'/);
  assert.match(unknownKey('route_config.routes[].routes[]', 'hosts'), /'host'/);
  assert.match(unknownKey('log', 'endpoint'), /'forward.endpoint'/);
  assert.match(unknownKey('proxy_protocol[]', 'zebra'), /known are trusted_networks, ports/);
});
