// What one direction remembers of its segments. What it does with them: streams.test.ts and others of this room.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Budget } from '../../rebuilder/reassembly/budget.ts';
import { Connection } from '../../rebuilder/reassembly/connection.ts';
import { ConnectionMemory } from '../../rebuilder/reassembly/connection-memory.ts';
import { History } from '../../rebuilder/reassembly/history.ts';
import { ReadingsInUse } from '../../rebuilder/reassembly/readings-in-use.ts';
import { NOWHERE } from '../../rebuilder/reassembly/stream-sink.ts';
import { Timers } from '../../rebuilder/reassembly/timers.ts';
import { Packet, TcpFlag } from '../../rebuilder/wire/packet.ts';

const history = new History(1 << 16);
const budget = new Budget(1 << 20);
const context = {
  ledger: new Ledger(), limits: REPLAY_OPTIONS.limits, reorderBudget: budget, correctionBudget: budget,
  connections: new ConnectionMemory(budget), timers: new Timers(), readings: new ReadingsInUse(),
  history, strays: null, nowMs: 0, aside: null,
};

function packet(srcPort: number, seq: number, timestamp: number, more: Partial<Packet> = {}): Packet {
  const options = timestamp === 0 ? Buffer.alloc(0) : Buffer.from('0101080a0000000000000000', 'hex');
  if (timestamp !== 0) options.writeInt32BE(timestamp, 4);
  const bytes = Buffer.concat([options, Buffer.from('GET / HTTP/1.1\r\nX: ')]);
  return Object.assign(new Packet(), {
    bytes, optionsStart: 0, dataStart: options.length, dataEnd: bytes.length, srcPort, dstPort: 80, seq, ack: 1,
    flags: TcpFlag.ack, checksum: 'correct', headerSum: 'correct', ...more,
  });
}

/** Timestamps that are remembered of a connection, whose server is not seen. */
function remembered(port: number, packets: readonly Packet[]): number[] {
  const owner = { hear: () => NOWHERE, needsPast: false, closed: () => {} };
  const { fromA } = new Connection(packets[0]!, port, context, { open: () => owner }, 0);
  const kept: number[] = [];
  const append = history.append.bind(history);
  history.append = (...args) => {
    kept.push(args[5]);
    return append(...args);
  };
  for (const one of packets) {
    if ((one.flags & TcpFlag.syn) !== 0) fromA.synData(one, 0);
    else fromA.segment(one, 0);
  }
  history.append = append;
  return kept;
}

// Which receiver would have dropped a segment as old is decided by what is remembered: by its own timestamp.
test('a segment is remembered with its own timestamp, whatever others had', () => {
  assert.deepEqual(remembered(1, [packet(1, 100, 4_000_000)]), [4_000_000]);
  const spoilt = { checksum: 'wrong' } as const;
  assert.deepEqual(remembered(2, [packet(2, 100, 0), packet(2, 120, 7, spoilt), packet(2, 140, 0, spoilt)]), [0, 7, 0]);
  const syn = { flags: TcpFlag.syn };
  assert.deepEqual(remembered(3, [packet(3, 100, 9, syn), packet(3, 100, 0, syn)]), [9, 0]);
});
