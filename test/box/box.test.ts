// The rebuilder between a real client, a real app and a real node: what was sent arrives, byte for byte, or is counted.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { installed } from '../installed.ts';
import { APP, APP_PORT, Box, CLIENT, VNI, type BoxOptions } from './box.ts';
import type { SentRequest } from './counting-client.ts';
import { difference, judge, requestsOf, type Delivered, type Judgement } from './delivered.ts';
import type { RelayLog } from './lossy-relay.ts';
import { leftovers } from './namespaces.ts';
import { canBuild } from './privilege.ts';
import { imbalances, nonZero, Service, type Reading, type ServiceOptions } from './service.ts';

/** What every delivered request must say of itself. */
const VALUES = {
  'X-Forwarded-For': CLIENT, 'X-Real-IP': CLIENT, 'X-SERVER-ADDR': APP, 'X-SERVER-PORT': String(APP_PORT), 'X-Mirror-Vni': String(VNI),
  'X-Mirror-Complete': 'true',
};

/** Bytes a second of the client: what the receive buffer of an unprivileged system takes in bursts. */
const PACE = 25e6;

async function build(t: TestContext, options: Partial<BoxOptions> = {}): Promise<Box | null> {
  if (!canBuild(t) || !installed(t, 'nginx', 'curl', 'ethtool')) return null;
  const box = await Box.build({ mtu: 1500, bothDirections: false, offload: false, ...options });
  t.after(() => {
    box.remove();
    assert.deepEqual(leftovers(), []);
  });
  return box;
}

async function start(t: TestContext, box: Box, options: ServiceOptions = {}): Promise<Service> {
  const service = await Service.start(box, options);
  t.after(() => service.stop());
  box.beginCounting();
  return service;
}

/** Sends both kinds of traffic; the posts partly pipelined. Returns what was sent, by kind. */
async function sendAll(box: Box, keepAlive: number, posts: number): Promise<{ 'keep-alive': SentRequest[]; post: SentRequest[] }> {
  const [small, big, pipelined] = [
    await box.send({ kind: 'keep-alive', from: 0, count: keepAlive, connections: 8, pipelining: 1, bytesPerSecond: PACE }),
    await box.send({ kind: 'post', from: 0, count: posts / 2, connections: 4, pipelining: 1, bytesPerSecond: PACE }),
    await box.send({ kind: 'post', from: posts / 2, count: posts / 2, connections: 2, pipelining: 4, bytesPerSecond: PACE }),
  ];
  assert.deepEqual([small.answered, big.answered + pipelined.answered], [keepAlive, posts], 'the app answered every request');
  return { 'keep-alive': small.requests, post: [...big.requests, ...pipelined.requests] };
}

function assertWhole(judgement: Judgement, count: number): void {
  assert.deepEqual(judgement.wrong.slice(0, 5), []);
  const missing = Array.from({ length: count }, (_, id) => id).filter((id) => !judgement.whole.has(id));
  assert.deepEqual(missing.slice(0, 20), [], `${missing.length} of ${count} are missing`);
  assert.deepEqual([...judgement.marked], [], 'none is marked incomplete');
}

function assertBalanced(reading: Reading): void {
  assert.deepEqual(imbalances(reading), [], JSON.stringify(nonZero(reading)));
}

for (const mtu of [1500, 9001]) {
  test(`MTU ${mtu}: 20,000 keep-alive requests and 1,000 POSTs of 1 KiB to 1 MiB arrive byte for byte`, { timeout: 240_000 }, async (t) => {
    const box = await build(t, { mtu });
    if (!box) return;
    const service = await start(t, box);
    await sendAll(box, 20_000, 1000);
    const reading = await service.settled();
    t.diagnostic(`ledger ${JSON.stringify(nonZero(reading))}`);
    assert.equal(reading.ledger['capture.kernel_drops'], 0);
    assert.equal(reading.ledger['capture.frames'], box.mirrored(), 'every mirrored datagram was read');
    assert.equal(box.servedByApp().length, 21_000);
    const recorded = box.recorded();
    assertWhole(judge(recorded, 'keep-alive', VALUES), 20_000);
    assertWhole(judge(recorded, 'post', VALUES), 1000);
    const logged = box.loggedByNode().map((line) => line.split(' '));
    assert.deepEqual([...new Set(logged.map(([status]) => status))], ['200'], 'nginx of the node took them all');
    assert.equal(new Set(logged.map(([, , id]) => id)).size, 21_000, 'each has an id of its own');
    assert.deepEqual([reading.ledger['http.requests'], reading.ledger['forward.delivered']], [21_000, 21_000]);
    assertBalanced(reading);
    assert.equal(await service.stop(), 0, service.said);
  });
}

/**
 * Which requests a bad stretch of network left whole, with the time their last byte went on, and how many holes it
 * tore. All from the client's and the relay's own words.
 */
function damage(
  log: RelayLog,
  sent: readonly SentRequest[],
): { intact: Map<number, number>; holes: number; tails: number } {
  const intact = new Map<number, number>();
  let holes = 0;
  let tails = 0;
  for (const port of new Set(sent.map(({ localPort }) => localPort))) {
    const segments = log.segments.filter(({ srcPort, dstPort }) => srcPort === port && dstPort === APP_PORT);
    const first = segments.find(({ syn }) => syn)!;
    const requests = sent.filter(({ localPort }) => localPort === port);
    const length = Math.max(...requests.map(({ end }) => end));
    const known = new Uint8Array(length);
    // The first copy of a byte counts: what comes a second time was already there.
    const seen: { at: number; end: number; ms: number }[] = [];
    for (const { seq, length: bytes, syn, sentMs } of segments) {
      const at = (seq - first.seq - 1) >>> 0;
      if (syn || sentMs === null || at >= length) continue;
      if (known.subarray(at, at + bytes).includes(0)) seen.push({ at, end: at + bytes, ms: sentMs });
      known.fill(1, at, at + bytes);
    }
    seen.sort((a, b) => a.at - b.at);
    let from = 0;
    for (const { id, start, end } of requests) {
      while (from < seen.length && seen[from]!.end <= start) from++;
      let ms = 0;
      for (let i = from; i < seen.length && seen[i]!.at < end; i++) ms = Math.max(ms, seen[i]!.ms);
      if (!known.subarray(start, end).includes(0)) intact.set(id, ms);
    }
    let last = known.lastIndexOf(1);
    // A FIN takes a number: it is missing too where its sender goes on behind it.
    if (last < length - 1 || segments.some(({ fin, sentMs }) => fin && sentMs === null)) tails++;
    for (let at = known.indexOf(0); at >= 0 && at < last; at = known.indexOf(0, at)) {
      // A hole before the first byte that came is not known to be one without the SYN.
      if (at > 0 || first.sentMs !== null) holes++;
      at = known.indexOf(1, at);
      if (at < 0) last = -1;
    }
  }
  return { intact, holes, tails };
}

/**
 * What waits longer than this after its last byte was captured has been forgotten: a hole is waited for 1 s, and what
 * only the next, longer patience finds comes after 10 s at the earliest. How long exactly, on the capture's
 * clock: test/reassembly/streams.test.ts. Here a busy machine adds its own.
 */
const FORGOTTEN_MS = 8000;

/** Sends over a bad stretch of network and judges what arrived by what the stretch let through. */
async function acrossBadNetwork(t: TestContext, loads: readonly Parameters<Box['send']>[0][], options: Partial<BoxOptions> = {}): Promise<void> {
  const box = await build(t, options);
  if (!box) return;
  const service = await start(t, box, { vxlanPort: 4790 });
  const relay = await box.startRelay({ dropShare: 0.01, reorderShare: 0.05, seed: 20_261_120, targetPort: 4790 });
  const reports = [];
  for (const load of loads) reports.push({ kind: load.kind, requests: (await box.send(load)).requests });
  const reading = await service.settled();
  const log = await relay.stop();
  t.diagnostic(`relay: ${log.received} datagrams, ${log.dropped} dropped, ${log.reordered} held back`);
  t.diagnostic(`ledger ${JSON.stringify(nonZero(reading))}`);
  assert.equal(log.received, box.mirrored(), 'the relay saw every datagram');
  assert.equal(reading.ledger['capture.frames'], log.received - log.dropped, 'and the rebuilder every one that went on');

  const recorded = box.recorded();
  const expected = { holes: 0, tails: 0 };
  for (const { kind, requests } of reports) {
    const judgement = judge(recorded, kind, VALUES);
    const { intact, holes, tails } = damage(log, requests);
    expected.holes += holes;
    expected.tails += tails;
    assert.deepEqual(judgement.wrong.slice(0, 5), []);
    const missing = [...intact.keys()].filter((id) => !judgement.whole.has(id));
    assert.deepEqual(missing.slice(0, 20), [], `${missing.length} untouched ${kind} requests are missing`);
    assert.deepEqual([...judgement.whole.keys()].filter((id) => !intact.has(id)), [], 'what was damaged does not pass for whole');
    const longest = Math.max(...[...judgement.whole].map(([id, atMs]) => atMs - intact.get(id)!));
    t.diagnostic(`${kind}: ${requests.length} sent, ${intact.size} untouched, ${judgement.whole.size} whole, ${judgement.marked.size} marked, `
      + `longest wait ${longest} ms`);
    assert.ok(longest < FORGOTTEN_MS, `one waited ${longest} ms`);
  }
  const counted = reading.ledger['tcp.reassembly_gap'];
  assert.ok(counted >= expected.holes && counted <= expected.holes + expected.tails, `${counted} holes counted, ${JSON.stringify(expected)} torn`);
  assertBalanced(reading);
}

test('1 % dropped, 5 % reordered: what was not touched arrives whole, none is forgotten, every hole is counted', { timeout: 240_000 }, (t) =>
  acrossBadNetwork(t, [
    { kind: 'keep-alive', from: 0, count: 20_000, connections: 8, pipelining: 1, bytesPerSecond: 0.6e6 },
    { kind: 'post', from: 0, count: 300, connections: 4, pipelining: 1, bytesPerSecond: 10e6 },
  ]));

test('the same on one connection, as fast as it goes: many holes at a time', { timeout: 120_000 }, (t) =>
  acrossBadNetwork(t, [{ kind: 'keep-alive', from: 0, count: 10_000, connections: 1, pipelining: 8, bytesPerSecond: PACE }]));

test('the same in jumbo frames', { timeout: 120_000 }, (t) =>
  acrossBadNetwork(t, [{ kind: 'post', from: 0, count: 300, connections: 4, pipelining: 2, bytesPerSecond: PACE }], { mtu: 9001 }));

test('the node is off for 10 s under load: capture goes on, everything arrives afterwards', { timeout: 180_000 }, async (t) => {
  const box = await build(t);
  if (!box) return;
  const service = await start(t, box);
  const count = 9000;
  const load = box.send({ kind: 'keep-alive', from: 0, count, connections: 4, pipelining: 1, bytesPerSecond: 300_000 });
  const outage = await interrupt(t, box, service);
  assert.equal((await load).answered, count);
  const reading = await service.settled(90_000);
  t.diagnostic(`ledger ${JSON.stringify(nonZero(reading))}`);
  assert.ok(outage.framesDuring > 0, 'capture went on');
  assert.equal(reading.ledger['capture.frames'], box.mirrored());
  assertWhole(judge(box.recorded(), 'keep-alive', VALUES), count);
  assertBalanced(reading);
});

test('the node is off for 10 s and the queue is small: memory stays bounded, the oldest are dropped and counted', { timeout: 180_000 }, async (t) => {
  const box = await build(t);
  if (!box) return;
  const service = await start(t, box, { forward: ['queue_bytes: 4MiB'] });
  const count = 300;
  const before = service.read().gauges.get('process_resident_memory_bytes')!;
  const load = box.send({ kind: 'post', from: 0, count, connections: 4, pipelining: 1, bytesPerSecond: 2.5e6 });
  const outage = await interrupt(t, box, service);
  assert.equal((await load).answered, count);
  const reading = await service.settled(90_000);
  t.diagnostic(`ledger ${JSON.stringify(nonZero(reading))}`);
  const dropped = reading.ledger['forward.queue_full'] + reading.ledger['forward.too_large'];
  assert.ok(outage.framesDuring > 0, 'capture went on');
  assert.ok(dropped > 0, 'more came than the queue holds');
  const { whole, wrong, marked } = judge(box.recorded(), 'post', VALUES);
  assert.deepEqual([wrong, [...marked]], [[], []]);
  assert.equal(reading.ledger['http.requests'], count);
  assert.equal(reading.ledger['forward.delivered'] + dropped, count);
  assert.ok(whole.size >= count - dropped, 'all that was not dropped arrived');
  const grown = reading.gauges.get('process_resident_memory_bytes')! - before;
  t.diagnostic(`memory: ${Math.round(before / 2 ** 20)} MiB before, ${Math.round(grown / 2 ** 20)} MiB more at the end, at most ${Math.round(outage.rss / 2 ** 20)} MiB`);
  assert.ok(outage.rss - before < 256 * 2 ** 20, 'memory is bounded');
  assertBalanced(reading);
});

/** Two seconds of load, then ten without the node; what was seen meanwhile. */
async function interrupt(t: TestContext, box: Box, service: Service): Promise<{ framesDuring: number; rss: number }> {
  const pause = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });
  await pause(2000);
  await box.killNode();
  const first = service.read();
  let rss = 0;
  let unready = 0;
  for (let second = 0; second < 10; second++) {
    await pause(1000);
    rss = Math.max(rss, service.read().gauges.get('process_resident_memory_bytes')!);
    assert.equal(service.health('/-/healthcheck').status, 200, 'load balancers still send packets here');
    if (service.health('/ready').status === 503) unready++;
  }
  const framesDuring = service.read().ledger['capture.frames'] - first.ledger['capture.frames'];
  await box.startNode();
  assert.ok(unready > 0, '/ready said that the endpoint does not answer');
  for (let tries = 0; service.health('/ready').status !== 200; tries++) {
    assert.ok(tries < 100, `/ready stays ${service.health('/ready').body}`);
    await pause(200);
  }
  t.diagnostic(`${framesDuring} datagrams captured while the node was off`);
  return { framesDuring, rss };
}

test('both directions mirrored: the response\'s status goes along', { timeout: 120_000 }, async (t) => {
  const box = await build(t, { bothDirections: true, mtu: 9001 });
  if (!box) return;
  const service = await start(t, box, { parseResponses: true });
  await sendAll(box, 2000, 60);
  const reading = await service.settled();
  t.diagnostic(`ledger ${JSON.stringify(nonZero(reading))}`);
  assertWhole(judge(box.recorded(), 'keep-alive', { ...VALUES, 'X-Response-Status': '200' }), 2000);
  assertWhole(judge(box.recorded(), 'post', { ...VALUES, 'X-Response-Status': '200' }), 60);
  assertBalanced(reading);
});

test('with offload, segments of up to 64 KiB without a right checksum', { timeout: 120_000 }, async (t) => {
  const box = await build(t, { offload: true });
  if (!box) return;
  const service = await start(t, box);
  await sendAll(box, 500, 100);
  const reading = await service.settled();
  t.diagnostic(`ledger ${JSON.stringify(nonZero(reading))}`);
  assertWhole(judge(box.recorded(), 'keep-alive', VALUES), 500);
  assertWhole(judge(box.recorded(), 'post', VALUES), 100);
  assertBalanced(reading);
});

test('on two workers', { timeout: 120_000 }, async (t) => {
  const box = await build(t);
  if (!box) return;
  const service = await start(t, box, { workers: 2 });
  await sendAll(box, 2000, 60);
  const reading = await service.settled();
  t.diagnostic(`ledger ${JSON.stringify(nonZero(reading))}`);
  assertWhole(judge(box.recorded(), 'keep-alive', VALUES), 2000);
  assertWhole(judge(box.recorded(), 'post', VALUES), 60);
  assert.equal(reading.ledger['capture.frames'], box.mirrored());
  assertBalanced(reading);
});

test('what curl sends arrives as curl sent it', { timeout: 120_000 }, async (t) => {
  const box = await build(t);
  if (!box) return;
  const service = await start(t, box);
  const url = `http://${APP}/curl`;
  const form = 'a=1&b=%20&c=' + 'x'.repeat(3000);
  const cases: readonly (readonly [args: string[], body: string])[] = [
    [[`${url}/1?x=../../etc/passwd`, '--path-as-is'], ''],
    [[`${url}/2`, '-H', 'X-Empty;', '-H', 'Accept:', '-b', 'a=1; b=2', '-e', 'http://r.example/'], ''],
    [[`${url}/3`, '-d', form], form],
    [[`${url}/4`, '-X', 'PROPFIND', '--data-binary', form], form],
    [[`${url}/5`, '--head'], ''],
    [[`${url}/6`, '-H', 'Expect: 100-continue', '-d', form], form],
    [[`${url}/../../etc/passwd`, '--path-as-is'], ''],
    [[`${url}/8`, '-u', 'user:secret', '--compressed'], ''],
  ];
  const sent = cases.map(([args, body]) => {
    const said = box.client.run('sh', '-c', 'exec curl -sv -o /dev/null --max-time 20 "$@" 2>&1', 'curl', ...args);
    const head = [...said.matchAll(/^> (.*?)\r?$/gm)].map((match) => match[1]!).filter((line) => line !== '').join('\r\n');
    return Buffer.from(`${head}\r\n\r\n${body}`, 'latin1');
  });
  const reading = await service.settled();
  const all = box.recorded().flatMap(({ raw, times }) => [...requestsOf(raw, times)]);
  // The node's nginx answers 400 to a path that leads above the root: it gets that one again, as a header of a request
  // that it reads.
  const enveloped = all.filter(({ head }) => head.includes('\r\nX-Mirror-Original-Request-Line: '));
  assert.deepEqual(enveloped.map(({ head }) => /Request-Line: (.*)/.exec(head)![1]), ['GET /curl/../../etc/passwd HTTP/1.1']);
  const delivered = new Map(
    all.filter((one) => !enveloped.includes(one)).map((one): [string, Delivered] => [one.target, one]),
  );
  assert.equal(delivered.size, cases.length);
  for (const bytes of sent) {
    const target = bytes.toString('latin1').split(' ')[1]!;
    assert.equal(difference(delivered.get(target)!, bytes, VALUES), null, target);
  }
  assertBalanced(reading);
});

test('what wrk sends arrives, one for each request the app served', { timeout: 120_000 }, async (t) => {
  const box = await build(t);
  if (!box || !installed(t, 'wrk')) return;
  const service = await start(t, box);
  const connections = 4;
  box.client.run('wrk', '-t', '1', '-c', String(connections), '-d', '2s', `http://${APP}/wrk?a=%2e%2e`);
  const reading = await service.settled();
  t.diagnostic(`ledger ${JSON.stringify(nonZero(reading))}`);
  const served = box.servedByApp().length;
  const sent = Buffer.from(`GET /wrk?a=%2e%2e HTTP/1.1\r\nHost: ${APP}\r\n\r\n`);
  let arrived = 0;
  for (const { raw, times } of box.recorded()) {
    for (const one of requestsOf(raw, times)) {
      arrived++;
      assert.equal(difference(one, sent, VALUES), null);
    }
  }
  assert.ok(served > 1000, `${served} served`);
  // Requests on their way when wrk stopped were mirrored, but not served.
  assert.ok(arrived >= served && arrived <= served + connections, `${arrived} arrived, ${served} served`);
  assertBalanced(reading);
});
