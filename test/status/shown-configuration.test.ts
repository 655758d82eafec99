import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { parseConfig } from '../../rebuilder/config/load.ts';
import type { Settings } from '../../rebuilder/config/settings.ts';
import { shownConfiguration } from '../../rebuilder/status/shown-configuration.ts';

test('every section is shown as it is in force; values of headers and of queries are not', () => {
  const { settings } = parseConfig(`
forward: {endpoint: "http://node:8445", loop_key_file: /etc/vpc-mirror/loop.key}
health_checks: [{target: "/health?key=s3cret", headers: ["Host: {server}", "X-Key: s3cret"]}]
input_filters: {bypass: [{path: ^/static/, headers: {X-Token: ^s3cret$}}]}
`, 'conf.yaml');
  const text = shownConfiguration(settings);
  assert.ok(!text.includes('s3cret'), text);
  const shown = parse(text) as Settings;
  assert.deepEqual(Object.keys(shown).sort(), Object.keys(settings).sort());
  assert.equal(shown.forward.endpoint, 'http://node:8445');
  assert.deepEqual(shown.healthChecks[0], { method: 'GET', version: 'HTTP/1.1', target: '/health?***', headers: ['Host: ***', 'X-Key: ***'] });
  assert.deepEqual(shown.inputFilters.bypass[0]!.headers, ['x-token: ***']);
});
