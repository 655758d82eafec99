// The status page in a real browser, under its own security policy: what it shows, that anybody can use it, and that
// nothing a stranger wrote runs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { chromium, type Browser, type Page } from 'playwright-core';
import { COUNTER_NAMES } from '../../rebuilder/ledger.ts';
import { asset, ASSET_PATHS } from '../../rebuilder/status/assets.ts';
import { familyOf } from '../../rebuilder/status/metrics.ts';
import { StatusServer } from '../../rebuilder/status/server.ts';
import type { Snapshot } from '../../rebuilder/status/snapshot.ts';
import { skippedWithout } from '../installed.ts';
import { listed, StubSource } from './stub-source.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const EVIL = '/<script>document.title=\'owned\'</script>"><img src=x onerror=alert(1)>';

/** A service in which everything there is has happened. */
function busySource(): StubSource {
  const source = new StubSource();
  source.startedMs = Date.now() - 3_600_000;
  source.last = Date.now();
  COUNTER_NAMES.forEach((name, i) => source.values.count(name, 1000 + i));
  for (const ms of [1, 5, 30]) source.measured.delay.observe(ms);
  source.held = {
    flows: 900, pendingPackets: 1, pendingBytes: 2, inFlightRequests: 3, inFlightExchanges: 0, queueBytes: 1500,
    openConnections: 4, memoryBytes: 100,
  };
  source.seen = [{ address: 0x0a000107, vni: 1377, packets: 5000, cutPackets: 3, lastMs: Date.now() },
    { address: 0, vni: -1, packets: 1, cutPackets: 0, lastMs: 0 }];
  source.attackIn = (id) => id === 'id-0-2' ? 'path traversal' : null;
  source.list!.merge([
    listed('0-0', { method: 'OPTIONS', target: '*' }),
    listed('0-1', { method: 'POST', status: 201, tookMs: 12, bodySize: 12_000_000, badges: ['cut', 're-framed'], lost: ['http.body_limit'], end: 'forward.delivered_incomplete' }),
    listed('0-2', { target: '/etc/passwd', end: 'forward.delivered' }),
    listed('0-3', { end: 'rules.route_off', badges: ['irregular', 'second reading', 'redacted', 'correction', 'apart', 'incomplete'] }),
    listed('0-4', { method: `<b>${'A'.repeat(60)}`, host: '', target: EVIL, end: 'forward.queue_full' }),
  ]);
  return source;
}

describe('in Chromium', { timeout: 180_000, skip: skippedWithout('chromium') }, () => {
  let browser: Browser;
  let server: StatusServer;
  let source: StubSource;
  const problems: string[] = [];
  before(async () => {
    source = busySource();
    const on = { enabled: true, listen: { host: '127.0.0.1', port: 0 } };
    server = await StatusServer.start(source, on, { ...on, enabled: false });
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-dev-shm-usage', '--disable-background-networking'],
    });
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  async function open(width = 1440, colorScheme: 'light' | 'dark' = 'light', path = '/', bypassCSP = false): Promise<Page> {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP });
    const page = await context.newPage();
    page.on('console', (message) => { if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text()); });
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(`http://${server.metricsAddress}${path}`);
    if (path === '/') await page.locator('#requests .row').nth(3).waitFor();
    return page;
  }

  /** Asked again and again, since the page's own policy forbids to evaluate in it. */
  async function becomes(page: Page, expression: string): Promise<void> {
    for (const deadline = Date.now() + 60_000; !await page.evaluate<boolean>(expression);) {
      assert.ok(Date.now() < deadline, `still not: ${expression}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [360, 768, 1440]) {
      test(`${width} px, ${colorScheme}: axe finds nothing, with everything open, and nothing is wider than the window`, async () => {
        const page = await open(width, colorScheme, '/', true);
        for (const summary of await page.locator('summary').all()) await summary.click();
        await page.locator('#requests .row').first().click();
        await page.locator('#requests .detail pre').first().waitFor();
        await page.evaluate(AXE);
        const found = await page.evaluate<{ id: string; html: string[] }[]>('axe.run().then(({ violations }) => violations.map(({ id, nodes }) => ({ id, html: nodes.map((n) => n.html) })))');
        assert.deepEqual(found, []);
        assert.equal(await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth'), 0);
        const shares = 'Array.from(document.querySelectorAll("#stages h3"), (h) => h.offsetWidth / h.closest("li").offsetWidth)';
        for (const share of await page.evaluate<number[]>(shares)) assert.ok(share > 0.5, `the words of a stage have ${share} of its width`);
        await page.context().close();
      });
    }
  }

  test('the docs pages too', async () => {
    const page = await open(360, 'dark', '/docs/operations#delivery', true);
    await page.evaluate(AXE);
    assert.deepEqual(await page.evaluate('axe.run().then(({ violations }) => violations.map(({ id }) => id))'), []);
    await page.context().close();
  });

  test('figures are those of /metrics and of the state at the same moment', async () => {
    const page = await open();
    const metrics = await (await fetch(`http://${server.metricsAddress}/metrics`)).text();
    const state = (await (await fetch(`http://${server.metricsAddress}/status.json`)).json()) as Snapshot;
    const shown = (await page.locator('#stages').innerText()).replaceAll(',', '');
    for (const { total, unit, exits } of state.stages) {
      if (unit !== 'bytes') assert.ok(shown.includes(`${total} ${unit} since the start`), `${total} ${unit} in ${shown}`);
      for (const { name, total: count } of exits) assert.match(metrics, new RegExp(`^${familyOf(name)}\\{name="${name}"\\} ${count}$`, 'm'));
    }
    await page.locator('summary').first().click();
    const [first] = state.stages[0]!.exits.filter(({ kind }) => kind === 'not_http');
    assert.ok((await page.locator('#stages details[open]').innerText()).replaceAll(',', '').includes(`${first!.name} ${first!.total} packets`));
    await page.context().close();
  });

  test('every other figure of the state is shown', async () => {
    source.state = [...source.state, { description: 'vxlan [::1]:4789', bound: false }];
    const page = await open();
    const state = (await (await fetch(`http://${server.metricsAddress}/status.json`)).json()) as Snapshot;
    const text = async (selector: string): Promise<string> => (await page.locator(selector).innerText()).replaceAll(',', '').replace(/\s+/g, ' ');
    for (const { unit, imbalance, ...row } of state.balance.filter((one) => one.unit !== 'bytes')) {
      const line = [unit, row.in, row.out, row.lost, row.inFlight, imbalance === 0 ? 'balanced' : `off by ${imbalance}`].join(' ');
      assert.ok((await text('#balance')).includes(line), `${line} in ${await text('#balance')}`);
    }
    const sources = await text('#sources');
    assert.match(sources, /open vxlan 127\.0\.0\.1:4789 closed vxlan \[::1\]:4789/);
    assert.match(await text('#senders'), /10\.0\.1\.7 1377 5000 3 (now|\d)/);
    for (const [name, count] of Object.entries(state.answers)) assert.ok((await text('#deliveries')).includes(`${count} × ${name}`));
    assert.equal(await page.evaluate('document.getElementById("level-connections-known").value'), 0.9);
    for (const { unit, exits, marks } of state.stages) {
      for (const kind of ['not_http', 'left_out', 'lost'] as const) {
        const sum = exits
          .filter((exit) => exit.kind === kind && exit.unit === unit)
          .reduce((total, exit) => total + exit.total, 0);
        if (sum > 0 && unit !== 'bytes') assert.ok((await text('#stages')).includes(sum === 1 ? `1 ${unit.slice(0, -1)}` : `${sum} ${unit}`), `${sum} ${unit}`);
      }
      // What each way out means stands below it; of a mark, in its tooltip.
      for (const { name, help } of exits) {
        assert.ok(await page.locator('#stages details li', { hasText: name }).filter({ hasText: help }).count() > 0, name);
      }
      for (const { name, help } of marks) {
        assert.equal(await page.locator('#stages li[title]', { hasText: new RegExp(` ${name}$`) }).getAttribute('title'), help);
      }
    }
    source.state = source.state.slice(0, 1);
    await page.context().close();
  });

  test('a target that is no path does not run into the host', async () => {
    const page = await open();
    await page.fill('#filter', 'shop.example *');
    assert.equal(await page.locator('#requests .path').innerText(), 'shop.example *');
    await page.fill('#filter', 'shop.example/etc');
    assert.equal(await page.locator('#requests .path').innerText(), 'shop.example/etc/passwd');
    await page.context().close();
  });

  test('what a stranger wrote is text', async () => {
    const page = await open();
    assert.equal(await page.locator('#requests .path').first().innerText(), EVIL);
    assert.equal(await page.locator('#requests .method').first().innerText(), `<b>${'A'.repeat(60)}`);
    assert.equal(await page.locator('main img, main b, main script').count(), 0);
    assert.match(await page.title(), /rebuilder$/);
    await page.context().close();
  });

  test('by keys alone: filter, open a request, see its fate and its values, close it, hold the list', async () => {
    const page = await open();
    await page.keyboard.press('/');
    await page.keyboard.type('passwd');
    await becomes(page, 'document.querySelectorAll("#requests .row").length === 1');
    assert.match(await page.locator('#requests .row').innerText(), /path traversal/);
    for (let i = 0; i < 10 && !await page.evaluate<boolean>('document.activeElement.classList.contains("row")'); i++) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    const detail = page.locator('#requests .detail:not([hidden])');
    await detail.locator('pre').waitFor();
    assert.match(await detail.innerText(), /GET \/0-2\?token=\*\*\* HTTP\/1\.1\nHost: \*\*\*\nCookie: \*\*\*/);
    assert.match(await detail.innerText(), /first packet, from 10\.0\.1\.7:41000/);
    await page.keyboard.press('v');
    await becomes(page, 'document.querySelector(".detail:not([hidden])").innerText.includes("sid=s3cret")');
    await page.keyboard.press('Escape');
    assert.equal(await detail.count(), 0);
    assert.equal(await page.evaluate('document.activeElement.getAttribute("aria-expanded")'), 'false', 'the focus is where it was');
    await page.keyboard.press('p');
    assert.equal(await page.locator('#pause').getAttribute('aria-pressed'), 'true');
    source.list!.merge([listed('0-9', { target: '/etc/passwd-too' })]);
    await becomes(page, 'document.getElementById("shown").textContent.includes("1 newer waiting")');
    assert.equal(await page.locator('#requests .row').count(), 1);
    await page.keyboard.press('p');
    await becomes(page, 'document.querySelectorAll("#requests .row").length === 2');
    await page.context().close();
  });

  test('a verdict that changes is announced once; a service that goes away is said, and one that is back is shown', async () => {
    const page = await open();
    const { node } = source;
    source.node = { ...node, condition: 'failing', detail: 'cannot be reached: ECONNREFUSED' };
    await becomes(page, 'document.getElementById("announcer").textContent.startsWith("Not delivering")');
    assert.equal(await page.locator('#advice').getAttribute('href'), '/docs/operations#delivery');
    assert.match(await page.locator('#endpoints').innerText(), /fails/);
    source.node = { ...node, condition: 'untried', detail: 'no request was answered yet' };
    await becomes(page, 'document.getElementById("endpoints").textContent.includes("not tried yet")');
    source.node = node;
    await page.context().setOffline(true);
    const port = Number(server.metricsAddress!.split(':').at(-1));
    await server.close();
    await page.locator('#lost:not([hidden])').waitFor();
    assert.match(await page.locator('#lost').innerText(), /does not answer; what is shown is of \d/);
    const on = { enabled: true, listen: { host: '127.0.0.1', port } };
    problems.length = 0;
    server = await StatusServer.start(source, on, { ...on, enabled: false });
    await page.context().setOffline(false);
    await page.reload();
    await page.locator('#requests .row').first().waitFor();
    await page.context().close();
  });

  test('requests that are not kept are said to be so', async () => {
    const { list } = source;
    source.list = null;
    const page = await browser.newPage();
    await page.goto(`http://${server.metricsAddress}/`);
    await becomes(page, 'document.getElementById("no-requests").textContent.includes("metrics.recent_requests is 0")');
    await page.close();
    source.list = list;
  });

  test('no message on the console', () => assert.deepEqual(problems, []));
});

test('all a browser loads is less than 100 KB, and names nothing from elsewhere', () => {
  const files = ASSET_PATHS.map((path) => asset(path).body);
  assert.ok(files.reduce((sum, body) => sum + Buffer.byteLength(body), 0) < 100_000);
  for (const body of files) assert.doesNotMatch(body, /https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
});
