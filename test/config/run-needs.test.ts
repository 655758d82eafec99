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

for (const [why, file, needs] of CASES) {
  test(why, () => assert.deepEqual(runNeeds(parseConfig(file, 'test.yaml').settings).map((it) => it.path), needs));
}
