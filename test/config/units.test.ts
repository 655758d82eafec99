import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress, parseDuration, parseSize, writtenAddress, writtenDuration, writtenSize } from '../../rebuilder/config/units.ts';

const DURATIONS: readonly (readonly [unknown, number | null])[] = [
  ['5s', 5000], ['100ms', 100], ['2m', 120_000], ['1h', 3_600_000], ['1m30s', 90_000], ['1.5s', 1500], [0, 0], ['0', 0], ['0s', 0],
  ['5', null], [5, null], ['', null], ['s', null], ['5 s', null], ['-5s', null], ['5d', null], [null, null], ['1e3s', null],
];
const SIZES: readonly (readonly [unknown, number | null])[] = [
  ['64MiB', 67108864], ['1MB', 1_000_000], [4096, 4096], ['4096', 4096], ['640_000', 640_000], ['1.5KiB', 1536], ['2 GiB', 2147483648], ['8b', 8], ['0', 0],
  ['64M', null], ['64mi', null], ['-1', null], [-1, null], [1.5, null], ['', null], ['MiB', null], ['99999999999GiB', null], [true, null],
];
const ADDRESSES: readonly (readonly [unknown, string | null, number])[] = [
  ['0.0.0.0:4789', '0.0.0.0', 4789], [':9000', '', 9000], ['[::1]:80', '::1', 80], ['name.example:0', 'name.example', 0],
  ['0.0.0.0', null, 0], ['::1:80', null, 0], [':65536', null, 0], ['a b:1', null, 0], ['http://a:1', null, 0], [9000, null, 0], ['', null, 0],
];

for (const [text, ms] of DURATIONS) test(`duration ${JSON.stringify(text)}`, () => assert.equal(parseDuration(text), ms));
for (const [text, bytes] of SIZES) test(`size ${JSON.stringify(text)}`, () => assert.equal(parseSize(text), bytes));
for (const [text, host, port] of ADDRESSES) {
  test(`address ${JSON.stringify(text)}`, () => assert.deepEqual(parseAddress(text), host === null ? null : { host, port }));
}

const WRITTEN: readonly (readonly [string | number, string | number])[] = [
  [writtenDuration(0), '0ms'], [writtenDuration(200), '200ms'], [writtenDuration(5000), '5s'], [writtenDuration(90_000), '90s'],
  [writtenDuration(300_000), '5m'], [writtenDuration(86_400_000), '24h'], [writtenSize(0), 0], [writtenSize(1000), 1000],
  [writtenSize(65_536), '64KiB'], [writtenSize(3 * 2 ** 20), '3MiB'], [writtenSize(2 ** 40), '1024GiB'],
  [writtenAddress({ host: '', port: 9000 }), ':9000'], [writtenAddress({ host: '::1', port: 80 }), '[::1]:80'],
];
for (const [written, expected] of WRITTEN) test(`written as ${expected}`, () => assert.equal(written, expected));
