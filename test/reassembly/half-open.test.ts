import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { Budget } from '../../rebuilder/reassembly/budget.ts';
import { ConnectionMemory } from '../../rebuilder/reassembly/connection-memory.ts';
import { HalfOpen, NONE } from '../../rebuilder/reassembly/half-open.ts';
import { Packet, TcpFlag } from '../../rebuilder/wire/packet.ts';
import { TcpStream } from '../tcp-stream.ts';

const { syn: SYN, ack: ACK } = TcpFlag;

function syn(client: number, fields: Partial<Packet> = {}): Packet {
  const ends = {
    src0: 0, src1: 0, src2: 0xffff, src3: client, dst0: 0, dst1: 0, dst2: 0xffff, dst3: -5,
    srcPort: 1024 + client % 60_000, dstPort: 65_535,
  };
  return Object.assign(new Packet(), ends, { seq: client * 7 | 0, flags: SYN, window: 65_535, ...fields });
}

function answer({ src3, srcPort, dst3, dstPort, ...rest }: Packet): Packet {
  return Object.assign(
    new Packet(), rest, { src3: dst3, srcPort: dstPort, dst3: src3, dstPort: srcPort, flags: SYN | ACK },
  );
}

test('what a SYN said is given back as it was', () => {
  const bytes = Buffer.alloc(100).fill(1, 60);
  const said = syn(-1, {
    vni: 7, outerSource: -9, vlanTags: 5, ipId: 65_535, ack: -1, checksum: 'partial', headerSum: 'none', version: 6, src0: -2, src1: 3, dst1: -4,
    bytes, optionsStart: 60, dataStart: 100, dataEnd: 100,
  });
  const halfOpen = new HalfOpen(new ConnectionMemory(new Budget(1 << 20)));
  halfOpen.add(said, 1, 1234.5);
  const given = halfOpen.take(halfOpen.find(said, 1));
  const { bytes: options, optionsStart, dataStart, dataEnd, timeMs, ...rest } = given;
  for (const [name, value] of Object.entries(rest)) if (name !== 'wordSum') assert.deepEqual(value, Reflect.get(said, name), name);
  assert.equal(timeMs, 1234.5);
  assert.equal(dataStart, dataEnd);
  assert.deepEqual(Buffer.from(options.subarray(optionsStart, dataStart)), bytes.subarray(60));
  assert.equal(halfOpen.size, 0);
});

test('thousands come, are found from both sides, are taken and make room, in slots that are used again', () => {
  const halfOpen = new HalfOpen(new ConnectionMemory(new Budget(1 << 20)));
  const known = new Set<number>();
  let left = 0;
  for (let client = 0; client < 20_000; client++) {
    halfOpen.add(syn(client), client & 1023, client);
    known.add(client);
    const other = client * 7919 % (client + 1);
    const packet = client % 2 === 0 ? syn(other) : answer(syn(other));
    const slot = halfOpen.find(packet, other & 1023);
    assert.equal(slot !== NONE, known.has(other));
    if (slot !== NONE) {
      assert.equal(halfOpen.isAgain(slot, packet), client % 2 === 0);
      assert.equal(halfOpen.take(slot).src3, other);
      known.delete(other);
    }
    if (known.size > 3000) {
      const [oldest] = known;
      assert.equal(halfOpen.oldestMs, oldest);
      halfOpen.removeOldest();
      known.delete(oldest!);
      left++;
    }
    assert.equal(halfOpen.size, known.size);
  }
  assert.ok(left > 1000);
  halfOpen.clear();
  assert.deepEqual([halfOpen.size, halfOpen.oldestMs, halfOpen.find(syn(19_999), 19_999 & 1023)], [0, Infinity, NONE]);
});

test('of another VLAN or VNI, with other numbers or data, it is not the same', () => {
  const halfOpen = new HalfOpen(new ConnectionMemory(new Budget(1 << 20)));
  halfOpen.add(syn(1, { vlanTags: 5 }), 1, 0);
  assert.notEqual(halfOpen.find(answer(syn(1)), 1), NONE, 'tags may be in one direction only');
  assert.equal(halfOpen.find(syn(1), 1), NONE);
  assert.equal(halfOpen.find(syn(1, { vlanTags: 6 }), 1), NONE);
  assert.equal(halfOpen.find(syn(1, { vni: 3 }), 1), NONE);
  const slot = halfOpen.find(syn(1, { vlanTags: 5 }), 1);
  assert.equal(halfOpen.isAgain(slot, syn(1, { vlanTags: 5 })), true);
  for (const other of [{ seq: 9 }, { flags: SYN | ACK }, { dataEnd: 1 }, { checksum: 'wrong' as const }]) {
    assert.equal(halfOpen.isAgain(slot, syn(1, { vlanTags: 5, ...other })), false, JSON.stringify(other));
  }
});

test('a SYN is a connection that is known and idles out; a flood of them leaves the half-sent request of another whole', () => {
  const limits = { ...REPLAY_OPTIONS.limits, flows: 4, idleTimeoutMs: 60_000 };
  const stream = new TcpStream({ limits, parseResponses: false });
  const [begin, end] = ['GET /half HTTP/1.1\r\nHo', 'st: a\r\n\r\n'];
  stream.open().send(begin, { at: 0 });
  for (let i = 0; i < 40; i++) {
    stream.clientPort = 42_000 + i;
    for (let times = 0; times < 2; times++) stream.send('', { at: -1, flags: SYN });
  }
  assert.equal(stream.pipeline.gauges().flows, 4);
  assert.equal(stream.ledger.get('tcp.sessions'), 41);
  assert.equal(stream.ledger.get('tcp.flow_emerg_mode_over'), 37);
  stream.clientPort = 41_000;
  stream.send(end, { at: begin.length });
  assert.deepEqual(stream.exchanges.map(({ request }) => [request.target, request.complete]), [['/half', true]]);
  stream.wait(61_000);
  assert.equal(stream.pipeline.gauges().flows, 0);
  assert.equal(stream.ledger.get('tcp.flow_idle_timeout'), 4);
  assert.deepEqual(stream.end(), []);
});
