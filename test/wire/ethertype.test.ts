import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerOf } from '../../rebuilder/wire/ethertype.ts';

const CASES: readonly (readonly [number, string | null])[] = [
  [0x0800, 'ipv4'], [0x86dd, 'ipv6'], [0x8100, 'vlan'], [0x88a8, 'vlan'], [0x9100, 'vlan'], [0x9200, 'vlan'], [0x8847, 'mpls'], [0x8848, 'mpls'],
  [0x8864, 'pppoe'], [0x0806, null], [0x88cc, null], [0x0026, null], [0x6558, null],
];

test('an EtherType announces a header, or nothing that can hold IP', () => {
  for (const [type, header] of CASES) assert.equal(headerOf(type), header, type.toString(16));
});
