import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { Dispatcher } from '../../rebuilder/forward/dispatcher.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Pipeline } from '../../rebuilder/pipeline.ts';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { balance } from '../../rebuilder/status/balance.ts';
import { encodeEthernet, encodeIpv4, encodeTcp } from '../../rebuilder/wire/encode.ts';
import { ENVELOPE } from '../forward/request-builder.ts';

const CONNECTIONS = 40_000;
const MIB = 1 << 20;
const MEMORY_BYTES = 64 * MIB;
const QUEUE_BYTES = 16 * MIB;
const SYN = 2;
const ACK = 16;
const GET = Buffer.from('GET /whole HTTP/1.1\r\nHost: shop.example\r\n\r\n');
const HALF = Buffer.from(`POST /half HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 5000\r\n\r\n${'h'.repeat(1000)}`);
const HALF_CHUNKED = Buffer.from(`POST /chunked HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n${'c'.repeat(1000)}`);
const HALF_HEAD = Buffer.from(`POST /head HTTP/1.1\r\nHost: shop.example\r\nCookie: ${'k'.repeat(1000)}`);
const HALVES = [HALF, HALF_CHUNKED, HALF_HEAD];

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

function heldBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function frame(connection: number, seq: number, flags: number, data: Uint8Array): Uint8Array {
  const source = `10.${1 + (connection >> 16)}.${(connection >> 8) & 255}.${connection & 255}`;
  const ends = { source, destination: '10.200.0.1', sourcePort: 1024 + connection % 60_000, destinationPort: 80 };
  const segment = encodeTcp({ ...ends, sequence: seq, acknowledgement: flags === SYN ? 0 : 1, flags }, data);
  return encodeEthernet(
    {}, encodeIpv4({ source, destination: ends.destination, identification: seq & 0xffff }, segment),
  );
}

test('40,000 connections with half a request each, and a node that takes all and answers nothing, stay within the limits', { timeout: 120_000 }, async (t) => {
  const sockets = new Set<Socket>();
  const node = createServer((socket) => {
    sockets.add(socket);
    socket.on('data', () => {}).on('error', () => {});
  }).listen(0, '127.0.0.1');
  await once(node, 'listening');
  const address = node.address();
  assert.ok(address !== null && typeof address === 'object');
  const ledger = new Ledger();
  const dispatcher = new Dispatcher({
    endpoint: `http://127.0.0.1:${address.port}`, rawEndpoint: '', connections: 8, pipelining: 4, connectTimeoutMs: 3000, responseTimeoutMs: 60_000,
    idleTimeoutMs: 60_000, attempts: 3, deadlineMs: 600_000, queueBytes: QUEUE_BYTES, bodyLimitBytes: 0,
    drainTimeoutMs: 1,
    resolveIntervalMs: 60_000,
  }, ledger, Buffer.alloc(32, 1));
  t.after(() => {
    dispatcher.close();
    sockets.forEach((socket) => socket.destroy());
    node.close();
  });
  const limits = { ...REPLAY_OPTIONS.limits, memoryBytes: MEMORY_BYTES, flows: CONNECTIONS };
  const pipeline = new Pipeline(
    { ...REPLAY_OPTIONS, parseResponses: false, limits }, ledger,
    { exchange: (request) => dispatcher.submit(request, ENVELOPE) },
  );
  const before = heldBytes();
  let mostBytes = 0;
  const nowMs = Date.now();
  for (let i = 0; i < CONNECTIONS; i++) {
    const syn = frame(i, 100, SYN, new Uint8Array(0));
    for (const bytes of [syn, frame(i, 101, ACK, GET), frame(i, 101 + GET.length, ACK, HALVES[i % 3]!)]) {
      pipeline.frame(LinkType.ethernet, bytes, 0, bytes.length, bytes.length, nowMs, 0);
    }
    if (i % 256 !== 0) continue;
    await setImmediate();
    mostBytes = Math.max(mostBytes, pipeline.gauges().memoryBytes);
    assert.ok(dispatcher.state().memoryBytes <= QUEUE_BYTES, 'the queue keeps to forward.queue_bytes');
  }
  const { flows } = pipeline.gauges();
  assert.equal(flows + ledger.get('tcp.flow_memcap'), CONNECTIONS, 'those that are not held made room for others');
  assert.ok(mostBytes <= MEMORY_BYTES, `${mostBytes} bytes held, limits.memory is ${MEMORY_BYTES}`);
  const grownBytes = heldBytes() - before;
  const mostGrown = 1.3 * (MEMORY_BYTES + QUEUE_BYTES);
  assert.ok(grownBytes < mostGrown, `the process holds ${Math.round(grownBytes / MIB)} MiB more, at most ${Math.round(mostGrown / MIB)} are allowed`);
  pipeline.flush();
  assert.ok(ledger.get('forward.queue_full') > 0, 'the oldest were dropped for forward.queue_bytes');
  const gauges = pipeline.gauges();
  const flying = {
    packets: gauges.pendingPackets, bytes: gauges.pendingBytes,
    requests: gauges.waitingRequests + dispatcher.inFlight(),
  };
  assert.deepEqual(balance(ledger, flying).map(({ unit, imbalance }) => `${unit} ${imbalance}`), ['packets 0', 'bytes 0', 'requests 0', 'exchanges 0']);
  t.diagnostic(`${Math.round(grownBytes / MIB)} MiB more in the process, ${Math.round(mostBytes / MIB)} MiB held of half requests, ${flows} connections`);
});
