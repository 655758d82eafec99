import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { COUNTERS, COUNTER_NAMES } from '../../rebuilder/ledger.ts';
import { content, CONTENT_SECURITY_POLICY, escape, page } from '../../rebuilder/status/page.ts';
import { RateHistory } from '../../rebuilder/status/rates.ts';
import { StatusServer } from '../../rebuilder/status/server.ts';
import { installed } from '../installed.ts';
import { StubSource } from './stub-source.ts';

const NOW = 1_100_000;

test('what a stranger wrote is shown as text', () => {
  const source = new StubSource();
  const evil = '/<script>alert(1)</script>"\'&\u0000\u001b[31m';
  source.node = { url: 'http://node', answering: false, detail: evil };
  source.received = () => [{ timeMs: NOW, method: '<b>', target: evil, host: '<img src=x>', clientAddress: '"><i>', attack: '<u>' }];
  const html = content(source, new RateHistory(), NOW);
  for (const tag of ['<script', '<b>', '<img', '<i>', '<u>', '\u0000', '\u001b']) assert.ok(!html.includes(tag), JSON.stringify(tag));
  assert.ok(html.includes(escape(evil)));
  assert.equal(escape('<a href="\'&">\n'), '&lt;a href=&quot;&#39;&amp;&quot;&gt;\\x0a');
});

test('a long target is shortened, and only the last requests are listed', () => {
  const source = new StubSource();
  const many = Array.from({ length: 500 }, (_, i) => ({
    timeMs: NOW + i, method: 'GET', target: `/${i}/${'x'.repeat(5000)}`, host: 'h', clientAddress: 'c', attack: null,
  }));
  source.received = () => many;
  const html = content(source, new RateHistory(), NOW);
  assert.ok(html.includes('/499/') && html.includes('/450/') && !html.includes('/449/'));
  assert.ok(html.length < 60_000);
});

test('every loss has its name and meaning; an imbalance is said', () => {
  const source = new StubSource();
  const lost = COUNTER_NAMES.filter((name) => COUNTERS[name].role === 'lost');
  for (const name of lost) source.values.count(name, 3);
  const html = content(source, new RateHistory(), NOW);
  for (const name of lost) assert.ok(html.includes(`<code>${name}</code>`) && html.includes(escape(COUNTERS[name].help)), name);
  assert.match(html, /class="bad">off by -/);
  assert.ok(content(new StubSource(), new RateHistory(), NOW).includes('Nothing was lost.'));
});

test('one answer holds it all: nothing is loaded, and only our own script and style may run', () => {
  const html = page(new StubSource(), new RateHistory(), NOW);
  assert.doesNotMatch(html, /https?:\/\/(?!127\.0\.0\.1)/);
  assert.doesNotMatch(html, /<(link|script|img|iframe)[^>]*(src|href)="(?!data:)/);
  for (const tag of ['style', 'script']) {
    const text = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(html)![1]!;
    assert.ok(CONTENT_SECURITY_POLICY.includes(`'sha256-${createHash('sha256').update(text).digest('base64')}'`), tag);
  }
});

test('in a browser the page refreshes itself, under its own security policy', { timeout: 60_000 }, async (t) => {
  if (!installed(t, 'chromium')) return;
  const source = new StubSource();
  source.startedMs = Date.now();
  let reads = 0;
  source.received = () => [{ timeMs: 0, method: 'GET', target: `/read-${++reads}`, host: 'h', clientAddress: 'c', attack: null }];
  const off = { enabled: false, listen: { host: '127.0.0.1', port: 0 } };
  const server = await StatusServer.start(source, { ...off, enabled: true }, off);
  const profile = await mkdtemp(join(tmpdir(), 'rebuilder-page-'));
  try {
    const browser = spawn('chromium', ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', `--user-data-dir=${profile}`,
      '--virtual-time-budget=5000', '--dump-dom', `http://${server.metricsAddress}/`], { stdio: ['ignore', 'pipe', 'ignore'], timeout: 45_000 });
    let dom = '';
    browser.stdout.on('data', (chunk: Buffer) => { dom += chunk.toString(); });
    await once(browser, 'close');
    assert.ok(reads >= 2, `the page was read ${reads} times`);
    assert.match(dom, /<code>\/read-\d+<\/code>/);
    assert.doesNotMatch(dom, /<code>\/read-1<\/code>/, 'what is shown is not the first answer any more');
  } finally {
    await server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});
