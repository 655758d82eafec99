// examples/monitoring with a real Prometheus: rules that fire on what they are for, and a dashboard whose every query
// has data from a real rebuilder.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { ANY_PORTS, RunningService, folder } from '../command-line.ts';
import { freePort } from '../free-port.ts';
import { Recorder } from '../http-mirror/stand-ins.ts';
import { installed } from '../installed.ts';
import { MirroredRequests } from '../mirrored-requests.ts';

const EXAMPLES = 'examples/monitoring';

interface Panel { readonly title: string; readonly targets: readonly { readonly expr: string }[] }
const dashboard = JSON.parse(readFileSync(`${EXAMPLES}/dashboard.json`, 'utf8')) as { panels: Panel[] };
const queries = dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '10s')] as const));
const rules = (parse(readFileSync(`${EXAMPLES}/alerts.yml`, 'utf8')) as { groups: { rules: { alert: string; expr: string; annotations: { runbook: string } }[] }[] })
  .groups.flatMap((group) => group.rules);

test('promtool takes the files, and the alerts fire on what they are for and on nothing else', (t) => {
  if (!installed(t, 'promtool')) return;
  for (const args of [['check', 'config', 'prometheus.yml'], ['check', 'rules', 'alerts.yml'], ['test', 'rules', 'alerts.test.yml']]) {
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: EXAMPLES, encoding: 'utf8' });
    assert.equal(status, 0, `${args.join(' ')}: ${stdout}${stderr}`);
  }
});

test('every alert is tried in alerts.test.yml, and names a table of docs/operations.md', () => {
  const tests = readFileSync(`${EXAMPLES}/alerts.test.yml`, 'utf8');
  const operations = readFileSync('docs/operations.md', 'utf8');
  for (const { alert, annotations } of rules) {
    assert.ok(tests.includes(alert), alert);
    const [page, heading] = annotations.runbook.split(', ');
    assert.equal(page, 'docs/operations.md');
    assert.ok(operations.includes(`\n## ${heading}\n`), heading);
  }
});

test('a real Prometheus scrapes a real rebuilder: every query of the dashboard and of the alerts has data', { timeout: 180_000 }, async (t) => {
  if (!installed(t, 'prometheus')) return;
  const node = await new Recorder((_request, response) => response.writeHead(200, { 'Content-Length': 0 }).end()).start();
  t.after(() => node.stop());
  const service = await RunningService.start(t, `workers: 0\ntcp_stream: {from_vxlan: {listen_addr: "127.0.0.1:0"}}\n${ANY_PORTS}`, ['--to', `http://127.0.0.1:${node.port}`]);
  const mirror = new MirroredRequests(t, service.port('vxlan'));
  const dir = folder(t);
  const port = await freePort();
  const config = parse(readFileSync(`${EXAMPLES}/prometheus.yml`, 'utf8')) as { global: Record<string, string>; scrape_configs: { static_configs: { targets: string[] }[] }[] };
  config.global = { scrape_interval: '1s', evaluation_interval: '1s' };
  config.scrape_configs[0]!.static_configs[0]!.targets = [new URL(service.statusUrl).host];
  writeFileSync(join(dir, 'prometheus.yml'), stringify(config));
  writeFileSync(join(dir, 'alerts.yml'), readFileSync(`${EXAMPLES}/alerts.yml`));
  const prometheus = spawn('prometheus', [`--config.file=${dir}/prometheus.yml`, `--storage.tsdb.path=${dir}/data`, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
  t.after(() => prometheus.kill('SIGKILL'));
  const ask = async (query: string): Promise<unknown[] | string> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?${new URLSearchParams({ query })}`).catch(() => null);
    if (response === null) return 'Prometheus does not answer';
    const { status, data, error } = (await response.json()) as {
      status: string;
      data?: { result: unknown[] };
      error?: string;
    };
    return status === 'success' ? data!.result : error ?? status;
  };
  let sent = 0;
  for (const [title, expr] of queries) {
    let result = await ask(expr);
    for (const end = Date.now() + 60_000; (typeof result === 'string' || result.length === 0) && Date.now() < end;) {
      await mirror.connection([`GET /${++sent} HTTP/1.1\r\nHost: a\r\n\r\n`]);
      await new Promise((resolve) => setTimeout(resolve, 300));
      result = await ask(expr);
    }
    assert.ok(Array.isArray(result) && result.length > 0, `${title}: ${expr}: ${JSON.stringify(result)}`);
  }
  for (const { alert, expr } of rules) {
    assert.ok(Array.isArray(await ask(expr)), alert);
    // What an alert compares must be there, or it can never fire.
    const compared = expr.replace(/ (?:>|==|!=) [\d.]+\s*$/, '').replaceAll('[5m]', '[10s]').replaceAll('[15m]', '[10s]');
    const result = await ask(compared);
    assert.ok(Array.isArray(result) && result.length > 0, `${alert}: ${compared}: ${JSON.stringify(result)}`);
  }
});
