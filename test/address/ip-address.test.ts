import assert from 'node:assert/strict';
import { test } from 'node:test';
import ipaddr from 'ipaddr.js';
import { parseAddress, wordsOf } from '../../rebuilder/address/ip-address.ts';
import { addressText } from '../../rebuilder/address/address-text.ts';

/** null = it is no address. */
function read(text: string): string | null {
  const words = new Int32Array(4);
  return parseAddress(Buffer.from(`,${text},`, 'latin1'), 1, 1 + text.length, words) ? addressText(words[0]!, words[1]!, words[2]!, words[3]!) : null;
}

const CASES: readonly (readonly [text: string, address: string | null])[] = [
  ['192.0.2.1', '192.0.2.1'], ['255.255.255.255', '255.255.255.255'], ['0.0.0.0', '0.0.0.0'],
  ['192.0.2.1:4711', '192.0.2.1'], ['"192.0.2.1:4711"', '192.0.2.1'], ['192.0.2.1:_hidden', '192.0.2.1'],
  ['2001:db8::1', '2001:db8::1'], ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'], ['[2001:db8::1]', '2001:db8::1'], ['[2001:db8::1]:4711', '2001:db8::1'],
  ['"[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'], ['::', '::'], ['::1', '::1'], ['1::', '1::'], ['::ffff:192.0.2.1', '192.0.2.1'],
  ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4:5:6:c000:201'],
  ['', null], ['""', null], ['unknown', null], ['_hidden', null], ['192.0.2', null], ['192.0.2.256', null], ['192.0.2.01', null], ['1.2.3.4.5', null],
  ['192.0.2.1:', null], ['192.0.2.1:a b', null], ['[2001:db8::1', null], ['[2001:db8::1]x', null], ['1:2:3:4:5:6:7', null], ['1:2:3:4:5:6:7:8:9', null],
  [':::', null], ['1::2::3', null], [':1::', null], ['12345::', null], ['fe80::1%eth0', null], ['0x7f.1', null], ['2130706433', null], ['1:2:3:4:5:6:7:', null],
  ['::192.0.2.1:80', null], ['-1.2.3.4', null], ['1.2.3.4 ', null],
];

for (const [text, address] of CASES) {
  test(`${JSON.stringify(text)} is ${address === null ? 'no address' : address}`, () => assert.equal(read(text), address));
}

test('random addresses read as another library reads them', () => {
  let seed = 11;
  const random = (below: number): number => (seed = Math.imul(seed, 1664525) + 1013904223 >>> 0) % below;
  for (let round = 0; round < 4000; round++) {
    const text = random(2) === 0
      ? Array.from({ length: 4 }, () => random(256)).join('.')
      : new ipaddr.IPv6(Array.from({ length: 8 }, () => random(3) === 0 ? random(65536) : 0)).toRFC5952String();
    const words = wordsOf(text)!;
    const parsed = ipaddr.parse(text);
    const expected = parsed instanceof ipaddr.IPv4 ? parsed.toIPv4MappedAddress() : parsed;
    assert.ok(expected instanceof ipaddr.IPv6);
    assert.deepEqual(
      [...words].map((word) => word >>> 0),
      [0, 2, 4, 6].map((i) => ((expected.parts[i]! << 16) | expected.parts[i + 1]!) >>> 0),
      text,
    );
  }
});

test('random text never throws', () => {
  let seed = 5;
  const random = (below: number): number => (seed = Math.imul(seed, 1664525) + 1013904223 >>> 0) % below;
  const alphabet = '0123456789abcf.:[]"%_ ';
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: random(24) }, () => alphabet[random(alphabet.length)]).join('');
    const address = read(text);
    if (address !== null) assert.ok(ipaddr.isValid(address), `${text} was read as ${address}`);
  }
});
