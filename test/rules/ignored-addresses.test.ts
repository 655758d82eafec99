import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IgnoreRule } from '../../rebuilder/config/settings.ts';
import { wordsOf } from '../../rebuilder/address/ip-address.ts';
import { IgnoredAddresses } from '../../rebuilder/rules/ignored-addresses.ts';
import { Packet } from '../../rebuilder/wire/packet.ts';

function packet(source: string, destination: string, srcPort = 41000, dstPort = 80): Packet {
  const from = wordsOf(source)!;
  const to = wordsOf(destination)!;
  return Object.assign(new Packet(), {
    src0: from[0], src1: from[1], src2: from[2], src3: from[3], dst0: to[0], dst1: to[1], dst2: to[2], dst3: to[3],
    srcPort, dstPort,
  });
}

const IN = '10.20.1.1';
const OUT = '192.0.2.1';
const CASES: readonly (readonly [IgnoreRule['matchType'], inIn: boolean, inOut: boolean, outIn: boolean, outOut: boolean])[] = [
  ['src', true, true, false, false],
  ['dst', true, false, true, false],
  ['src_or_dst', true, true, true, false],
  ['src_and_dst', true, false, false, false],
];

for (const [matchType, ...expected] of CASES) {
  test(`match_type ${matchType}`, () => {
    const ignored = new IgnoredAddresses([{ subnets: ['10.20.0.0/16'], matchType }]);
    const found = [packet(IN, IN), packet(IN, OUT), packet(OUT, IN), packet(OUT, OUT)].map(
      (it) => ignored.reason(it) !== null,
    );
    assert.deepEqual(found, expected);
  });
}

test('entries are joined by or, IPv6 among them', () => {
  const ignored = new IgnoredAddresses([{ subnets: ['10.20.0.0/16'], matchType: 'src' }, { subnets: ['2001:db8::/32'], matchType: 'dst' }]);
  assert.equal(ignored.reason(packet(IN, OUT)), 'rules.ignored_ip');
  assert.equal(ignored.reason(packet('fd00::1', '2001:db8::7')), 'rules.ignored_ip');
  assert.equal(ignored.reason(packet('fd00::1', 'fd00::2')), null);
});

test('our own deliveries, in both directions; other ports of that host are traffic', () => {
  const ignored = new IgnoredAddresses([]);
  assert.equal(ignored.reason(packet(OUT, '10.0.0.5', 5000, 8445)), null);
  ignored.setOwn([{ address: '10.0.0.5', port: 8445 }, { address: 'fd00::5', port: 8445 }, { address: 'no address', port: 1 }]);
  assert.equal(ignored.reason(packet(OUT, '10.0.0.5', 5000, 8445)), 'rules.ignored_ip');
  assert.equal(ignored.reason(packet('10.0.0.5', OUT, 8445, 5000)), 'rules.ignored_ip');
  assert.equal(ignored.reason(packet('fd00::1', 'fd00::5', 5000, 8445)), 'rules.ignored_ip');
  assert.equal(ignored.reason(packet(OUT, '10.0.0.5', 5000, 80)), null);
  ignored.setOwn([]);
  assert.equal(ignored.reason(packet(OUT, '10.0.0.5', 5000, 8445)), null);
});

test('only the ports asked for, at either end', () => {
  const ignored = new IgnoredAddresses([], [80, 8080]);
  assert.equal(ignored.reason(packet(OUT, IN, 41000, 8080)), null);
  assert.equal(ignored.reason(packet(OUT, IN, 80, 41000)), null);
  assert.equal(ignored.reason(packet(OUT, IN, 41000, 443)), 'rules.ignored_port');
});
