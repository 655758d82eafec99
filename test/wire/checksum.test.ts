import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameMemory } from '../../rebuilder/capture/frame-memory.ts';
import { blockSum } from '../../rebuilder/wire/block-sum.ts';
import { fold, swap, WordSum } from '../../rebuilder/wire/checksum.ts';

/** RFC 1071, word by word. */
function plainSum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

const memories: readonly (readonly [string, (bytes: number) => Uint8Array])[] = [
  ['any memory', (bytes) => new Uint8Array(bytes)], ['memory for frames', frameMemory],
];

for (const [name, allocate] of memories) {
  test(`the sum is that of RFC 1071 for every alignment and length: ${name}`, () => {
    const memory = allocate(400);
    for (const bytes of [memory, memory.subarray(3), memory.subarray(32, 380)]) {
      for (const i of bytes.keys()) bytes[i] = i * 167 + (i >> 3);
      const wordSum = new WordSum();
      for (let start = 0; start < 35; start++) {
        for (let end = start; end <= 170; end++) {
          assert.equal(swap(wordSum.sum(bytes, start, end)), plainSum(bytes.subarray(start, end)), `${start}..${end}`);
        }
      }
    }
  });

  test(`the largest segment does not overflow: ${name}`, () => {
    const bytes = allocate(65_540).fill(0xff);
    for (const length of [65_535, 65_536]) {
      assert.equal(swap(new WordSum().sum(bytes, 1, length)), plainSum(bytes.subarray(1, length)));
    }
  });
}

test('memory for frames is summed in blocks', () => {
  const sum = blockSum(frameMemory(65_536).fill(1).buffer);
  assert.equal(sum?.(0, 64), 32 * 0x0101);
  assert.equal(blockSum(new ArrayBuffer(64)), null);
});

test('views of a buffer and other buffers are told apart', () => {
  const wordSum = new WordSum();
  const frames = frameMemory(100).fill(0x47);
  for (const shift of [0, 1, 2, 3]) {
    assert.equal(swap(wordSum.sum(frames, shift, 100)), plainSum(frames.subarray(shift)));
    const view = new Uint8Array(new ArrayBuffer(67), shift, 60).fill(0x35);
    assert.equal(swap(wordSum.sum(view, 1, 60)), plainSum(view.subarray(1)));
  }
});

test('fold carries around as often as it takes', () => {
  assert.equal(fold(0), 0);
  assert.equal(fold(0xffff), 0xffff);
  assert.equal(fold(0x1_ffff), 1);
  assert.equal(fold(0xffff_ffff_ffff), 0xffff);
});
