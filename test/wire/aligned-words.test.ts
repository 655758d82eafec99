import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AlignedWords } from '../../rebuilder/wire/aligned-words.ts';

// A view may begin and end anywhere in its buffer: the words are those of the whole buffer.
for (const [offset, length] of [[0, 8], [1, 8], [2, 7], [3, 5], [4, 3], [5, 0]] as const) {
  test(`${length} bytes at ${offset} of their buffer`, () => {
    const buffer = Uint8Array.from({ length: 24 }, (_, i) => 3 * i + 1);
    const bytes = buffer.subarray(offset, offset + length);
    const aligned = new AlignedWords(Int32Array);
    aligned.view(bytes);
    const seen = new Uint8Array(aligned.words.buffer, aligned.words.byteOffset, aligned.words.byteLength);
    assert.deepEqual(seen.subarray(aligned.shift, aligned.shift + length), bytes);
  });
}

test('words of 64 bits', () => {
  const aligned = new AlignedWords(BigInt64Array);
  aligned.view(Uint8Array.from({ length: 19 }, (_, i) => i).subarray(3));
  assert.deepEqual([[...aligned.words], aligned.shift], [[0x0706_0504_0302_0100n, 0x0f0e_0d0c_0b0a_0908n], 3]);
});

test('other bytes, other words; another part of the same bytes, the same', () => {
  const aligned = new AlignedWords(Uint32Array);
  aligned.view(new Uint8Array(4).fill(1));
  const bytes = new Uint8Array(9).fill(0xfe);
  aligned.view(bytes);
  const { words } = aligned;
  assert.deepEqual([...words], [0xfefe_fefe, 0xfefe_fefe], 'only whole words');
  aligned.view(bytes.subarray(5));
  assert.deepEqual([aligned.words === words, aligned.shift], [true, 5]);
});
