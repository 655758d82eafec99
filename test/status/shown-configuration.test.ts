import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { parseConfig } from '../../rebuilder/config/load.ts';
import { shownConfiguration } from '../../rebuilder/status/shown-configuration.ts';

test('it has the keys of the file; values of headers and of queries are not shown', () => {
  const { settings } = parseConfig(`
forward: {endpoint: "http://node:8445", loop_key_file: /etc/vpc-mirror/loop.key, deadline: 2m}
health_checks: [{target: "/health?key=s3cret", headers: ["Host: {server}", "X-Key: s3cret"]}]
input_filters: {bypass: [{path: ^/static/, headers: {X-Token: ^s3cret$}}]}
`, 'conf.yaml');
  const text = shownConfiguration(settings);
  assert.ok(!text.includes('s3cret'), text);
  const shown = parse(text);
  assert.deepEqual([shown.forward.endpoint, shown.forward.deadline, shown.limits.memory], ['http://node:8445', '2m', '512MiB']);
  assert.deepEqual(shown.health_checks, [{ method: 'GET', target: '/health?***', version: 'HTTP/1.1', headers: ['Host: ***', 'X-Key: ***'] }]);
  assert.deepEqual(shown.input_filters.bypass, [{ path: '^/static/', headers: { 'x-token': '***' }, ip_addresses: [] }]);
});

const CASES = 'test/config/cases';

for (const name of readdirSync(CASES)) {
  test(`what is shown of each file of ${name} is a file that means the same`, () => {
    for (const { why, file } of parse(readFileSync(`${CASES}/${name}`, 'utf8')) as { why: string; file: unknown }[]) {
      const { settings } = parseConfig(stringify(file), why);
      const text = shownConfiguration(settings);
      const again = parseConfig(text.replaceAll('***', 'masked'), why);
      assert.deepEqual(again.ignored, [], why);
      assert.equal(shownConfiguration(again.settings), text.replace(/^# goreplay.*\n/gm, ''), why);
      if (!/\*\*\*|^# goreplay/m.test(text)) assert.deepEqual(again.settings, settings, why);
    }
  });
}

test('what only the older form of a file can say is a comment', () => {
  const { settings } = parseConfig('goreplay: {filter: ":80", extra_args: [-input-raw-engine, vxlan, -input-raw-vxlan-vni, "-7"]}', 'conf.yaml');
  assert.match(shownConfiguration(settings), /^# goreplay: only TCP ports 80\n# goreplay: not VNIs 7\ntcp_stream:/);
});
