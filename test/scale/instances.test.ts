// Many rebuilders behind one NLB: real pipelines, the balancer's rules as a model (network-load-balancer.ts). See
// docs/scaling.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildLoad, type Load, type LoadOptions, NO_FAULTS } from '../../bench/load.ts';
import { idAt } from '../../bench/requests.ts';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Pipeline } from '../../rebuilder/pipeline.ts';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { type Balancing, NetworkLoadBalancer, outerSourcePort, type Target } from './network-load-balancer.ts';

const SPREAD: Balancing = { crossZone: true, sourceIpStickiness: false };
const STICKY: Balancing = { crossZone: true, sourceIpStickiness: true };
const LOAD: LoadOptions = {
  seed: 11, kind: 'mix', requests: 4000, connections: 400, requestsPerConnection: 10, mtu: 1500, responses: false, faults: NO_FAULTS,
};
const OPTIONS = {
  ...REPLAY_OPTIONS, limits: { ...REPLAY_OPTIONS.limits, reorderMs: 200, gapTimeoutMs: 500, stallTimeoutMs: 1500 },
};

interface Delivery { readonly target: number; readonly complete: boolean; readonly name: string }

interface Run {
  /** What each request id was delivered as. */
  readonly deliveries: Map<number, Delivery[]>;
  readonly packetsOf: Map<number, number>;
  /** Requests whose packets did not all go to one target. */
  readonly torn: Set<number>;
  readonly moves: number;
  readonly ledgers: Ledger[];
}

interface RunOptions {
  readonly balancing: Balancing;
  readonly targets: (packet: number) => readonly Target[];
  /** Time of a packet; the default is 1 ms between two. */
  readonly timeOf?: (packet: number) => number;
}

function instances(count: number): Target[] {
  return Array.from({ length: count }, (_, id) => ({ id, zone: id % 2 }));
}

function run(load: Load, { balancing, targets, timeOf = (i) => i }: RunOptions): Run {
  const balancer = new NetworkLoadBalancer(balancing);
  const pipelines = new Map<number, Pipeline>();
  const deliveries = new Map<number, Delivery[]>();
  const packetsOf = new Map<number, number>();
  const torn = new Set<number>();
  const targetOfRequest = new Map<number, number>();
  const ledgers: Ledger[] = [];
  const pipelineOf = (target: Target): Pipeline => {
    let pipeline = pipelines.get(target.id);
    if (!pipeline) {
      const ledger = new Ledger();
      ledgers.push(ledger);
      pipeline = new Pipeline(OPTIONS, ledger, {
        exchange: (request) => {
          const id = idAt(request.bytes, request.targetStart);
          const all = deliveries.get(id) ?? [];
          all.push({ target: target.id, complete: request.complete, name: request.id });
          deliveries.set(id, all);
        },
      });
      pipelines.set(target.id, pipeline);
    }
    return pipeline;
  };
  const requestOf = requestOfPacket(load);
  let now = 0;
  for (let i = 0; i < load.packets.count; i++) {
    const packet = load.packets.packet(i);
    now = 1_800_000_000_000 + timeOf(i);
    const [src, dst] = [packet.readUInt32BE(34), packet.readUInt32BE(38)];
    const port = outerSourcePort(src, dst, packet.readUInt16BE(42), packet.readUInt16BE(44));
    // The mirrored interface is the server's; its zone goes by its address.
    const [eni, zone] = [Math.min(src, dst) === dst ? dst : Math.max(src, dst), Math.max(src, dst) % 2];
    balancer.setTargets(targets(i));
    const target = balancer.route(eni, port, zone, now);
    if (!target) continue;
    packetsOf.set(target.id, (packetsOf.get(target.id) ?? 0) + 1);
    const id = requestOf[i]!;
    if (id >= 0) {
      if (targetOfRequest.has(id) && targetOfRequest.get(id) !== target.id) torn.add(id);
      targetOfRequest.set(id, target.id);
    }
    pipelineOf(target).frame(LinkType.vxlan, packet, 0, packet.length, packet.length, now, eni | 0);
    for (const pipeline of pipelines.values()) if (i % 64 === 0) pipeline.batchEnd(now);
  }
  for (let t = now; t <= now + 5000; t += 100) for (const pipeline of pipelines.values()) pipeline.batchEnd(t);
  return { deliveries, packetsOf, torn, moves: balancer.moves, ledgers };
}

/** Which request a packet has bytes of; -1 = none. Packets of one request follow each other on a connection. */
function requestOfPacket(load: Load): Int32Array {
  const current = new Map<string, number>();
  return Int32Array.from({ length: load.packets.count }, (_, i) => {
    const packet = load.packets.packet(i);
    if (packet.length <= 22 + 52) return -1;
    const flow = packet.toString('latin1', 34, 46);
    const data = packet.toString('latin1', 74, 100);
    const begin = /^(?:GET|POST) \/r\/(\d{9})/.exec(data);
    if (begin) current.set(flow, Number(begin[1]));
    return current.get(flow) ?? -1;
  });
}

function eachOnce(result: Run, count: number, except: ReadonlySet<number> = new Set()): void {
  for (let id = 0; id < count; id++) {
    const whole = (result.deliveries.get(id) ?? []).filter(({ complete }) => complete);
    if (!except.has(id)) assert.equal(whole.length, 1, `request ${id} was delivered ${whole.length} times`);
    else assert.ok(whole.length <= 1, `torn request ${id} was delivered whole ${whole.length} times`);
  }
}

/** Share of the busiest instance, 1 = all packets. */
function busiest({ packetsOf }: Run): number {
  const all = [...packetsOf.values()];
  return Math.max(...all) / all.reduce((a, b) => a + b, 0);
}

test('1 to 8 instances share the load and deliver each request once', async (t) => {
  const load = buildLoad(LOAD);
  for (const count of [1, 2, 4, 8]) {
    await t.test(`${count}`, () => {
      const targets = instances(count);
      const result = run(load, { balancing: SPREAD, targets: () => targets });
      eachOnce(result, LOAD.requests);
      assert.equal(result.moves, 0);
      assert.equal(result.packetsOf.size, count);
      // 400 connections of unequal weight: the busiest has at most two fifths more than its share.
      assert.ok(busiest(result) <= 1.4 / count, `the busiest of ${count} has ${busiest(result)}`);
    });
  }
});

test('one interface is spread over all instances without stickiness, and held to one with it', () => {
  const load = buildLoad({ ...LOAD, connections: 200, requests: 2000 });
  // All traffic as if of one interface: its address is all that stickiness looks at.
  for (let i = 0; i < load.packets.count; i++) load.packets.packet(i).writeUInt32BE(0x0a020009, 38);
  const targets = instances(4);
  const spread = run(load, { balancing: SPREAD, targets: () => targets });
  const sticky = run(load, { balancing: STICKY, targets: () => targets });
  assert.ok(busiest(spread) < 0.4, `${busiest(spread)}`);
  assert.equal(busiest(sticky), 1);
});

test('requests need no second direction: responses at another instance cost nothing', () => {
  const load = buildLoad({ ...LOAD, responses: true, requests: 1500 });
  const targets = instances(3);
  eachOnce(run(load, { balancing: SPREAD, targets: () => targets }), 1500);
  eachOnce(run(load, { balancing: STICKY, targets: () => targets }), 1500);
});

test('a target that is added takes new flows only; no request is lost', () => {
  const load = buildLoad(LOAD);
  const half = load.packets.count >> 1;
  const [before, after] = [instances(2), instances(3)];
  const shared = [...before, after[2]!];
  const result = run(load, { balancing: SPREAD, targets: (i) => i < half ? before : shared });
  eachOnce(result, LOAD.requests);
  assert.equal(result.moves, 0);
  assert.ok((result.packetsOf.get(2) ?? 0) > 0);
});

test('a target that goes away costs at most the request in flight on each of its flows', () => {
  const load = buildLoad(LOAD);
  const half = load.packets.count >> 1;
  const all = instances(4);
  const result = run(load, { balancing: SPREAD, targets: (i) => i < half ? all : all.slice(0, 3) });
  assert.ok(result.moves > 20, `${result.moves}`);
  assert.ok(result.torn.size > 0 && result.torn.size <= result.moves, `${result.torn.size} of ${result.moves}`);
  eachOnce(result, LOAD.requests, result.torn);
});

test('flows that were idle for two minutes move at a request\'s edge, and lose nothing', () => {
  // Every connection rests for 130 s between two of its requests, while the number of targets changes.
  const load = buildLoad({ ...LOAD, kind: 'get', requests: 2000, connections: 100, requestsPerConnection: 20 });
  const half = load.packets.count >> 1;
  const [three, four] = [instances(3), instances(4)];
  const grown = [...three, four[3]!];
  const result = run(load, {
    balancing: SPREAD, targets: (i) => i < half ? three : grown, timeOf: (i) => i < half ? i : i + 130_000,
  });
  assert.ok(result.moves > 20, `${result.moves}`);
  eachOnce(result, 2000);
});

test('without cross-zone an instance gets the flows of its own zone only', () => {
  const load = buildLoad({ ...LOAD, requests: 1000 });
  const one = [{ id: 0, zone: 0 }];
  const result = run(load, { balancing: { ...SPREAD, crossZone: false }, targets: () => one });
  const delivered = result.deliveries.size;
  assert.ok(delivered > 0 && delivered < 1000, `${delivered}`);
  eachOnce(run(load, { balancing: SPREAD, targets: () => one }), 1000);
});

test('two rebuilders that see one request give it the same id', () => {
  const load = buildLoad({ ...LOAD, requests: 300, connections: 30 });
  const [a, b] = [
    run(load, { balancing: SPREAD, targets: () => instances(1) }),
    run(load, { balancing: SPREAD, targets: () => instances(1) }),
  ];
  const names = (result: Run): string[] =>
    [...result.deliveries].sort(([x], [y]) => x - y).map(([, [delivery]]) => delivery!.name);
  assert.deepEqual(names(a), names(b));
  assert.equal(new Set(names(a)).size, 300);
});
