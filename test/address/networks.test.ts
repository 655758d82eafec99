import assert from 'node:assert/strict';
import { test } from 'node:test';
import ipaddr from 'ipaddr.js';
import { wordsOf } from '../../rebuilder/address/ip-address.ts';
import { Networks } from '../../rebuilder/address/networks.ts';

const CASES: readonly (readonly [network: string, address: string, holds: boolean])[] = [
  ['10.0.0.0/8', '10.255.1.2', true], ['10.0.0.0/8', '11.0.0.0', false], ['10.1.2.3/8', '10.9.9.9', true],
  ['203.0.113.7', '203.0.113.7', true], ['203.0.113.7', '203.0.113.6', false], ['0.0.0.0/0', '8.8.8.8', true], ['0.0.0.0/0', '2001:db8::1', false],
  ['2001:db8::/32', '2001:db8:ffff::1', true], ['2001:db8::/32', '2001:db9::1', false], ['2001:db8::1', '2001:db8::1', true],
  ['::/0', '2001:db8::1', true], ['::/0', '10.0.0.1', false], ['::ffff:10.0.0.0/104', '10.2.3.4', true], ['::ffff:10.0.0.0/104', '11.2.3.4', false],
];

for (const [network, address, holds] of CASES) {
  test(`${network} ${holds ? 'holds' : 'does not hold'} ${address}`, () => assert.equal(new Networks([network]).hasWords(wordsOf(address)!), holds));
}

test('no network holds nothing', () => {
  assert.equal(new Networks([]).has(0, 0, 0xffff, 0x0a000001), false);
  assert.equal(new Networks(['10.0.0.0/8', '192.0.2.0/24']).size, 2);
});

test('random networks hold what another library says', () => {
  let seed = 3;
  const random = (below: number): number => (seed = Math.imul(seed, 1664525) + 1013904223 >>> 0) % below;
  for (let round = 0; round < 3000; round++) {
    const isIpv4 = random(2) === 0;
    const random4 = (): string => Array.from({ length: 4 }, () => random(4)).join('.');
    const random6 = (): string => Array.from({ length: 8 }, () => random(4).toString(16)).join(':');
    const length = random(isIpv4 ? 33 : 129);
    const network = `${isIpv4 ? random4() : random6()}/${length}`;
    const address = isIpv4 ? random4() : random6();
    const [base] = ipaddr.parseCIDR(network);
    const parsed = ipaddr.parse(address);
    const expected = base instanceof ipaddr.IPv4 && parsed instanceof ipaddr.IPv4 ? parsed.match(base, length)
      : base instanceof ipaddr.IPv6 && parsed instanceof ipaddr.IPv6 && parsed.match(base, length);
    assert.equal(new Networks([network]).hasWords(wordsOf(address)!), expected, `${network} ${address}`);
  }
});
