// What goes byte-true on a connection of its own, where the node does not read it as we do, or nobody is there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Request } from '../../rebuilder/http/message.ts';
import { freePort } from '../free-port.ts';
import { nonZero, startDispatcher, startNode, until } from './dispatcher-fixture.ts';
import { OK } from './node-stand-in.ts';
import { buildRequest, ENVELOPE } from './request-builder.ts';

/** The parser has noted what servers differ on. */
const odd = (target: string, more = ''): Request => (
  buildRequest(`GET ${target} HTTP/1.1\r\nHost: a\r\n${more}\r\n`, { irregular: ['bare_cr'] }));
const long = (length: number): string => `X-Long: ${'l'.repeat(length)}\r\n`;

test('a node that waits for more of the byte-true form gets the re-framed one behind one time-out', async (t) => {
  const silent = await startNode(t, () => null);
  const node = await startNode(t);
  const { dispatcher, ledger } = startDispatcher(t, {
    endpoint: node.url, rawEndpoint: silent.url, responseTimeoutMs: 300, deadlineMs: 60_000,
  });
  dispatcher.submit(odd('/waits'), ENVELOPE);
  await until('its end', () => dispatcher.inFlight() === 0);
  assert.equal(ledger.get('forward.delivered'), 1, nonZero(ledger));
  assert.equal(silent.received.length, 1, 'it is not asked again');
  assert.equal(ledger.get('forward.raw_failed'), 1);
  assert.equal(node.received[0]!.requestLine, 'GET /waits HTTP/1.1');
});

test('where nobody answers for the raw path, what was meant for it is sent re-framed within the deadline', async (t) => {
  const node = await startNode(t);
  const { dispatcher, ledger } = startDispatcher(t, {
    endpoint: node.url, rawEndpoint: `http://127.0.0.1:${await freePort()}`, deadlineMs: 1_000,
  });
  for (let i = 0; i < 20; i++) dispatcher.submit(odd(`/${i}`), { ...ENVELOPE, clientAddress: `10.0.0.${i % 3}` });
  await until('their end', () => dispatcher.inFlight() === 0);
  assert.equal(ledger.get('forward.delivered'), 20, nonZero(ledger));
  assert.equal(ledger.get('forward.raw_failed'), 20);
});

test('more than the raw path holds, while its node is silent: nothing is lost as long as the shared path has room', async (t) => {
  const silent = await startNode(t, () => null);
  const node = await startNode(t);
  const { dispatcher, ledger } = startDispatcher(t, {
    endpoint: node.url, rawEndpoint: silent.url, responseTimeoutMs: 300, deadlineMs: 60_000, queueBytes: 4 << 20,
  });
  for (let i = 0; i < 600; i++) {
    dispatcher.submit(odd(`/${i}`, long(2000)), { ...ENVELOPE, clientAddress: `10.0.0.${i % 7}` });
  }
  await until('their end', () => dispatcher.inFlight() === 0);
  assert.equal(ledger.get('forward.delivered'), 600, nonZero(ledger));
  assert.equal(new Set(node.received.map(({ requestLine }) => requestLine)).size, 600);
});

test('a request that finds no room on the raw path is sent re-framed', async (t) => {
  const node = await startNode(t);
  const { dispatcher, ledger } = startDispatcher(t, {
    endpoint: node.url, rawEndpoint: node.url, queueBytes: 256 << 10,
  });
  dispatcher.submit(odd('/large', long(15_000).repeat(3)), ENVELOPE);
  await until('its end', () => dispatcher.inFlight() === 0);
  assert.equal(ledger.get('forward.delivered'), 1, nonZero(ledger));
  assert.equal(ledger.get('forward.raw'), 0);
});

test('the re-framed form of a request is there though its client has filled the raw path', async (t) => {
  // What is refused, as NGINX does.
  const refuses = await startNode(t, async () => {
    await new Promise((resolve) => { setTimeout(resolve, 2); });
    return 'HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
  });
  const node = await startNode(t, () => OK);
  const { dispatcher, ledger } = startDispatcher(t, {
    endpoint: node.url, rawEndpoint: refuses.url, queueBytes: 2 << 20,
  });
  for (let i = 0; i < 300; i++) dispatcher.submit(odd(`/${i}`, long(1500)), ENVELOPE);
  await until('their end', () => dispatcher.inFlight() === 0);
  assert.equal(ledger.get('forward.refused.400'), 0, nonZero(ledger));
  assert.equal(ledger.get('forward.delivered'), 300, nonZero(ledger));
});
