// Who makes room when there are too many connections, or too little memory for all of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Pipeline } from '../../rebuilder/pipeline.ts';
import { Budget } from '../../rebuilder/reassembly/budget.ts';
import { CHARGE, ConnectionMemory, FREE_BYTES } from '../../rebuilder/reassembly/connection-memory.ts';
import { balance } from '../../rebuilder/status/balance.ts';
import { LIVE_OPTIONS } from '../oracle/kernel/live-options.ts';
import { Flood } from '../scale/floods.ts';

const MIB = 1 << 20;
const GET = Buffer.from('GET /whole HTTP/1.1\r\nHost: a\r\n\r\n');
const HEAD = Buffer.from('POST /half HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n');
const BODY = Buffer.from('body');
const NEIGHBOUR = 7;
const ATTACKER = 8;

class Service {
  readonly ledger = new Ledger();
  /** Requests that were told whole, and those that were not. */
  readonly told = { whole: 0, cut: 0 };
  readonly pipeline: Pipeline;
  readonly packets: Flood;

  constructor(limits: { flows?: number; memoryBytes?: number }) {
    const options = {
      ...LIVE_OPTIONS, parseResponses: false, limits: { ...LIVE_OPTIONS.limits, stallTimeoutMs: 60_000, ...limits },
    };
    this.pipeline = new Pipeline(options, this.ledger, {
      exchange: (request) => {
        this.ledger.count('http.exchanges');
        if (request.methodIs('POST')) this.told[request.complete ? 'whole' : 'cut']++;
      },
    });
    this.packets = new Flood(this.pipeline, 100_000, () => {});
  }

  /** Half a request, from its beginning. */
  half(client: number, port = 4000): void {
    this.packets.segment({ client, port, seq: 0, flags: 2 });
    this.packets.segment({ client, port, seq: 1, data: HEAD });
  }

  whole(client: number): void {
    this.packets.segment({ client, seq: 0, flags: 2 });
    this.packets.segment({ client, seq: 1, data: GET });
  }

  rest(client: number, port = 4000): void {
    this.packets.segment({ client, port, seq: 1 + HEAD.length, data: BODY });
  }

  flood(amount: number, one: (i: number) => void): void {
    for (let i = 0; i < amount; i++) one(i);
  }

  get flows(): number {
    return this.pipeline.gauges().flows;
  }

  end(): string[] {
    this.pipeline.flush();
    return balance(this.ledger, { packets: 0, bytes: 0, requests: 0 })
      .filter(({ imbalance }) => imbalance !== 0).map(({ unit }) => unit);
  }
}

test('those between two messages make room before one that is in the middle of its message', () => {
  const service = new Service({ flows: 50 });
  service.half(NEIGHBOUR);
  service.flood(500, (i) => service.whole(100 + i));
  assert.equal(service.flows, 50);
  service.rest(NEIGHBOUR);
  assert.deepEqual(service.told, { whole: 1, cut: 0 });
  assert.deepEqual(service.end(), []);
});

test('whoever begins a request on each of thousands of connections pushes out its own', () => {
  const service = new Service({ flows: 50 });
  service.half(NEIGHBOUR);
  service.flood(500, (i) => service.half(ATTACKER, 5000 + i));
  assert.equal(service.flows, 50);
  service.rest(NEIGHBOUR);
  assert.equal(service.told.whole, 1);
  assert.ok(service.told.cut >= 451, `${service.told.cut} of the others are told as far as they came`);
  assert.deepEqual(service.end(), []);
});

/** What connections may take: what is free, and all of limits.memory but the last sixteenth. */
const most = (memoryBytes: number): number => (FREE_BYTES + 15 / 16 * memoryBytes) / CHARGE.connection;

test('connections take of limits.memory, and those between two messages make room when it is nearly full', () => {
  const memoryBytes = 16 * MIB;
  const service = new Service({ memoryBytes });
  service.half(NEIGHBOUR);
  service.flood(10_000, (i) => {
    service.whole(100 + i);
    assert.ok(service.flows <= most(memoryBytes) + 2);
  });
  service.packets.wait(20);
  assert.ok(service.flows > 0.98 * most(memoryBytes), `${service.flows} connections`);
  assert.equal(service.ledger.get('tcp.flow_memcap'), service.ledger.get('tcp.sessions') - service.flows);
  service.rest(NEIGHBOUR);
  assert.deepEqual(service.told, { whole: 1, cut: 0 });
  assert.deepEqual(service.end(), []);
  assert.equal(service.flows, 0);
});

test('a neighbour in the middle of its request gets it whole, however many begin one that never ends', () => {
  const service = new Service({ memoryBytes: 16 * MIB });
  service.half(NEIGHBOUR);
  service.flood(10_000, (i) => service.half(ATTACKER, 5000 + i));
  service.rest(NEIGHBOUR);
  assert.equal(service.told.whole, 1);
  assert.equal(service.ledger.get('http.memcap'), 0);
  assert.ok(service.ledger.get('tcp.flow_memcap') > 7000);
  assert.deepEqual(service.end(), []);
});

test('messages get the memory of those between two messages', () => {
  const service = new Service({ memoryBytes: 16 * MIB });
  service.flood(4000, (i) => service.whole(100 + i));
  assert.equal(service.ledger.get('tcp.flow_memcap'), 0);
  service.flood(1500, (i) => service.half(5000 + i));
  service.packets.wait(20);
  service.flood(1500, (i) => service.rest(5000 + i));
  assert.equal(service.told.whole, 1500);
  assert.ok(service.ledger.get('tcp.flow_memcap') > 1000);
  assert.deepEqual(service.end(), []);
});

test('what is left of a connection is given back, however it ends', () => {
  const budget = new Budget(16 * MIB);
  const memory = new ConnectionMemory(budget);
  memory.charge(FREE_BYTES);
  assert.equal(budget.usedBytes, 0, 'the first are free');
  memory.charge(16 * MIB);
  assert.deepEqual([budget.usedBytes, memory.isShort], [16 * MIB, true]);
  memory.charge(-2 * MIB);
  assert.deepEqual([budget.usedBytes, memory.isShort], [14 * MIB, false]);
  memory.charge(-14 * MIB - FREE_BYTES);
  assert.deepEqual([budget.usedBytes, memory.isShort], [0, false]);
});
