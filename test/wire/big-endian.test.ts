import assert from 'node:assert/strict';
import { test } from 'node:test';
import { int32, uint16, uint24 } from '../../rebuilder/wire/big-endian.ts';

test('numbers are read in network byte order', () => {
  const bytes = Uint8Array.of(0xff, 0x80, 0x01, 0x02, 0x03);
  assert.equal(uint16(bytes, 0), 0xff80);
  assert.equal(uint24(bytes, 1), 0x800102);
  assert.equal(int32(bytes, 1), 0x80010203 | 0);
  assert.equal(int32(bytes, 1) >>> 0, 0x80010203);
});
