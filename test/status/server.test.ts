import assert from 'node:assert/strict';
import { request as ask, type IncomingHttpHeaders } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { freePort } from '../free-port.ts';
import type { ListenSettings } from '../../rebuilder/config/settings.ts';
import { StatusServer } from '../../rebuilder/status/server.ts';
import { listed, StubSource } from './stub-source.ts';

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

test('page and metrics on the one address, health on the other', async () => {
  const source = new StubSource();
  await withServer(source, on(), on(), async (server) => {
    const [status, health] = [`http://${server.metricsAddress}`, `http://${server.healthAddress}`];
    assert.notEqual(status, health);
    const page = await fetch(status);
    assert.match(page.headers.get('content-type')!, /^text\/html/);
    assert.match(await page.text(), /<!doctype html>/);
    const metrics = await fetch(`${status}/metrics`);
    assert.match(metrics.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/);
    assert.match(await metrics.text(), /^rebuilder_flows 0$/m);
    assert.equal((await fetch(`${status}/live`)).status, 200);
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

/** As a browser, or a program, asks; fetch() would not send these headers. */
function get(
  url: string, headers: Record<string, string>,
): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> {
  return new Promise((resolve, reject) => {
    ask(url, { headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => { body += text; });
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    }).on('error', reject).end();
  });
}

const PATHS = ['/', '/events', '/status.json', '/request?key=0-1', '/configuration', '/docs/operations', '/status.js'];

for (const [what, headers, allowed] of [
  ['an address', { Host: '127.0.0.1:9000' }, true],
  ['an IPv6 address', { Host: '[::1]:9000' }, true],
  ['localhost', { Host: 'LOCALHOST:9000' }, true],
  ['the machine\'s own name', { Host: hostname() }, true],
  ['a name of an attacker that leads here', { Host: 'rebind.example' }, false],
  ['a name that only begins like ours', { Host: 'localhost.evil.example' }, false],
  ['a name that ends like an address', { Host: '127.0.0.1.evil.example' }, false],
  ['the page itself', { Host: 'localhost:9000', 'Sec-Fetch-Site': 'same-origin', Origin: 'http://localhost:9000' }, true],
  ['the address bar', { Host: 'localhost:9000', 'Sec-Fetch-Site': 'none' }, true],
  ['another site', { Host: 'localhost:9000', 'Sec-Fetch-Site': 'cross-site' }, false],
  ['another port of this machine', { Host: 'localhost:9000', 'Sec-Fetch-Site': 'same-site' }, false],
  ['another origin', { Host: 'localhost:9000', Origin: 'http://evil.example' }, false],
  ['an origin that is none', { Host: 'localhost:9000', Origin: 'null' }, false],
] as const) {
  test(`asked by ${what}: ${allowed ? 'answered' : 'refused'}`, async () => {
    const source = new StubSource();
    source.list!.merge([listed('0-1')]);
    await withServer(source, on(), off, async (server) => {
      for (const path of [...PATHS.filter((one) => one !== '/events'), '/metrics', '/ready']) {
        const { status, body } = await get(`http://${server.metricsAddress}${path}`, headers);
        if (!allowed) assert.ok(status === 403 && !body.includes('shop.example'), `${path}: ${status} ${body}`);
        else assert.ok(status === 200 || (path === '/ready' && status === 503), `${path}: ${status} ${body}`);
      }
      if (!allowed) assert.equal((await get(`http://${server.metricsAddress}/events`, headers)).status, 403);
    });
  });
}

test('on an address that others reach, a scraper may use any name, a browser may not; values are this machine\'s own', async (t) => {
  const address = Object.values(networkInterfaces()).flat().find((one) => one?.family === 'IPv4' && !one.internal)?.address;
  if (address === undefined) return t.skip('this machine has no address but loopback');
  const source = new StubSource();
  source.list!.merge([listed('0-1')]);
  await withServer(source, on(0, address), off, async (server) => {
    const ask = (path: string, host: string): ReturnType<typeof get> => get(`http://${server.metricsAddress}${path}`, { Host: host });
    assert.equal((await ask('/metrics', 'rebuilder.prometheus.svc')).status, 200);
    assert.equal((await ask('/', 'rebuilder.prometheus.svc')).status, 403);
    assert.equal((await ask('/request?key=0-1', address)).status, 200);
    const shown = await ask('/request?key=0-1&values=shown', address);
    assert.ok(shown.status === 403 && !shown.body.includes('s3cret'), shown.body);
  });
});

test('a request\'s head is masked unless somebody at this machine wants its values; one that is gone says so', async () => {
  const source = new StubSource();
  source.list!.merge([listed('0-1', {
    badges: ['second reading'], lost: ['http.body_limit'], steps: [{ timeMs: 1_000_005, step: 'queued', detail: '' }, { timeMs: 1_000_009, step: 'answered', detail: '403' },
      { timeMs: 1_000_009, step: 'ended', detail: 'forward.delivered_incomplete' },
      { timeMs: 1_000_010, step: 'exchange_ended', detail: 'ext_proc.queue_full' }],
  })]);
  await withServer(source, on(), off, async (server) => {
    const base = `http://${server.metricsAddress}`;
    const masked = await (await fetch(`${base}/request?key=0-1`)).text();
    assert.ok(!masked.includes('s3cret'), masked);
    const { head, fate } = JSON.parse(masked) as { head: string[]; fate: { text: string }[] };
    assert.deepEqual(head, ['GET /0-1?token=*** HTTP/1.1', 'Host: ***', 'Cookie: ***']);
    const texts = fate.map(({ text }) => text).join('\n');
    for (const said of [/first packet, from 10\.0\.1\.7:41000 to 10\.0\.2\.9:80, VNI 1377/, /one more reading .*\(http\.second_readings\)/, /bytes are missing: .*\(http\.body_limit\)/, /handed over/,
      /answered with 403/, /done: .*\(forward\.delivered_incomplete\)/, /exchange lost: .*\(ext_proc\.queue_full\)/]) assert.match(texts, said);
    const shown = (await (await fetch(`${base}/request?key=0-1&values=shown`)).json()) as { head: string[] };
    assert.deepEqual(shown.head, ['GET /0-1?token=s3cret HTTP/1.1', 'Host: shop.example', 'Cookie: sid=s3cret']);
    assert.equal((await fetch(`${base}/request?key=0-2`)).status, 404);
    assert.ok(!(await (await fetch(`${base}/status.json`)).text()).includes('s3cret'));
  });
});

test('the docs that a verdict leads to are served, with the headings it names, and without what would load anything', async () => {
  await withServer(new StubSource(), on(), off, async (server) => {
    for (const page of ['operations', 'ledger', 'configuration', 'exchange']) {
      const html = await (await fetch(`http://${server.metricsAddress}/docs/${page}`)).text();
      assert.doesNotMatch(html, /<script|<img|https?:\/\/[^<]*"/);
      for (const [, link] of html.matchAll(/href="(\/[^"#]*)/g)) assert.equal((await fetch(`http://${server.metricsAddress}${link}`)).status, 200, `${page}: ${link}`);
    }
    const operations = await (await fetch(`http://${server.metricsAddress}/docs/operations`)).text();
    for (const id of ['nothing-arrives', 'delivery', 'packets-missing-or-cut', 'files-and-logs', 'wrong-requests']) assert.ok(operations.includes(`id="${id}"`), id);
  });
});

test('events: at once the state and the requests, later only what changed; so many readers, and no more', async () => {
  const source = new StubSource();
  source.list!.merge([listed('0-1'), listed('0-2')]);
  await withServer(source, on(), off, async (server) => {
    const url = `http://${server.metricsAddress}/events`;
    const reader = (await fetch(url)).body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const until = async (what: RegExp): Promise<void> => {
      while (!what.test(text)) text += (await reader.read()).value ?? assert.fail(text);
    };
    await until(/event: requests\ndata: .*0-1.*0-2.*\n\n/);
    assert.match(text, /event: page\ndata: \{"showsValues":true\}\n\n/);
    assert.match(text, /event: state\ndata: \{"version":"1\.2\.3"/);
    text = '';
    source.list!.merge([listed('0-2', { end: 'forward.delivered' })]);
    await until(/event: requests\ndata: .*"forward\.delivered".*\n\n/);
    assert.ok(!text.includes('"0-1"'));
    const others = await Promise.all(Array.from({ length: 15 }, () => fetch(url)));
    assert.ok(others.every(({ status }) => status === 200));
    assert.equal((await fetch(url)).status, 503);
    await Promise.all([reader.cancel(), ...others.map(({ body }) => body!.cancel())]);
  });
});
