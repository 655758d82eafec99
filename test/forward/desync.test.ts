import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { MESSAGES } from '../corpus.ts';
import { DESYNC_CASES } from './desync-cases.ts';
import { nonZero, startDispatcher, startNode } from './dispatcher-fixture.ts';
import type { Received } from './node-stand-in.ts';
import { OK } from './node-stand-in.ts';
import { rebuild } from './rebuilt-requests.ts';
import { ENVELOPE } from './request-builder.ts';

const CONTROL = Buffer.from('GET /control HTTP/1.1\r\nHost: control\r\n\r\n');

/** Every case, each followed by a request that must not suffer. */
function inputs(): { name: string; bytes: Buffer }[] {
  const own = DESYNC_CASES.map(({ name, bytes }) => ({ name, bytes: Buffer.from(bytes, 'latin1') }));
  if (!existsSync(MESSAGES)) return own;
  const { cases } = JSON.parse(readFileSync(MESSAGES, 'utf8')) as { cases: { name: string; bytes: string }[] };
  return [...own, ...cases.map(({ name, bytes }) => ({ name, bytes: Buffer.from(bytes, 'base64') }))];
}

function values(head: string, name: string): string[] {
  return head.split('\r\n').slice(1).filter((line) => line.toLowerCase().startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trim());
}

/** What the node believes must be ours, once. */
function assertOurs({ head }: Received, ids: Set<string>): void {
  for (const [name, value] of [
    ['x-forwarded-for', ENVELOPE.clientAddress], ['x-real-ip', ENVELOPE.clientAddress], ['x-server-addr', '10.0.2.9'], ['x-server-port', '80'],
    ['x-scheme', ENVELOPE.proto],
  ] as const) {
    assert.deepEqual(values(head, name), [value], head);
  }
  const [id, ...more] = values(head, 'x-mirror-id');
  assert.deepEqual(more, [], head);
  assert.ok(ids.delete(`${id} ${values(head, 'x-mirror-reading')[0] ?? 1}`), `an id we did not send, or twice: ${id}`);
  assert.equal(values(head, 'x-mirror-complete').length, 1);
  assert.deepEqual(values(head, 'x-response-status'), []);
}

test('re-framed, nothing a client sends desynchronises a shared connection', async (t) => {
  const node = await startNode(t);
  const { dispatcher, ledger } = startDispatcher(t, {
    endpoint: node.url,
    connections: 1,
    pipelining: 16,
    queueBytes: 64 << 20,
  });
  const ids = new Set<string>();
  let controls = 0;
  for (const { bytes } of inputs()) {
    for (const part of [bytes, CONTROL]) {
      rebuild(part, (request) => {
        ids.add(`${request.id} ${request.reading}`);
        dispatcher.submit(request, ENVELOPE);
      });
    }
    controls++;
  }
  assert.equal(await dispatcher.drain(20_000), 0);
  assert.equal(node.violations[0], undefined);
  const oversized = ledger.get('forward.alb_limit');
  assert.equal(oversized, 2, nonZero(ledger));
  assert.equal(ledger.get('forward.delivered') + ledger.get('forward.delivered_incomplete') + oversized, ledger.get('forward.submitted'), nonZero(ledger));
  assert.equal(node.received.filter((one) => one.requestLine === 'GET /control HTTP/1.1').length, controls, nonZero(ledger));
  for (const one of node.received) assertOurs(one, ids);
  assert.equal(ids.size, oversized, 'ids that did not arrive');
  assert.equal(node.connections, 1 + ledger.get('forward.connection_ended'));
});

/** Accepts anything, and keeps what each connection brought. Answers it and closes. */
async function startRecorder(
  t: TestContext, answer: (text: string) => string,
): Promise<{ url: string; connections: string[] }> {
  const connections: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const number = connections.push('') - 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    let timer: NodeJS.Timeout | undefined;
    socket.on('data', (data) => {
      connections[number] += data.toString('latin1');
      clearTimeout(timer);
      timer = setTimeout(() => socket.end(answer(connections[number]!)), 5);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections };
}

test('with a raw path, each odd request goes byte-true on a connection of its own', async (t) => {
  const node = await startNode(t);
  const raw = await startRecorder(t, () => OK);
  const { dispatcher, ledger } = startDispatcher(t, {
    endpoint: node.url,
    rawEndpoint: raw.url,
    connections: 1,
    queueBytes: 64 << 20,
    // All are submitted in one turn of the event loop.
    deadlineMs: 120_000,
  });
  const heads = new Map<string, string>();
  for (const { bytes } of inputs()) {
    for (const part of [bytes, CONTROL]) {
      rebuild(part, (request) => {
        if (request.reading === 1) heads.set(request.id, Buffer.from(request.bytes.subarray(request.start, request.end)).toString('latin1'));
        dispatcher.submit(request, ENVELOPE);
      });
    }
  }
  assert.equal(await dispatcher.drain(20_000), 0);
  assert.equal(node.violations[0], undefined);
  assert.equal(ledger.get('forward.delivered') + ledger.get('forward.delivered_incomplete'), ledger.get('forward.submitted'), nonZero(ledger));
  const byteTrue = raw.connections.filter((text) => text.includes('\r\nConnection: close\r\n'));
  assert.equal(byteTrue.length, ledger.get('forward.raw'), nonZero(ledger));
  assert.ok(byteTrue.length > 80);
  for (const text of byteTrue) {
    const id = /\r\nX-Mirror-Loop: .*\r\n/.test(text) ? /\r\nX-Mirror-Id: ([0-9a-f]{32})\r\n/.exec(text)?.[1] : undefined;
    assert.ok(id !== undefined, text);
    // Taking away what we wrote gives what the client sent.
    const ours = text.indexOf('X-Forwarded-For: 203.0.113.5\r\n');
    const theirs = text.slice(0, ours).replaceAll('X-Mirror-Original-', '') + text.slice(text.indexOf('Connection: close\r\n', ours) + 'Connection: close\r\n'.length);
    assert.equal(theirs.replaceAll('\r\n', '\n'), heads.get(id)!.replaceAll('X-Mirror-Original-', '').replaceAll('\r\n', '\n'));
  }
});

const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

test('a byte-true request that the node refuses is delivered re-framed', async (t) => {
  const node = await startNode(t);
  const raw = await startRecorder(t, () => BAD_REQUEST);
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url, rawEndpoint: raw.url });
  rebuild(Buffer.from(DESYNC_CASES[0]!.bytes, 'latin1'), (request) => dispatcher.submit(request, ENVELOPE));
  assert.equal(await dispatcher.drain(5_000), 0);
  assert.equal(ledger.get('forward.delivered'), ledger.get('forward.submitted'), nonZero(ledger));
  assert.equal(ledger.get('forward.raw_failed'), ledger.get('forward.raw'));
  assert.ok(raw.connections.length > 0);
  const reframed = node.received.find((one) => one.requestLine.startsWith('POST'))!;
  assert.match(reframed.head, /\r\nX-Mirror-Original-Content-Length: 6\r\nX-Mirror-Original-Transfer-Encoding: chunked\r\n/);
});

test('one that is too long for a load balancer goes re-framed over the raw path, and in no envelope made of its odd lines', async (t) => {
  const node = await startNode(t);
  const raw = await startRecorder(t, (text) => text.includes('\r\nX-Mirror-Original-Content-Length: ') ? OK : BAD_REQUEST);
  const { dispatcher, ledger } = startDispatcher(t, { endpoint: node.url, rawEndpoint: raw.url });
  const head = ['PUT /long HTTP/1.1', 'Host: a', 'Host : a', 'Content-Length: \x1c1', `X: ${'x'.repeat(17_000)}`];
  rebuild(Buffer.from(`${head.join('\r\r\n')}\r\n\r\nb`, 'latin1'), (request) => dispatcher.submit(request, ENVELOPE));
  assert.equal(await dispatcher.drain(5_000), 0);
  assert.deepEqual(node.violations, []);
  const short = node.received.filter(({ head }) => /\r\nX-Mirror-Reading: \d+\r\n/.test(head) && !head.includes('xxx'));
  assert.equal(node.received.length, short.length, 'for the load balancer only a reading in which the head is over before');
  assert.equal(ledger.get('forward.delivered') + ledger.get('forward.delivered_incomplete'), ledger.get('forward.submitted'), nonZero(ledger));
  assert.equal(ledger.get('forward.raw_failed'), ledger.get('forward.raw'), nonZero(ledger));
  assert.equal(ledger.get('forward.enveloped'), 0);
});
