import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NAME_CHAR, tokenEnd } from '../../rebuilder/http/field-names.ts';

// It looks at two bytes at a time: each place of the first byte that is none, and of the limit, odd and even.
test('a token ends at the first byte that is none, or at the limit', () => {
  for (let byte = 0; byte < 256; byte++) {
    for (let place = 0; place < 5; place++) {
      const bytes = Buffer.from('_Abc-9z');
      bytes[place] = byte;
      const first = NAME_CHAR[byte] === 0 ? place : bytes.length;
      for (let from = 0; from <= place; from++) {
        for (let to = from; to <= bytes.length; to++) {
          assert.equal(tokenEnd(bytes, from, to), Math.min(first, to), `byte ${byte} at ${place}, from ${from} to ${to}`);
        }
      }
    }
  }
});
