import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../rebuilder/config/load.ts';
import { runNeeds } from '../../rebuilder/config/run-needs.ts';

const CASES: readonly (readonly [why: string, file: string, needs: readonly string[]])[] = [
  ['an empty file lacks the nodes', '', ['forward.endpoint']],
  ['an endpoint is enough', 'forward: {endpoint: "http://alb:8445"}', []],
  ['native nodes are enough', 'forward: {ext_proc: {endpoint: "https://nodes.example:5080"}}', []],
  ['a file of exchanges is enough', 'exchanges: {file: /tmp/x.jsonl}', []],
  ['no source', 'tcp_stream: {from_vxlan: {enabled: false}}', ['tcp_stream', 'forward.endpoint']],
  ['an interface that is not enabled is no source',
    'tcp_stream: {from_vxlan: {enabled: false}, from_interface: {interface: lo}}\nforward: {endpoint: "http://a"}', ['tcp_stream']],
];

test('a bucket needs its region, in the file or in the environment', () => {
  const needs = (): string[] => runNeeds(parseConfig('exchanges: {file: /tmp/x.jsonl, s3: {bucket: logs}}', 'test.yaml').settings).map((it) => it.path);
  const before = process.env['AWS_REGION'];
  delete process.env['AWS_REGION'];
  assert.deepEqual(needs(), ['exchanges.s3.region']);
  process.env['AWS_REGION'] = 'eu-west-1';
  assert.deepEqual(needs(), []);
  if (before === undefined) delete process.env['AWS_REGION'];
  else process.env['AWS_REGION'] = before;
});

for (const [why, file, needs] of CASES) {
  test(why, () => assert.deepEqual(runNeeds(parseConfig(file, 'test.yaml').settings).map((it) => it.path), needs));
}
