import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { ListenSettings } from '../../rebuilder/config/settings.ts';
import { StatusServer } from '../../rebuilder/status/server.ts';
import { StubSource } from './stub-source.ts';

const on = (port = 0, host = '127.0.0.1'): ListenSettings => ({ enabled: true, listen: { host, port } });
const off: ListenSettings = { ...on(), enabled: false };

async function withServer(source: StubSource, metrics: ListenSettings, health: ListenSettings,
  body: (server: StatusServer) => Promise<void>): Promise<void> {
  const server = await StatusServer.start(source, metrics, health);
  try {
    await body(server);
  } finally {
    await server.close();
  }
}

/** A port that nothing listens on: it was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('page and metrics on the one address, health on the other', async () => {
  const source = new StubSource();
  await withServer(source, on(), on(), async (server) => {
    const [status, health] = [`http://${server.metricsAddress}`, `http://${server.healthAddress}`];
    assert.notEqual(status, health);
    const page = await fetch(status);
    assert.match(page.headers.get('content-type')!, /^text\/html/);
    assert.match(await page.text(), /<!doctype html>/);
    assert.doesNotMatch(await (await fetch(`${status}/?part=content`)).text(), /<!doctype/);
    const metrics = await fetch(`${status}/metrics`);
    assert.match(metrics.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/);
    assert.match(await metrics.text(), /^rebuilder_flows 0$/m);
    assert.equal((await fetch(`${status}/live`)).status, 404);
    assert.equal((await fetch(`${health}/metrics`)).status, 404);
    assert.equal((await fetch(`${health}/live`)).status, 200);
    assert.equal((await fetch(`${health}/ready`)).status, 503);
    source.last = Date.now();
    const ready = await fetch(`${health}/ready`);
    assert.equal(ready.status, 200);
    for (const line of (await ready.text()).trimEnd().split('\n')) assert.equal((JSON.parse(line) as { ok: boolean }).ok, true);
    source.state = [];
    assert.equal((await fetch(`${health}/-/healthcheck`)).status, 503);
  });
});

test('only GET and HEAD; an unknown path says what is there; nothing of Object.prototype is a path', async () => {
  await withServer(new StubSource(), on(), on(), async (server) => {
    const base = `http://${server.healthAddress}`;
    const post = await fetch(`${base}/live`, { method: 'POST', body: 'x' });
    assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD']);
    const head = await fetch(`${base}/live`, { method: 'HEAD' });
    assert.deepEqual([head.status, await head.text()], [200, '']);
    assert.match(await (await fetch(`${base}/constructor`)).text(), /not here; try .*\/ready/);
    assert.equal((await fetch(`${base}/live?x=1`)).status, 200);
  });
});

test('the same address for both: all of it is there', async () => {
  const port = await freePort();
  await withServer(new StubSource(), on(port), on(port), async (server) => {
    assert.equal(server.metricsAddress, server.healthAddress);
    assert.equal((await fetch(`http://127.0.0.1:${port}/metrics`)).status, 200);
    assert.equal((await fetch(`http://127.0.0.1:${port}/live`)).status, 200);
  });
});

test('switched off is not listened on', async () => {
  await withServer(new StubSource(), off, off, async (server) => {
    assert.deepEqual([server.metricsAddress, server.healthAddress], [null, null]);
  });
});

test('an empty host means all addresses of both families', async () => {
  await withServer(new StubSource(), off, on(0, ''), async (server) => {
    const port = server.healthAddress!.split(':').at(-1);
    assert.equal((await fetch(`http://127.0.0.1:${port}/live`)).status, 200);
  });
});

test('an address that cannot be bound is one sentence, and leaves nothing open', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as AddressInfo;
  const free = await freePort();
  try {
    await assert.rejects(StatusServer.start(new StubSource(), on(free), on(port)), {
      message: `health_check.listen_address: 127.0.0.1:${port} is in use by another process: choose another port, or health_check.enabled: false`,
    });
    await assert.rejects(fetch(`http://127.0.0.1:${free}/metrics`), 'the metrics server of the failed start is closed again');
    await assert.rejects(StatusServer.start(new StubSource(), on(0, '192.0.2.1'), off), /metrics\.listen_address: 192\.0\.2\.1:0 is not an address of this machine/);
    await assert.rejects(StatusServer.start(new StubSource(), on(0, 'no-such-host.invalid'), off), /is not an address of this machine/);
  } finally {
    await new Promise((resolve) => taken.close(resolve));
  }
});

test('stops at once, with a keep-alive client connected', async () => {
  const server = await StatusServer.start(new StubSource(), on(), off);
  const url = `http://${server.metricsAddress}/metrics`;
  await (await fetch(url)).text();
  await server.close();
  await assert.rejects(fetch(url));
});
