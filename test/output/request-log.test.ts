import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ANY_PORTS, RunningService, file, folder, rebuilder } from '../command-line.ts';
import { freePort } from '../free-port.ts';
import { Recorder } from '../http-mirror/stand-ins.ts';
import { MirroredRequests } from '../mirrored-requests.ts';

const get = (target: string, ...headers: string[]): string => ['GET ' + target + ' HTTP/1.1', 'Host: shop.example', ...headers, '', ''].join('\r\n');

/** With time enough for a delivery on a busy machine, unless the delivery is to fail. */
const conf = (log: string, deadline = '30s'): string => `
mode: tcp-capture-v2
workers: 0
tcp_stream: {from_vxlan: {listen_addr: "127.0.0.1:0"}}
input_filters: {bypass: [{path: ^/static/}]}
forward: {redact: {query: [token]}, attempts: 1, deadline: ${deadline}, connect_timeout: ${deadline}}
log: ${log}
${ANY_PORTS}`;

type Line = Record<string, unknown>;
const linesOf = (text: string): Line[] => text.split('\n').filter((line) => line.startsWith('{"level"')).map((line) => JSON.parse(line) as Line);
const pick = (line: Line, ...names: string[]): unknown[] => names.map((name) => line[name]);

test('the access log: a line for each request, and why it ended when it does not go on', async (t) => {
  const node = await new Recorder((_request, response) => response.end()).start();
  t.after(() => node.stop());
  const path = join(folder(t), 'logs', 'access.log');
  const service = await RunningService.start(t, conf(`{access_log: {enabled: true, log_file: ${path}}, pretty: false}`), ['--to', `http://127.0.0.1:${node.port}`]);
  const mirror = new MirroredRequests(t, service.port('vxlan'));
  await mirror.connection([get('/a?b=secret')], [get('/static/x')], ['POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc']);
  await service.reaches('forward.delivered', 2);
  assert.equal(await service.stop(), 0);
  const lines = linesOf(readFileSync(path, 'utf8'));
  assert.deepEqual(lines.map((line) => pick(line, 'msg', 'method', 'target', 'bodySize', 'client', 'end')), [
    ['request', 'GET', '/a?b=***', 0, '10.0.1.7', undefined],
    ['request', 'GET', '/static/x', 0, undefined, 'rules.filter_bypass'],
    ['request', 'POST', '/p', 3, '10.0.1.7', undefined],
  ]);
  assert.deepEqual(pick(lines[0]!, 'src', 'dst'), ['10.0.1.7:41000', '10.0.2.9:80']);
  assert.match(String(lines[0]!['id']), /^[0-9a-f]{32}$/);
  assert.equal(statSync(path).mode & 0o777 & ~0o640, 0);
  assert.ok(!service.said.stderr.includes('/static/x'), 'the service\'s own log is not the access log');
});

test('verbose shows query values, but not those that are redacted, whatever becomes of the request', async (t) => {
  const node = await new Recorder((_request, response) => response.end()).start();
  t.after(() => node.stop());
  const service = await RunningService.start(t, conf('{access_log: {enabled: true, verbose: true}, pretty: true}'), ['--to', `http://127.0.0.1:${node.port}`]);
  const mirror = new MirroredRequests(t, service.port('vxlan'));
  await mirror.connection([get('/a?b=visible&token=hidden')], [get('/static/x?c=seen&token=hidden')]);
  await service.reaches('rules.filter_bypass', 1);
  await service.stop();
  assert.match(service.said.stderr, /\/a\?b=visible&token=\*{6}"/);
  assert.match(service.said.stderr, /\/static\/x\?c=seen&token=\*{6}"/);
  assert.ok(!service.said.stderr.includes('hidden'));
});

test('debug tells each request\'s fate: what was decided and how its delivery ended', async (t) => {
  const answers: Record<string, number> = { '/ok': 200, '/refused': 400 };
  const node = await new Recorder((request, response) => {
    response.writeHead(answers[request.target] ?? 200, { 'Content-Length': 0 });
    response.end();
  }).start();
  t.after(() => node.stop());
  const service = await RunningService.start(t, conf('{level: debug, pretty: false}'), ['--to', `http://127.0.0.1:${node.port}`]);
  const mirror = new MirroredRequests(t, service.port('vxlan'));
  await mirror.connection([get('/ok')], [get('/static/x')]);
  await service.reaches('forward.delivered', 1);
  await service.stop();
  const lines = linesOf(service.said.stderr).filter(({ id }) => id !== undefined);
  const fates = new Map<unknown, unknown[]>();
  for (const line of lines) fates.set(line['id'], [...fates.get(line['id']) ?? [], ...pick(line, 'msg', 'end').filter((word) => word !== undefined)]);
  assert.deepEqual([...fates.values()], [['goes on', 'delivered', 'forward.delivered'], ['ends here', 'rules.filter_bypass']]);
  assert.match(String(lines.find(({ end }) => end === 'rules.filter_bypass')!['why']), /input_filters.bypass/);
});

test('debug tells of a delivery that failed', async (t) => {
  const service = await RunningService.start(t, conf('{level: debug, pretty: false}', '300ms'), ['--to', `http://127.0.0.1:${await freePort()}`]);
  await new MirroredRequests(t, service.port('vxlan')).connection([get('/lost')]);
  await service.reaches('forward.deadline', 1);
  await service.stop();
  const lines = linesOf(service.said.stderr).filter(({ id }) => id !== undefined);
  assert.deepEqual(lines.map((line) => pick(line, 'msg', 'end')), [['goes on', undefined], ['lost', 'forward.deadline']]);
  assert.equal(lines[0]!['id'], lines[1]!['id']);
});

test('what else a server may have read is told as a second reading, with the id of the first', async (t) => {
  const node = await new Recorder((_request, response) => response.end()).start();
  t.after(() => node.stop());
  const service = await RunningService.start(t, conf('{access_log: {enabled: true}, pretty: false}'), ['--to', `http://127.0.0.1:${node.port}`]);
  await new MirroredRequests(t, service.port('vxlan'))
    .connection(['POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nabc']);
  await service.reaches('http.second_readings', 1);
  await service.stop();
  const lines = linesOf(service.said.stderr).filter(({ target }) => target === '/p');
  assert.deepEqual(lines.map(({ reading }) => reading).sort(), [2, undefined], service.said.stderr);
  assert.equal(new Set(lines.map(({ id }) => id)).size, 1);
});

test('a client\'s bytes cannot steer the terminal that shows the log', async (t) => {
  const node = await new Recorder((_request, response) => response.end()).start();
  t.after(() => node.stop());
  const service = await RunningService.start(t, conf('{level: debug, access_log: {enabled: true}}'), ['--to', `http://127.0.0.1:${node.port}`]);
  await new MirroredRequests(t, service.port('vxlan')).connection([get('/\x1b]0;owned\x07\x9b31m')], [get('/end')]);
  await service.reaches('http.requests', 2);
  await service.stop();
  assert.match(service.said.stderr, /\/end/);
  assert.doesNotMatch(service.said.stderr.replaceAll(/\x1b\[\d+m/g, ''), /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  assert.match(service.said.stderr, /\\\\x1b\]0|\\x1b\]0/);
});

test('a full disk under the logs does not end the service', async (t) => {
  const node = await new Recorder((_request, response) => response.end()).start();
  t.after(() => node.stop());
  // The service's own log goes to a full disk too, so only health and counters speak.
  const port = await freePort();
  const [vxlan, health] = [await freePort(), await freePort()];
  const path = file(t, 'conf.yaml', conf('{level: debug, log_file: /dev/full, access_log: {enabled: true, log_file: /dev/full}}')
    .replace('metrics: {listen_address: "127.0.0.1:0"}', `metrics: {listen_address: "127.0.0.1:${port}"}`)
    .replace('health_check: {listen_address: "127.0.0.1:0"}', `health_check: {listen_address: "127.0.0.1:${health}"}`)
    .replace('127.0.0.1:0', `127.0.0.1:${vxlan}`));
  const child = spawn(process.execPath, ['rebuilder/rebuilder.js', 'run', '-c', path, '--to', `http://127.0.0.1:${node.port}`], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  while (!await fetch(`http://127.0.0.1:${health}/-/healthcheck`).then(({ ok }) => ok, () => false)) {
    assert.equal(child.exitCode, null);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const mirror = new MirroredRequests(t, vxlan);
  for (let i = 0; i < 20; i++) await mirror.connection([get(`/${i}`)]);
  await node.waitFor(() => node.requests.length === 20, '20th request');
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  assert.equal(code, 0);
});

test('a log file that cannot be opened is one sentence at the start', async (t) => {
  for (const [log, key] of [['{log_file: /dev/null/x}', 'log.log_file'], ['{access_log: {enabled: true, log_file: /dev/null/x}}', 'log.access_log.log_file']] as const) {
    const { status, stderr } = await rebuilder(['run', '-c', file(t, 'conf.yaml', conf(log)), '--to', 'http://127.0.0.1:9']);
    const lines = stderr.split('\n').filter((line) => line !== '' && !line.includes('WARN'));
    assert.deepEqual([status, lines.length], [2, 1], stderr);
    assert.ok(lines[0]!.startsWith(`rebuilder: ${key}: /dev/null/x cannot be written: `), stderr);
  }
});

test('with workers too, each line whole', async (t) => {
  const node = await new Recorder((_request, response) => response.end()).start();
  t.after(() => node.stop());
  const dir = folder(t);
  const service = await RunningService.start(t, conf(`{log_file: stderr, pretty: false, access_log: {enabled: true, log_file: ${dir}/access.log}}`)
    .replace('workers: 0', 'workers: 2'), ['--to', `http://127.0.0.1:${node.port}`]);
  const mirror = new MirroredRequests(t, service.port('vxlan'));
  for (let i = 0; i < 100; i++) await mirror.connection([get(`/${i}/${'long/'.repeat(i)}`)]);
  await service.reaches('forward.delivered', 100);
  assert.equal(await service.stop(), 0);
  assert.deepEqual(readdirSync(dir), ['access.log']);
  const text = readFileSync(join(dir, 'access.log'), 'utf8');
  assert.equal(linesOf(text).length, 100);
  assert.equal(text.split('\n').length, 101);
  assert.match(service.said.stderr, /"ledger":\{.*"forward.delivered":100/);
  assert.doesNotMatch(service.said.stderr, /dropped_line/);
});
