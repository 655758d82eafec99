import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { loadLibpcap } from '../../rebuilder/capture/libpcap.ts';
import { parseConfig } from '../../rebuilder/config/load.ts';
import { filterMistakes } from '../../rebuilder/service/filter-mistakes.ts';
import { file, rebuilder } from '../command-line.ts';
import { absent } from '../installed.ts';

const hasLibpcap = async (t: TestContext): Promise<boolean> =>
  await loadLibpcap() !== null || absent(t, 'libpcap is not installed: apt-get install libpcap0.8');

const of = async (stream: string): Promise<string[]> => (await filterMistakes(parseConfig(`tcp_stream: ${stream}`, 'conf.yaml').settings))
  .map(({ path, sentence }) => `${path} ${sentence}`);

test('expressions that libpcap cannot read are named, all of them, each with its key', async (t) => {
  if (!await hasLibpcap(t)) return;
  const said = await of(`{from_vxlan: {enabled: true, filter: tcp prt 80}, from_geneve: {enabled: true, filter: port 80x},
    from_interface: [{enabled: true, filter: tcp port 80}, {enabled: true, filter: "tcp port ("}]}`);
  assert.equal(said.length, 3, said.join('\n'));
  assert.match(said[0]!, /^tcp_stream\.from_vxlan\.filter 'tcp prt 80' is not an expression of pcap-filter\(7\): \S/);
  assert.match(said[1]!, /^tcp_stream\.from_geneve\.filter 'port 80x' /);
  assert.match(said[2]!, /^tcp_stream\.from_interface\[1\]\.filter 'tcp port \(' /);
});

test('no mistakes: what suits one kind of interface, what is not enabled, a name that cannot be resolved now', async () => {
  for (const stream of ['{from_interface: {enabled: true, filter: "vlan and tcp port 80"}}', '{from_interface: {enabled: true, filter: "ether host 00:11:22:33:44:55"}}',
    '{from_interface: {enabled: true, filter: "tcp port 80 or (vlan and tcp port 80)"}}', '{from_geneve: {filter: tcp prt 80}}',
    '{from_vxlan: {enabled: true, filter: "host nobody.invalid"}}']) assert.deepEqual(await of(stream), [], stream);
});

test('check and run refuse such a file: exit code 2, one sentence', async (t) => {
  if (!await hasLibpcap(t)) return;
  const path = file(t, 'conf.yaml', 'mode: tcp-capture-v2\ntcp_stream: {from_vxlan: {listen_addr: "127.0.0.1:0", filter: tcp prt 80}}\n');
  for (const args of [['check', path], ['run', '-c', path]]) {
    const { status, stdout, stderr } = await rebuilder([...args, '--to', 'http://127.0.0.1:9']);
    assert.deepEqual([status, stdout], [2, ''], stderr);
    assert.match(stderr, /: 1 mistake\n- tcp_stream\.from_vxlan\.filter: 'tcp prt 80' is not an expression/);
  }
});
