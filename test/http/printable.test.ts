import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printableEnd } from '../../rebuilder/http/printable.ts';

const naive = (bytes: Uint8Array, from: number, to: number): number => {
  let at = from;
  while (at < to && bytes[at]! >= 0x20 && bytes[at]! < 0x7f) at++;
  return at;
};

test('each byte value at each place of a word ends the run or not, at every alignment of the buffer', () => {
  const memory = new Uint8Array(64);
  for (let offset = 0; offset < 4; offset++) {
    const bytes = memory.subarray(offset, offset + 24);
    for (let value = 0; value < 256; value++) {
      for (let place = 0; place < bytes.length; place++) {
        bytes.fill(0x61);
        bytes[place] = value;
        for (const from of [0, 1, 2, 3, 5]) {
          for (const to of [bytes.length, bytes.length - 1, place, from]) {
            if (to < from) continue;
            assert.equal(printableEnd(bytes, from, to), naive(bytes, from, to), `byte ${value} at ${place}, [${from}, ${to}), offset ${offset}`);
          }
        }
      }
    }
  }
});

test('neighbours of a byte that ends the run do not hide it', () => {
  const bytes = new Uint8Array(8);
  const values = [0x00, 0x0a, 0x1f, 0x20, 0x7e, 0x7f, 0x80, 0xff];
  for (let n = 0; n < values.length ** 4; n++) {
    for (let i = 0, rest = n; i < 4; i++, rest = Math.floor(rest / values.length)) {
      bytes[i] = values[rest % values.length]!;
    }
    assert.equal(printableEnd(bytes, 0, 4), naive(bytes, 0, 4), `${n}`);
  }
});
