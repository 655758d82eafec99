import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Packet } from '../../rebuilder/wire/packet.ts';
import { TcpOptions } from '../../rebuilder/wire/tcp-options.ts';

function read(...bytes: number[]): TcpOptions {
  const options = new TcpOptions();
  options.read(
    Object.assign(new Packet(), { bytes: Uint8Array.from(bytes), optionsStart: 0, dataStart: bytes.length }),
  );
  return options;
}

const TIMESTAMPS = [8, 10, 1, 2, 3, 4, 0, 0, 0, 9];

test('timestamps are read, however they are aligned', () => {
  for (const bytes of [[1, 1, ...TIMESTAMPS], [...TIMESTAMPS, 1, 1], [...TIMESTAMPS, 0, 7]]) {
    const { hasTimestamps, timestamp } = read(...bytes);
    assert.deepEqual({ hasTimestamps, timestamp }, { hasTimestamps: true, timestamp: 0x01020304 });
  }
});

test('a scale beyond 14 counts as 14 (RFC 7323 2.3)', () => {
  assert.equal(read(3, 3, 7, 1).windowScale, 7);
  assert.equal(read(3, 3, 99, 1).windowScale, 14);
  assert.equal(read(1, 1, 1, 1).windowScale, -1);
});

test('signatures are seen', () => {
  assert.ok(read(19, 18, ...new Array<number>(16).fill(7), 1, 1).isSigned);
  assert.ok(read(29, 16, ...new Array<number>(14).fill(7)).isSigned);
  assert.ok(!read(1, 1, ...TIMESTAMPS).isSigned);
});

test('a length that cannot be ends the reading, and is odd where a signature has room', () => {
  for (const bytes of [[8, 1, 0, 0], [8, 0, 0, 0], [3, 99, 1, 1]]) {
    const four = read(...bytes, ...TIMESTAMPS, 1, 1);
    assert.ok(four.isMalformed && !four.hasTimestamps, String(bytes));
    const last = read(1, 1, ...TIMESTAMPS, ...bytes);
    assert.ok(!last.isMalformed && last.hasTimestamps, String(bytes));
  }
  assert.ok(!read(1, 1, 1, 8).isMalformed);
});
