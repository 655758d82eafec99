import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { loadLibc } from '../../rebuilder/capture/libc.ts';
import { FreedMemory } from '../../rebuilder/service/freed-memory.ts';

const MIB = 1 << 20;
const libc = await loadLibc();

test('memory is given back when the process has grown by 64 MiB since it was smallest, and not before', () => {
  let resident = 300 * MIB;
  let trims = 0;
  const memory = new FreedMemory(() => {
    trims++;
    resident -= 10 * MIB;
  }, () => resident);
  const trimsAt = [300, 350, 200, 263, 264, 317, 318, 318].map((mebibytes) => {
    resident = mebibytes * MIB;
    memory.look();
    return trims;
  });
  assert.deepEqual(trimsAt, [0, 0, 0, 0, 1, 1, 2, 2]);
});

test('buffers that were freed between others go back to the system', { skip: libc === undefined && 'no glibc' }, () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const memory = new FreedMemory(() => libc?.trim());
  memory.look();
  // As many connections make them, each in the middle of a message; one in a hundred stays.
  const buffers = Array.from({ length: 50_000 }, () => Buffer.allocUnsafeSlow(4096).fill(1));
  const kept = buffers.filter((_, i) => i % 100 === 0);
  buffers.length = 0;
  collectGarbage();
  collectGarbage();
  const before = process.memoryUsage.rss();
  memory.look();
  const freed = (before - process.memoryUsage.rss()) / MIB;
  assert.ok(freed > 64, `${Math.round(freed)} MiB went back, of 193 that are free`);
  assert.equal(kept.length, 500);
});
