import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastUntrusted } from '../../rebuilder/rules/address-chain.ts';
import { HeaderName } from '../../rebuilder/rules/header-name.ts';
import { Networks } from '../../rebuilder/address/networks.ts';
import { addressText } from '../../rebuilder/address/address-text.ts';
import { requestOf } from './request-of.ts';

const TRUSTED = new Networks(['10.0.0.0/8', '203.0.113.0/24', 'fd00::/8']);

function read(name: string, lines: readonly string[], trusted: Networks | null = TRUSTED): string | null {
  const words = new Int32Array(4);
  const request = requestOf('GET / HTTP/1.1', lines.map((line) => `${name}: ${line}`));
  const found = lastUntrusted(request, new HeaderName(name), name === 'Forwarded', trusted, words);
  return found ? addressText(words[0]!, words[1]!, words[2]!, words[3]!) : null;
}

const LISTS: readonly (readonly [why: string, lines: readonly string[], address: string | null])[] = [
  ['one address', ['198.51.100.7'], '198.51.100.7'],
  ['a forged first address', ['6.6.6.6, 198.51.100.7'], '198.51.100.7'],
  ['trusted proxies at the end', ['6.6.6.6, 198.51.100.7, 203.0.113.9, 10.0.0.1'], '198.51.100.7'],
  ['only trusted ones: the first', ['10.0.0.1, 10.0.0.2'], '10.0.0.1'],
  ['two lines are one list', ['6.6.6.6', '198.51.100.7, 10.0.0.1'], '198.51.100.7'],
  ['a line of blanks and commas', [', ,, 198.51.100.7 ,,'], '198.51.100.7'],
  ['blanks part a list as NGINX reads it', ['6.6.6.6 198.51.100.7'], '198.51.100.7'],
  ['with a port', ['198.51.100.7:1234, 10.0.0.1:5'], '198.51.100.7'],
  ['IPv6 in brackets with a port', ['[2001:db8::1]:443, fd00::1'], '2001:db8::1'],
  ['in quotes', ['"198.51.100.7"'], '198.51.100.7'],
  ['garbage ends the reading: nobody vouches for what is before it', ['198.51.100.7, unknown, 10.0.0.1'], '10.0.0.1'],
  ['garbage at the end', ['198.51.100.7, unknown'], null],
  ['nothing', [''], null],
  ['no line', [], null],
];

for (const [why, lines, address] of LISTS) test(`X-Forwarded-For: ${why}`, () => assert.equal(read('X-Forwarded-For', lines), address));

test('without networks every sender is believed: the first address', () => {
  assert.equal(read('X-Forwarded-For', ['6.6.6.6, 198.51.100.7'], null), '6.6.6.6');
});

const FORWARDED: readonly (readonly [why: string, lines: readonly string[], address: string | null])[] = [
  ['as RFC 7239 writes it', ['for=198.51.100.7;proto=http;by=203.0.113.43'], '198.51.100.7'],
  ['a chain', ['for=6.6.6.6, for=198.51.100.7, For="10.0.0.1:80";by=10.0.0.2'], '198.51.100.7'],
  ['IPv6', ['for="[2001:db8:cafe::17]:4711"'], '2001:db8:cafe::17'],
  ['a comma and a semicolon in quotes', ['for=198.51.100.7;x="a,b;for=6.6.6.6"'], '198.51.100.7'],
  ['an escaped quote', ['for=198.51.100.7;x="a\\",for=6.6.6.6"'], '198.51.100.7'],
  ['for is not the first parameter', ['by=10.0.0.1; for=198.51.100.7'], '198.51.100.7'],
  ['a name that ends alike', ['xfor=6.6.6.6'], null],
  ['an obfuscated address', ['for=_hidden'], null],
  ['unknown behind a trusted proxy', ['for=198.51.100.7, for=unknown, for=10.0.0.1'], '10.0.0.1'],
];

for (const [why, lines, address] of FORWARDED) test(`Forwarded: ${why}`, () => assert.equal(read('Forwarded', lines), address));

test('a list without end is read up to a limit', () => {
  const long = Array.from({ length: 5000 }, () => '10.0.0.1').join(', ');
  assert.equal(read('X-Forwarded-For', [`198.51.100.7, ${long}`]), '10.0.0.1');
  assert.equal(read('Forwarded', [`for=198.51.100.7, ${'for=10.0.0.1, '.repeat(1000)}for=10.0.0.1`]), null);
});
