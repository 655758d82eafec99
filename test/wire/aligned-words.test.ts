import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AlignedWords } from '../../rebuilder/wire/aligned-words.ts';

// A view may begin and end anywhere in its buffer: the words are those of the buffer, and only whole ones.
for (const [offset, length] of [[0, 8], [1, 8], [2, 7], [3, 5], [4, 3], [5, 0]] as const) {
  test(`${length} bytes at ${offset} of their buffer`, () => {
    const buffer = Uint8Array.from({ length: 24 }, (_, i) => 3 * i + 1);
    const bytes = buffer.subarray(offset, offset + length);
    const aligned = new AlignedWords();
    aligned.view(bytes);
    const seen = new Uint8Array(aligned.words.buffer, aligned.words.byteOffset, aligned.words.byteLength);
    for (let i = 0; i + aligned.shift < seen.length; i++) assert.equal(seen[i + aligned.shift], bytes[i]);
    assert.equal(seen.length, (length + aligned.shift) & ~3);
  });
}

test('other bytes, other words', () => {
  const aligned = new AlignedWords();
  aligned.view(new Uint8Array(4).fill(1));
  aligned.view(new Uint8Array(4).fill(2));
  assert.deepEqual([...aligned.words], [0x0202_0202]);
});
