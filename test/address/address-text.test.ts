import assert from 'node:assert/strict';
import { SocketAddress } from 'node:net';
import { test } from 'node:test';
import { addressText } from '../../rebuilder/address/address-text.ts';

/** Four words of an address written as eight groups. */
function words(groups: string): [number, number, number, number] {
  const numbers = groups.split(':').map((group) => parseInt(group, 16));
  return [0, 2, 4, 6].map((i) => (numbers[i]! << 16) | numbers[i + 1]!) as [number, number, number, number];
}

const cases: readonly (readonly [groups: string, text: string])[] = [
  ['0:0:0:0:0:ffff:a00:107', '10.0.1.7'],
  ['0:0:0:0:0:ffff:ffff:ffff', '255.255.255.255'],
  ['0:0:0:0:0:ffff:0:0', '0.0.0.0'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['fe80:0:0:0:0:0:0:0', 'fe80::'],
  // RFC 5952 4.2.2: a single group of zeros is not shortened; 4.2.3: the longest run is, the first of two equal ones.
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
];

for (const [groups, text] of cases) {
  test(`${groups} is written ${text}`, () => {
    assert.equal(addressText(...words(groups)), text);
    if (text.includes(':')) assert.equal(new SocketAddress({ address: groups, family: 'ipv6' }).address, text, 'as the system writes it');
  });
}
