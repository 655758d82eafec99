import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fold, swap, WordSum } from '../../rebuilder/wire/checksum.ts';

/** RFC 1071, word by word. */
function plainSum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

test('the sum is that of RFC 1071 for every alignment and length', () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i * 167 + (i >> 3)) & 0xff);
  const wordSum = new WordSum();
  for (let start = 0; start < 9; start++) {
    for (let end = start; end <= 80; end++) {
      assert.equal(swap(wordSum.sum(bytes, start, end)), plainSum(bytes.subarray(start, end)), `${start}..${end}`);
    }
  }
});

test('views of a buffer and other buffers are told apart', () => {
  const wordSum = new WordSum();
  for (const shift of [0, 1, 2, 3]) {
    const view = new Uint8Array(new ArrayBuffer(67), shift, 60).fill(0x35);
    assert.equal(swap(wordSum.sum(view, 1, 60)), plainSum(view.subarray(1)));
  }
});

test('the largest segment does not overflow', () => {
  const bytes = new Uint8Array(65535).fill(0xff);
  assert.equal(swap(new WordSum().sum(bytes, 0, bytes.length)), plainSum(bytes));
});

test('fold carries around as often as it takes', () => {
  assert.equal(fold(0), 0);
  assert.equal(fold(0xffff), 0xffff);
  assert.equal(fold(0x1_ffff), 1);
  assert.equal(fold(0xffff_ffff_ffff), 0xffff);
});
