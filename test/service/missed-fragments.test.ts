import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { loadLibpcap } from '../../rebuilder/capture/libpcap.ts';
import { parseConfig } from '../../rebuilder/config/load.ts';
import { fragmentWarnings } from '../../rebuilder/service/missed-fragments.ts';
import { file, rebuilder } from '../command-line.ts';
import { absent } from '../installed.ts';

const hasLibpcap = async (t: TestContext): Promise<boolean> =>
  await loadLibpcap() !== null || absent(t, 'libpcap is not installed: apt-get install libpcap0.8');

const warnings = async (text: string): Promise<string[]> => fragmentWarnings(parseConfig(text, 'conf.yaml').settings);
const ofInterface = async (filter: string): Promise<string[]> =>
  warnings(`tcp_stream: ${JSON.stringify({ from_interface: { enabled: true, interface: 'eth0', filter } })}`);

const LATER4 = 'ip[6:2] & 0x1fff != 0';
const LATER6 = '(ip6[6] != 6 and ip6[6] != 17)';
const LATER = `${LATER4} or ${LATER6}`;
const many = (word: string, from: number, count: number): string =>
  Array.from({ length: count }, (_, i) => `${word}${from + i}`).join(' or ');

/** A filter, and with PORTS as its ports what it has to be instead. */
const MISSING: readonly (readonly [filter: string, mended: string, later: string, behindVlan?: 'also' | 'only'])[] = [
  ['tcp port 80', `tcp port 80 or ${LATER}`, LATER],
  ['port 80', `port 80 or ${LATER}`, LATER],
  ['tcp dst portrange 8000-8100', `tcp dst portrange 8000-8100 or ${LATER}`, LATER],
  ['ip and tcp port 80', `ip and (tcp port 80 or ${LATER4})`, LATER4],
  [`tcp port 80 or ${LATER4}`, `tcp port 80 or ${LATER}`, LATER6],
  ['host 10.0.0.1 and port 80', `host 10.0.0.1 and (port 80 or ${LATER4})`, LATER4],
  ['src net 10.0.0.0/8 and dst host 10.9.0.1 and dst port 80', `src net 10.0.0.0/8 and dst host 10.9.0.1 and (dst port 80 or ${LATER4})`, LATER4],
  ['ip6 host 2001:db8::5 and port 80', `ip6 host 2001:db8::5 and (port 80 or ${LATER6})`, LATER6],
  ['ether host 00:11:22:33:44:55 and tcp port 80', `ether host 00:11:22:33:44:55 and (tcp port 80 or ${LATER})`, LATER],
  ['host 10.0.0.1 or tcp port 80', `host 10.0.0.1 or (tcp port 80 or ${LATER})`, LATER],
  ['not tcp port 22 and tcp port 80', `not tcp port 22 and (tcp port 80 or ${LATER})`, LATER],
  ['greater 1000 and tcp port 80', `greater 1000 and (tcp port 80 or ${LATER})`, LATER],
  ['ip[(ip[0] & 0xf) << 2:2] = 80', `ip[(ip[0] & 0xf) << 2:2] = 80 or ${LATER4}`, LATER4],
  ['inbound and tcp port 80', `inbound and (tcp port 80 or ${LATER})`, LATER],
  ['vlan 42 and tcp port 80', `vlan 42 and (tcp port 80 or ${LATER})`, LATER, 'only'],
  ['vlan 7 and vlan 42 and tcp port 80', `vlan 7 and vlan 42 and (tcp port 80 or ${LATER})`, LATER, 'only'],
  ['tcp port 80 or (vlan and tcp port 80)', `tcp port 80 or ${LATER} or (vlan and (tcp port 80 or ${LATER}))`, LATER, 'also'],
  [`tcp port 80 or ${LATER} or (vlan and tcp port 80)`, `tcp port 80 or ${LATER} or (vlan and (tcp port 80 or ${LATER}))`, LATER, 'only'],
  [`(${many('host 10.0.0.', 1, 40)}) and (${many('tcp port ', 8000, 30)})`, `(${many('host 10.0.0.', 1, 40)}) and (${many('tcp port ', 8000, 30)} or ${LATER4})`, LATER4],
];

for (const [filter, mended, later, behindVlan] of MISSING) {
  test(`warned of, and not when it is mended: ${filter.slice(0, 70)}`, async (t) => {
    if (!await hasLibpcap(t)) return;
    const where = behindVlan === 'only' ? ' behind a VLAN tag' : '';
    const every = behindVlan === undefined ? '' : ', behind each vlan';
    assert.deepEqual(await ofInterface(filter), [
      `tcp_stream.from_interface.filter: '${filter}' takes TCP packets${where} but not all IP fragments of them, and a request that is sent in fragments is not seen: `
      + `instead of its ports write (PORTS or ${later})${every}`,
    ]);
    assert.deepEqual(await ofInterface(mended), []);
  });
}

test('not warned of: filters without ports, or of all but some ports, and what takes no TCP', async (t) => {
  if (!await hasLibpcap(t)) return;
  for (const filter of [
    'host 10.0.0.1', 'net 10.0.0.0/8', 'ip6 net 2001:db8::/32', 'vlan', 'vlan 42', 'vlan and host 10.0.0.1', 'vlan 1 and vlan 2', 'tcp', 'ip or ip6', 'ip proto 6',
    'vlan and tcp', 'not port 22', 'tcp and not port 22', 'host 10.0.0.1 and not tcp port 22', 'ether host 00:11:22:33:44:55', 'greater 100',
    'udp port 4789', 'udp', 'icmp or arp', 'mpls', 'udp port 53 or host 10.0.0.1',
  ]) assert.deepEqual(await ofInterface(filter), [], filter);
});

test('not warned of: the filters that pages show, and those that goreplay.filter stands for', async (t) => {
  if (!await hasLibpcap(t)) return;
  const [, ofConfiguration] = /^\*\*Filters\*\* [^]*?```\n([^`]*)\n```/m.exec(readFileSync('docs/configuration.md', 'utf8')) ?? [];
  assert.deepEqual(await ofInterface(ofConfiguration!.replaceAll('\n', ' ')), []);
  const configurations = [...readFileSync('docs/install.md', 'utf8').matchAll(/^ {3}```yaml\n([^]*?)^ {3}```/gm)].map(([, text]) => text!);
  assert.ok(configurations.length > 1);
  for (const text of [
    ...configurations,
    ...['eth0:80', 'eth0:80,443', ':80', 'eth0:', '10.0.0.1:80', '[2001:db8::1]:80'].map((filter) => `mode: tcp-capture\ngoreplay: {filter: "${filter}"}`),
  ]) assert.deepEqual(await warnings(text), [], text);
});

test('each filter of an enabled source is warned of with its key', async (t) => {
  if (!await hasLibpcap(t)) return;
  const said = await warnings(`tcp_stream: {from_vxlan: {enabled: true, filter: port 80}, from_geneve: {filter: port 81},
    from_interface: [{enabled: true, filter: tcp}, {enabled: true, filter: port 82}]}`);
  assert.deepEqual(said.map((one) => one.slice(0, one.indexOf(' takes'))), ['tcp_stream.from_vxlan.filter: \'port 80\'', 'tcp_stream.from_interface[1].filter: \'port 82\'']);
});

test('check warns, and finds no mistake', async (t) => {
  if (!await hasLibpcap(t)) return;
  const path = file(t, 'conf.yaml', 'mode: tcp-capture-v2\ntcp_stream: {from_vxlan: {listen_addr: "127.0.0.1:0", filter: tcp port 80}}\n');
  const { status, stdout, stderr } = await rebuilder(['check', path, '--to', 'http://127.0.0.1:9']);
  assert.deepEqual([status, stdout], [0, `${path}: no mistakes\n`]);
  assert.match(stderr.replace(/\n {2}/g, ' '), /conf\.yaml: warning: tcp_stream\.from_vxlan\.filter: 'tcp port 80' takes TCP packets but not all IP fragments/);
  assert.ok(stderr.split('\n').every((line) => line.length <= 80), stderr);
});
