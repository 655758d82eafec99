// How the status page writes numbers: the same module that a browser loads, of which these functions need no document.
import assert from 'node:assert/strict';
import { test } from 'node:test';

interface Elements {
  number(value: number): string;
  bytes(value: number): string;
  amount(value: number, unit: string): string;
  duration(ms: number | null): string;
}

const elements: Elements = await import(new URL('../../rebuilder/status/browser/elements.js', import.meta.url).href);

const CASES: readonly (readonly [string, string])[] = [
  [elements.bytes(0), '0 B'], [elements.bytes(1023), '1,023 B'], [elements.bytes(1024), '1 KiB'], [elements.bytes(1536), '1.5 KiB'],
  [elements.bytes(5 * 2 ** 20), '5 MiB'], [elements.bytes(3 * 2 ** 30), '3 GiB'], [elements.bytes(2 ** 40), '1 TiB'], [elements.bytes(2 ** 50), '1,024 TiB'],
  [elements.amount(2048, 'bytes'), '2 KiB'], [elements.amount(2048, 'packets'), '2,048 packets'],
  [elements.number(0), '0'], [elements.number(0.25), '0.3'], [elements.number(9.94), '9.9'], [elements.number(10.4), '10'], [elements.number(-1234), '-1,234'],
  [elements.duration(null), '–'], [elements.duration(0.44), '0.4 ms'], [elements.duration(999), '999 ms'], [elements.duration(1000), '1 s'],
  [elements.duration(119_940), '119.9 s'], [elements.duration(120_000), '2 min'], [elements.duration(7_200_000), '2 h 0 min'],
  [elements.duration(47 * 3_600_000), '47 h 0 min'], [elements.duration(48 * 3_600_000), '2 days'],
];

for (const [i, [written, expected]] of CASES.entries()) test(`${i + 1}: ${expected}`, () => assert.equal(written, expected));
