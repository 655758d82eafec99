import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { parseConfig } from '../../rebuilder/config/load.ts';
import { EtherType } from '../../rebuilder/wire/ethertype.ts';
import { pcapFile } from '../capture-files.ts';
import { fragments, ipFrame, tcpFrame, tcpPacket, vlan } from '../frames.ts';
import { installed } from '../installed.ts';
import { mistakeCases, settingsCases } from './settings-cases.ts';

settingsCases('older-form.yaml');

mistakeCases([
  ['an unknown argument of the older form', 'goreplay: {extra_args: [-input-raw-vlanvid, 4]}', 'goreplay.extra_args[0]', /did you mean -input-raw-vlan-vid\?/],
  ['an argument with a bad number', 'goreplay: {extra_args: [-input-raw-vlan-vid, 4096]}', 'goreplay.extra_args[0]', /0 to 4095/],
  ['a bad filter of the older form', 'goreplay: {filter: eth0}', 'goreplay.filter', /eth0:80/],
  ['a value that no argument takes', 'goreplay: {extra_args: [eth0]}', 'goreplay.extra_args[0]', /^unexpected value 'eth0': no option before it takes one$/],
  [
    'an argument of interfaces to leave out', 'goreplay: {extra_args: [-input-raw-ignore-interface, eth0]}',
    'goreplay.extra_args[0]', /has no equivalent here/,
  ],
  ['a filtering argument has a key here', 'goreplay: {extra_args: [-http-allow-url, /api]}', 'goreplay.extra_args[0]', /input_filters/],
]);

// What a filter means is what libpcap makes of it: real frames go through tcpdump.
const to80 = tcpFrame('192.0.2.1:41000', '10.0.0.9:80', {}, 'a');
const to81 = tcpFrame('192.0.2.1:41000', '10.0.0.9:81', {}, 'a');
const to80v6 = tcpFrame('[2001:db8::1]:41000', '[2001:db8::2]:80', {}, 'a');
const laterFragment = ipFrame(fragments(tcpPacket('192.0.2.1:41000', '10.0.0.9:80', {}, 'a'.repeat(64)), 32)[1]!);
const FRAMES: Readonly<Record<string, Uint8Array>> = {
  'plain 80': to80, 'plain 81': to81, 'plain 80 IPv6': to80v6, 'plain fragment': laterFragment,
  'VLAN 42, 80': vlan(42, to80), 'VLAN 42, 81': vlan(42, to81), 'VLAN 43, 80': vlan(43, to80), 'VLAN 42, fragment': vlan(42, laterFragment),
  'QinQ 42, 80': vlan(42, vlan(7, to80), EtherType.serviceVlan), 'QinQ 42, 81': vlan(42, vlan(7, to81), EtherType.serviceVlan), 'QinQ 42, 80 IPv6': vlan(42, vlan(7, to80v6), EtherType.serviceVlan),
};

const MEANINGS: readonly (readonly [goreplay: string, taken: (name: string) => boolean])[] = [
  ['{filter: "eth0:80"}', (name) => !/81/.test(name)],
  ['{filter: "eth0:"}', () => true],
  ['{filter: "eth0:81,80"}', () => true],
  ['{filter: "eth0:", extra_args: [-input-raw-vlan]}', (name) => !/plain/.test(name)],
  ['{filter: "eth0:80", extra_args: [-input-raw-vlan]}', (name) => !/plain|81/.test(name)],
  ['{filter: "eth0:80", extra_args: [-input-raw-vlan, -input-raw-vlan-vid, 42]}', (name) => /42/.test(name) && !/81/.test(name)],
  ['{filter: "eth0:", extra_args: [-input-raw-vlan-vid, 42, -input-raw-vlan-vid, 43]}', (name) => !/plain/.test(name)],
  ['{filter: ":80"}', (name) => /^plain/.test(name) && !/81/.test(name)],
  ['{filter: "10.0.0.9:80"}', (name) => /^plain (80|fragment)$/.test(name)],
];

for (const [goreplay, taken] of MEANINGS) {
  test(`libpcap takes the frames that goreplay ${goreplay} means`, (t) => {
    if (!installed(t, 'tcpdump')) return;
    const { fromInterface } = parseConfig(`goreplay: ${goreplay}`, 'test.yaml').settings.tcpStream;
    const found = Object.entries(FRAMES).filter(([, bytes]) => fromInterface.some(({ filter }) => {
      const input = pcapFile([{ bytes, timeMs: 1_700_000_000_000 }]);
      const { status, stdout, stderr } = spawnSync('tcpdump', ['-n', '-r', '-', '-w', '-', filter], { input });
      assert.equal(status, 0, stderr.toString());
      return stdout.length > 24;
    })).map(([name]) => name);
    assert.deepEqual(found, Object.keys(FRAMES).filter(taken));
  });
}
