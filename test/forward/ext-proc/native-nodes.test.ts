import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:http2';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { CounterName } from '../../../rebuilder/ledger.ts';
import type { NativeNodesOptions } from '../../../rebuilder/forward/ext-proc/native-nodes.ts';
import { file, folder } from '../../command-line.ts';
import { installed } from '../../installed.ts';
import { Trace } from '../../../rebuilder/forward/trace.ts';
import { LoopMarker } from '../../../rebuilder/forward/loop-marker.ts';
import { KEY, nonZero, until } from '../dispatcher-fixture.ts';
import { buildRequest, ENVELOPE, get } from '../request-builder.ts';
import { answerWith, NodeStandIn, ok, type StreamBehaviour } from './node-stand-in.ts';
import { assertBalanced, lossesOf, startNativeNodes, type Fixture } from './native-nodes-fixture.ts';

const plain = (port: number): { endpoint: string } => ({ endpoint: `http://127.0.0.1:${port}` });

/** Submits `count` exchanges and waits until each has come to its end. */
async function submit({ nodes, ledger }: Pick<Fixture, 'nodes' | 'ledger'>, count: number): Promise<void> {
  for (let i = 0; i < count; i++) nodes.submit(get(i), ENVELOPE);
  assertBalanced({ nodes, ledger });
  await until(`the end of ${count} exchanges; ${nonZero(ledger)}`, () => nodes.inFlight() === 0);
  assertBalanced({ nodes, ledger });
}

test('exchanges go over several connections, each with a stream of its own', async (t) => {
  const node = await NodeStandIn.start(t);
  const { nodes, ledger } = startNativeNodes(t, { ...plain(node.port), connections: 3 });
  const ends: (readonly [string, CounterName])[] = [];
  nodes.onEnd = (id, end) => ends.push([id, end]);
  for (let round = 0; round < 5; round++) await submit({ nodes, ledger }, 100);
  assert.equal(ledger.get('ext_proc.delivered'), 500, nonZero(ledger));
  assert.equal(node.streamCount, 500);
  assert.equal(node.sessionCount, 3);
  assert.equal(nodes.state().openConnections, 3);
  assert.equal(new Set(ends.map(([id]) => id)).size, 500);
  assert.ok(ends.every(([, end]) => end === 'ext_proc.delivered'));
  assert.deepEqual([nodes.state().answering, nodes.state().error], [true, null]);

  const marker = new LoopMarker(KEY);
  for (const headers of node.headers) {
    assert.equal(headers[':path'], '/envoy.service.ext_proc.v3.ExternalProcessor/Process');
    assert.ok(marker.isOwn(String(headers['x-mirror-loop']), String(headers['x-mirror-id']), Date.now()), 'mirrored, it is known as ours');
  }
  assert.deepEqual(new Set(node.headers.map((headers) => headers['x-mirror-id'])), new Set(ends.map(([id]) => id)));
});

test('of an exchange it is told how it went, and how long it took is measured once', async (t) => {
  const node = await NodeStandIn.start(t, (stream, number, cut) => {
    if (number === 0) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    else ok(stream, number, cut);
  });
  const { nodes, ledger, measures } = startNativeNodes(t, plain(node.port));
  const [only, beside] = [new Trace(), new Trace()];
  nodes.isOnlyDelivery = true;
  nodes.submit(get(1), ENVELOPE, only);
  await until('delivery', () => nodes.inFlight() === 0);
  nodes.isOnlyDelivery = false;
  nodes.submit(get(2), ENVELOPE, beside);
  await until('delivery', () => nodes.inFlight() === 0);
  assert.deepEqual(only.steps.map(({ step }) => step), [
    'exchange_queued', 'exchange_sent', 'exchange_failed', 'exchange_sent', 'exchange_ended',
  ]);
  assert.match(only.steps[2]!.detail, /reset|INTERNAL_ERROR/);
  assert.equal(only.end, 'ext_proc.delivered');
  assert.deepEqual([beside.steps.at(-1)?.detail, beside.end], ['ext_proc.delivered', null], 'the request has another end');
  assert.deepEqual(
    [measures.exchangeQueueTime.count, measures.exchangeDelay.count, measures.exchangeSize.count],
    [2, 2, 2],
    nonZero(ledger),
  );
});

test('no more streams are open at a time than we allow, nor than the node allows', async (t) => {
  for (const [streams, theirs, most] of [[5, 100, 5], [100, 7, 7]] as const) {
    let open = 0;
    let highest = 0;
    const slowly: StreamBehaviour = (stream, number, cut) => {
      highest = Math.max(highest, ++open);
      stream.on('close', () => open--);
      stream.on('end', () => setTimeout(() => undefined, 2));
      setTimeout(() => ok(stream, number, cut), 2);
    };
    const node = await NodeStandIn.start(t, slowly, null, { maxConcurrentStreams: theirs });
    const fixture = startNativeNodes(t, { ...plain(node.port), connections: 1, streams });
    await submit(fixture, 1);
    await submit(fixture, 60);
    assert.equal(fixture.ledger.get('ext_proc.delivered'), 61, nonZero(fixture.ledger));
    assert.ok(highest <= most, `${highest} at a time`);
    assert.equal(highest, most);
  }
});

test('a node that is away: exchanges wait, newer ones push out the oldest, the deadline ends the rest, and it is said', async (t) => {
  const port = await closedPort();
  const fixture = startNativeNodes(t, { ...plain(port), queueBytes: 65_536, deadlineMs: 700 });
  await submit(fixture, 500);
  const losses = lossesOf(fixture.ledger);
  assert.deepEqual(Object.keys(losses), ['ext_proc.queue_full', 'ext_proc.deadline']);
  assert.equal(losses['ext_proc.queue_full']! + losses['ext_proc.deadline']!, 500);
  assert.ok(fixture.ledger.get('ext_proc.connect_failed') > 1);
  const { answering, error } = fixture.nodes.state();
  assert.equal(answering, false);
  assert.match(error!, /^127\.0\.0\.1 port \d+ cannot be reached: .*ECONNREFUSED/);
});

test('a node that comes back gets what has waited', async (t) => {
  const port = await closedPort();
  const fixture = startNativeNodes(t, plain(port));
  for (let i = 0; i < 50; i++) fixture.nodes.submit(get(i), ENVELOPE);
  await until('a failed connection', () => fixture.ledger.get('ext_proc.connect_failed') > 0);
  await NodeStandIn.start(t, ok, null, {}, port);
  await until('delivery', () => fixture.ledger.get('ext_proc.delivered') === 50);
  assert.equal(fixture.nodes.state().error, null);
});

test('an exchange larger than the queue is counted, and so is one that comes after the end', async (t) => {
  const node = await NodeStandIn.start(t);
  const { nodes, ledger } = startNativeNodes(t, { ...plain(node.port), queueBytes: 65_536 });
  nodes.submit(buildRequest(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n${'x'.repeat(70_000)}`), ENVELOPE);
  assert.equal(ledger.get('ext_proc.too_large'), 1);
  assert.equal(await nodes.drain(1000), 0);
  nodes.submit(get(1), ENVELOPE);
  assert.equal(ledger.get('ext_proc.drain_timeout'), 1);
});

/** What a node does to each stream, how it ends for us, and the sentence about it. */
const FAULTS: readonly {
  readonly name: string;
  readonly behaviour: StreamBehaviour;
  readonly options?: Partial<NativeNodesOptions>;
  readonly losses: Readonly<Record<string, number>>;
  readonly delivered?: number;
  readonly counts?: Readonly<Partial<Record<CounterName, number>>>;
  readonly says?: RegExp;
}[] = [
  {
    name: 'a status other than OK ends an exchange at once',
    behaviour: answerWith(12),
    losses: { 'ext_proc.refused': 20 },
    counts: { 'ext_proc.retried': 0 },
    says: /ends exchanges with gRPC status 12 \(UNIMPLEMENTED\)/,
  },
  {
    name: 'something that is no gRPC server',
    behaviour: (stream) => {
      stream.resume();
      stream.respond({ ':status': 404 }, { endStream: true });
    },
    losses: { 'ext_proc.refused': 20 },
    says: /HTTP status 404 and no gRPC status/,
  },
  {
    name: 'no room: tried again, for a while',
    behaviour: (stream, number, cut) => answerWith(number < 5 ? 8 : 0)(stream, number, cut),
    losses: {},
    delivered: 20,
    counts: { 'ext_proc.retried': 5 },
  },
  {
    name: 'a node that has had enough of an exchange before its end',
    behaviour: (stream) => {
      stream.respond({ ':status': 200, 'grpc-status': '0' }, { endStream: true });
    },
    losses: {},
    delivered: 20,
  },
  {
    name: 'RST_STREAM, always: each exchange has its attempts',
    behaviour: (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
    options: { attempts: 2 },
    losses: { 'ext_proc.stream_reset': 20 },
    counts: { 'ext_proc.retried': 20 },
    says: /resets streams with HTTP\/2 error 2/,
  },
  {
    name: 'RST_STREAM, once in a while',
    behaviour: (stream, number, cut) =>
      number % 4 === 3 ? stream.close(constants.NGHTTP2_CANCEL) : ok(stream, number, cut),
    losses: {},
    delivered: 20,
  },
  {
    name: 'RST_STREAM that says the stream was not looked at: sent again at no charge',
    behaviour: (stream, number, cut) =>
      number < 4 ? stream.close(constants.NGHTTP2_REFUSED_STREAM) : ok(stream, number, cut),
    options: { attempts: 1 },
    losses: {},
    delivered: 20,
    counts: { 'ext_proc.resent': 4, 'ext_proc.retried': 0 },
  },
  {
    name: 'a node that reads and never answers',
    behaviour: (stream) => void stream.resume(),
    options: { responseTimeoutMs: 200, attempts: 2, deadlineMs: 60_000 },
    losses: { 'ext_proc.response_timeout': 20 },
    says: /no answer in 200 ms/,
  },
  {
    name: 'a node that is slow with one exchange answers the others meanwhile',
    behaviour: (stream, number, cut) => number === 3 ? void stream.resume() : ok(stream, number, cut),
    options: { responseTimeoutMs: 300 },
    losses: {},
    delivered: 20,
    counts: { 'ext_proc.retried': 1 },
  },
  {
    name: 'GOAWAY without a fault: what was begun is answered, the rest goes on another connection',
    behaviour: (stream, number, cut) => {
      ok(stream, number, cut);
      if (number === 5) stream.session!.goaway(constants.NGHTTP2_NO_ERROR);
    },
    options: { attempts: 1 },
    losses: {},
    delivered: 20,
  },
  {
    name: 'GOAWAY with a fault, once',
    behaviour: (stream, number, cut) => {
      if (number === 5) stream.session!.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      else ok(stream, number, cut);
    },
    losses: {},
    delivered: 20,
  },
  {
    name: 'an exchange that ends every connection it comes to harms no other',
    behaviour: (stream, number, cut) => {
      let text = '';
      stream.on('data', (data: Buffer) => { text += data.toString('latin1'); });
      stream.on('end', () => /\/13(?!\d)/.test(text) ? cut() : undefined);
      ok(stream, number, cut);
    },
    options: { attempts: 2 },
    losses: { 'ext_proc.connection_lost': 1 },
    delivered: 19,
  },
];

for (const { name, behaviour, options = {}, losses, delivered = 0, counts = {}, says } of FAULTS) {
  test(name, async (t) => {
    const node = await NodeStandIn.start(t, behaviour);
    const fixture = startNativeNodes(t, { ...plain(node.port), connections: 1, ...options });
    let said = '';
    fixture.nodes.onEnd = () => { said = fixture.nodes.state().error ?? said; };
    await submit(fixture, 20);
    const { ledger } = fixture;
    assert.deepEqual(lossesOf(ledger), losses, nonZero(ledger));
    assert.equal(ledger.get('ext_proc.delivered'), delivered, nonZero(ledger));
    for (const [counter, count] of Object.entries(counts)) {
      assert.equal(ledger.get(counter as CounterName), count, counter);
    }
    if (says !== undefined) assert.match(said, says);
  });
}

test('a node that reads nothing: flow control stops us, time ends each attempt, and no memory is held beyond the queue', async (t) => {
  const large = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n${'x'.repeat(300_000)}`;
  const node = await NodeStandIn.start(t, (stream) => void stream.pause());
  const { nodes, ledger } = startNativeNodes(t, {
    ...plain(node.port),
    connections: 1,
    queueBytes: 1 << 20,
    responseTimeoutMs: 300,
    attempts: 2,
  });
  for (let i = 0; i < 10; i++) nodes.submit(buildRequest(large), ENVELOPE);
  assert.ok(nodes.state().memoryBytes <= 1 << 20);
  await until(`the end of all; ${nonZero(ledger)}`, () => nodes.inFlight() === 0);
  assert.deepEqual(lossesOf(ledger), { 'ext_proc.queue_full': 7, 'ext_proc.response_timeout': 3 }, nonZero(ledger));
  assertBalanced({ nodes, ledger });
});

test('a port that takes connections and says nothing, or closes them, is left alone for longer each time', async (t) => {
  let connections = 0;
  const server = createServer((socket: Socket) => {
    connections++;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const fixture = startNativeNodes(t, {
    ...plain((server.address() as AddressInfo).port),
    deadlineMs: 1500,
    attempts: 100,
  });
  await submit(fixture, 20);
  assert.equal(lossesOf(fixture.ledger)['ext_proc.deadline'], 20, nonZero(fixture.ledger));
  assert.ok(connections < 40, `${connections} connections in 1.5 s`);
  assert.equal(fixture.nodes.state().answering, false);
});

test('when the service stops, what is under way and what waits are counted', async (t) => {
  const node = await NodeStandIn.start(t, (stream) => void stream.resume());
  const fixture = startNativeNodes(t, { ...plain(node.port), connections: 1, streams: 5 });
  for (let i = 0; i < 20; i++) fixture.nodes.submit(get(i), ENVELOPE);
  await until('streams', () => node.streamCount === 5);
  assert.deepEqual([fixture.nodes.state().sent, fixture.nodes.state().queued], [5, 15]);
  assert.equal(await fixture.nodes.drain(50), 20);
  assert.deepEqual(lossesOf(fixture.ledger), { 'ext_proc.drain_timeout': 20 });
});

test('an unused connection is closed, and another is opened when there is something to send', async (t) => {
  const node = await NodeStandIn.start(t);
  const fixture = startNativeNodes(t, { ...plain(node.port), connections: 1, idleTimeoutMs: 100 });
  await submit(fixture, 1);
  await until('the end of the connection', () => fixture.nodes.state().openConnections === 0 && node.sessions.size === 0);
  await submit(fixture, 1);
  assert.deepEqual([node.sessionCount, fixture.nodes.state().answering], [2, true]);
});

test('several addresses of a name are all used; one that leaves the name is used no more', async (t) => {
  const first = await NodeStandIn.start(t);
  let addresses = ['127.0.0.1', '127.0.0.2'];
  const fixture = startNativeNodes(t, { endpoint: `http://nodes.example:${first.port}`, connections: 2, resolveIntervalMs: 50 }, () => Promise.resolve(addresses));
  await submit(fixture, 5);
  assert.deepEqual(fixture.nodes.ownAddresses().map(({ ip }) => ip), addresses);
  addresses = ['127.0.0.2'];
  await until('the look-up', () => fixture.nodes.ownAddresses().length === 1);
});

interface Certificates {
  readonly ca: string;
  readonly key: string;
  readonly certificate: string;
  readonly otherCa: string;
}

/** A certificate for node.example by an authority of its own, and another authority that knows nothing of it. */
function certificates(t: TestContext): Certificates {
  const dir = folder(t);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  for (const name of ['ca', 'other']) {
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.pem`, '-days', '2', '-subj', `/CN=${name}`);
  }
  openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'node.key', '-out', 'node.csr', '-subj', '/CN=node.example',
    '-addext', 'subjectAltName=DNS:node.example');
  openssl('x509', '-req', '-in', 'node.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-out', 'node.pem', '-days', '2', '-copy_extensions', 'copy');
  return { ca: join(dir, 'ca.pem'), otherCa: join(dir, 'other.pem'), key: join(dir, 'node.key'), certificate: join(dir, 'node.pem') };
}

test('TLS: the node must have a certificate of the given authority, for the given name, and speak HTTP/2', async (t) => {
  if (!installed(t, 'openssl')) return;
  const files = certificates(t);
  const pair = { key: readFileSync(files.key), cert: readFileSync(files.certificate) };
  const node = await NodeStandIn.start(t, ok, pair);
  const endpoint = `https://127.0.0.1:${node.port}`;
  const good = startNativeNodes(t, { endpoint, caFile: files.ca, serverName: 'node.example' });
  await submit(good, 20);
  assert.equal(good.ledger.get('ext_proc.delivered'), 20);

  for (const [options, says] of [
    [{ endpoint, caFile: files.otherCa, serverName: 'node.example' }, /unable to (verify|get local issuer)/],
    [{ endpoint, caFile: '', serverName: 'node.example' }, /unable to (verify|get local issuer)/],
    [{ endpoint, caFile: files.ca, serverName: 'another.example' }, /does not match certificate's altnames/],
    [{ endpoint, caFile: files.ca }, /does not match certificate's altnames/],
  ] as const) {
    const bad = startNativeNodes(t, { ...options, deadlineMs: 500 });
    await submit(bad, 20);
    assert.deepEqual(lossesOf(bad.ledger), { 'ext_proc.deadline': 20 });
    assert.match(bad.nodes.state().error!, says);
  }
});

test('a certificate file that cannot be one is a sentence', (t) => {
  const broken = file(t, 'broken.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  for (const [caFile, says] of [['/dev/null/x', /cannot be read/], ['/dev/null', /holds no certificate/], [broken, /certificate 1 of .* is broken/]] as const) {
    assert.throws(() => startNativeNodes(t, { endpoint: 'https://127.0.0.1:1', caFile }), says);
  }
});

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
