import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { defaultSettings } from '../../rebuilder/config/load.ts';
import { EndpointProbe } from '../../rebuilder/service/endpoint-probe.ts';
import type { EndpointCondition, EndpointState } from '../../rebuilder/status/status-source.ts';

async function somebody(t: TestContext): Promise<{ url: string; close: () => Promise<unknown> }> {
  const server = createServer((socket) => socket.on('error', () => undefined).end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): Promise<unknown> => new Promise((resolve) => server.close(resolve));
  t.after(() => { if (server.listening) server.close(); });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

const state = (condition: EndpointCondition, detail = 'as deliveries have told', key = 'forward.endpoint'): EndpointState => ({ key, url: 'http://node', condition, detail });

async function probe(
  t: TestContext, endpoint: string, delivered = (): number => 0, rawEndpoint = '', waiting = (): number => 0,
): Promise<EndpointProbe> {
  const found = new EndpointProbe(
    { ...defaultSettings().forward, endpoint, rawEndpoint, connectTimeoutMs: 2000 },
    () => ({ delivered: delivered(), waiting: waiting() }),
  );
  t.after(() => found.stop());
  for (let i = 0; found.merge([state('untried')])[0]!.condition === 'untried' && i < 100; i++) await new Promise((resolve) => setTimeout(resolve, 20));
  return found;
}

test('before anything is delivered: an endpoint that listens takes connections, one that does not fails', async (t) => {
  const { url, close } = await somebody(t);
  assert.equal((await probe(t, url)).merge([state('untried')])[0]!.condition, 'reachable');
  await close();
  const [away] = (await probe(t, url)).merge([state('untried')]);
  assert.equal(away!.condition, 'failing');
  assert.match(away!.detail, /cannot be reached: ECONNREFUSED/);
});

test('while nobody has tried, nothing is claimed; and what is not delivered to is not tried', (t) => {
  const found = new EndpointProbe({ ...defaultSettings().forward, endpoint: '' }, () => ({ delivered: 0, waiting: 0 }));
  t.after(() => found.stop());
  assert.equal(found.merge([state('untried')])[0]!.condition, 'untried');
  assert.equal(found.merge([state('none')])[0]!.condition, 'none');
});

test('both endpoints are tried, each for itself', async (t) => {
  const { url } = await somebody(t);
  const found = await probe(t, url, () => 0, '127.0.0.1:1');
  for (let i = 0; found.merge([state('untried', '', 'forward.raw_endpoint')])[0]!.condition === 'untried' && i < 100; i++) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(found.merge([state('untried'), state('untried', '', 'forward.raw_endpoint')]).map(({ condition }) => condition), ['reachable', 'failing']);
});

test('a failure of the last delivery is not for ever: an endpoint that is back is said to be, with what was', async (t) => {
  const { url } = await somebody(t);
  const [back] = (await probe(t, url)).merge([state('failing', 'ECONNRESET')]);
  assert.equal(back!.condition, 'reachable');
  assert.match(back!.detail, /takes connections again; before that: ECONNRESET/);
});

test('while requests wait, a connection that is taken is no sign that they are answered', async (t) => {
  const { url } = await somebody(t);
  let waiting = 3;
  const found = await probe(t, url, () => 0, '', () => waiting);
  const said = 'the load balancer answers 503 in the node\'s place';
  assert.deepEqual(found.merge([state('failing', said)])[0], state('failing', said));
  waiting = 0;
  assert.equal(found.merge([state('failing', said)])[0]!.condition, 'reachable');
});

test('while requests are delivered, they tell more than a probe', async (t) => {
  const { url } = await somebody(t);
  let delivered = 0;
  const found = await probe(t, url, () => delivered);
  delivered = 10;
  assert.equal(found.merge([state('failing', 'ECONNRESET')])[0]!.condition, 'failing');
  assert.equal(found.merge([state('answering')])[0]!.condition, 'answering');
});
