import assert from 'node:assert/strict';
import { test } from 'node:test';
import ipaddr from 'ipaddr.js';
import { addressText } from '../../rebuilder/wire/address-text.ts';
import { randomNumbers } from '../random-numbers.ts';

/** Four signed words, as Packet holds them. */
function words(text: string): [number, number, number, number] {
  const address = ipaddr.parse(text);
  const bytes = (address instanceof ipaddr.IPv4 ? address.toIPv4MappedAddress() : address).toByteArray();
  const word = (at: number): number => bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!;
  return [word(0), word(4), word(8), word(12)];
}

test('addresses are written as RFC 5952 says', () => {
  for (const text of ['0.0.0.0', '10.0.1.7', '255.255.255.255', '::', '::1', '2001:db8::1', '2001:db8:0:1:1:1:1:1', '2001:0:0:1::1', '1::', 'fe80::1:0:0:1']) {
    assert.equal(addressText(...words(text)), text);
  }
});

test('any address reads back as itself', () => {
  const random = randomNumbers(1);
  for (let i = 0; i < 2000; i++) {
    // Many zero groups, so that runs of them meet.
    const group = (): number => random(3) === 0 ? random(0x10000) : 0;
    const given: [number, number, number, number] = [group() << 16 | group(), group() << 16 | group(), group() << 16 | group(), group() << 16 | group()];
    assert.deepEqual(words(addressText(...given)), given);
  }
});
