// Where Multipath TCP puts bytes: whatever mappings come, each byte goes by the first that was said of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ledger } from '../../rebuilder/ledger.ts';
import { ConnectionMemory, FREE_BYTES } from '../../rebuilder/reassembly/connection-memory.ts';
import { Budget } from '../../rebuilder/reassembly/budget.ts';
import { DataSequence } from '../../rebuilder/reassembly/data-sequence.ts';
import { Packet } from '../../rebuilder/wire/packet.ts';
import { randomNumbers } from '../random-numbers.ts';

/** A segment of `length` bytes at `offset` behind the SYN, mapped to `place` behind the first byte of the data. */
function mapped(isn: number, offset: number, length: number, place: number): Packet {
  const bytes = Buffer.alloc(16 + length);
  bytes.set([30, 14, 0x20, 0x04]);
  bytes.writeInt32BE(place, 4);
  bytes.writeUInt32BE(offset + 1, 8);
  bytes.writeUInt16BE(length, 12);
  bytes.fill(1, 14, 16);
  return Object.assign(new Packet(), {
    bytes, optionsStart: 0, dataStart: 16, dataEnd: 16 + length, seq: isn + 1 + offset | 0,
  });
}

function sequence(isn: number): { order: DataSequence; ledger: Ledger; budget: Budget } {
  const ledger = new Ledger();
  const budget = new Budget(1 << 30);
  const connections = new ConnectionMemory(budget);
  connections.charge(FREE_BYTES);
  return { order: new DataSequence(isn, { ledger, connections }), ledger, budget };
}

test('random mappings, numbers that wrap included: each byte is where the first of them puts it', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomNumbers(seed);
    const isn = random(2) === 0 ? 1000 : 0x7fff_ffd0;
    const { order } = sequence(isn);
    const expected = new Map<number, number>();
    // The first says where nothing is moved.
    const first = isn + 1 | 0;
    order.hear(mapped(isn, 0, 1, 0), first);
    expected.set(0, 0);
    for (let i = 0; i < 40; i++) {
      const [offset, length, place] = [random(100), 1 + random(30), random(200)];
      order.hear(mapped(isn, offset, length, place), first);
      for (let k = 0; k < length; k++) if (!expected.has(offset + k)) expected.set(offset + k, place + k);
    }
    const told: number[] = [];
    for (const { start, end, seq } of order.places(first, 0, 140)) {
      for (let k = start; k < end; k++) told.push(seq + k - start - first | 0);
    }
    assert.deepEqual(told, Array.from({ length: 140 }, (_, k) => expected.get(k) ?? k), `seed ${seed}`);
    const moves = [...expected].some(([offset, place]) => offset !== place);
    assert.equal(order.moves(first, 140), moves);
  }
});

test('more mappings than are remembered are counted, and their memory is given back', () => {
  const { order, ledger, budget } = sequence(0);
  order.hear(mapped(0, 0, 1, 0), 1);
  for (let i = 1; i < 5000; i++) order.hear(mapped(0, 2 * i, 1, 7 * i), 1);
  assert.equal(ledger.get('tcp.readings_limit'), 5000 - 4096);
  assert.equal(order.places(1 + 2 * 4999, 0, 1)[0]!.seq, 1 + 7 * 4999);
  assert.ok(budget.usedBytes > 4096 * 16);
  order.end();
  assert.equal(budget.usedBytes, 0);
});
