// The whole service between real programs: wrk asks nginx, a mirror copies both directions, and every answer must be
// found with its own question.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { SoftwareMirror } from '../../rebuilder/demo/software-mirror.ts';
import type { ExchangeJson } from '../../rebuilder/exchange/exchange-json.ts';
import { ANY_PORTS, RunningService, file, folder, ledgerOf } from '../command-line.ts';
import { startNginx } from '../http-mirror/nginx.ts';
import { freePort } from '../free-port.ts';
import { Recorder, values } from '../http-mirror/stand-ins.ts';
import { installed } from '../installed.ts';
import { MirroredRequests } from '../mirrored-requests.ts';

const SECRET = 'k3y-of-a-client';

/** Each request has an id of its own; `depth` of them are sent before the first answer is read. */
const SCRIPT = `
local threads = 0
function setup(thread) thread:set("number", threads); threads = threads + 1 end
function init(args)
  round, depth, count = args[1], tonumber(args[2]), 0
  wrk.headers["X-Api-Key"] = "${SECRET}"
end
function request()
  local all = {}
  for i = 1, depth do
    count = count + 1
    all[i] = wrk.format("GET", "/echo?id=" .. round .. "-" .. number .. "-" .. count)
  end
  return table.concat(all)
end`;

/** Exchanges of all files of a rotating one, the oldest first. */
function exchangesOf(path: string): ExchangeJson[] {
  const { dir, name } = { dir: join(path, '..'), name: path.split('/').at(-1)! };
  const age = (one: string): number => Number(one.slice(name.length + 1) || 0);
  return readdirSync(dir).filter((one) => one.startsWith(name)).sort((a, b) => age(b) - age(a))
    .flatMap((one) => readFileSync(join(dir, one), 'utf8').trimEnd().split('\n').filter(Boolean).map((line) => JSON.parse(line) as ExchangeJson));
}

async function wrk(script: string, port: number, round: number, depth: number, connections: number): Promise<void> {
  const child = spawn('wrk', ['-t', '2', '-c', String(connections), '-d', '2s', '-s', script, `http://127.0.0.1:${port}`, '--', String(round), String(depth)]);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { said += chunk.toString(); });
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0, said);
}

async function node(t: TestContext): Promise<Recorder> {
  const recorder = await new Recorder((_request, response) => {
    response.writeHead(200, { 'Content-Length': 0 });
    response.end();
  }).start();
  t.after(() => recorder.stop());
  return recorder;
}

for (const { what, depth, connections, workers } of [
  { what: 'keep-alive', depth: 1, connections: 32, workers: 0 },
  { what: 'pipelining of 8', depth: 8, connections: 8, workers: 2 },
]) {
  test(`wrk with ${what}: 20,000 exchanges, each response with its own request, in the file and at the node (workers: ${workers})`, { timeout: 300_000 }, async (t) => {
    if (!installed(t, 'wrk', 'nginx')) return;
    const app = await freePort();
    await startNginx(t, folder(t), `keepalive_requests 1000000000;
      server { listen 127.0.0.1:${app}; location / { return 200 "the answer to $arg_id"; } }`, [app]);
    const recorder = await node(t);
    const kept = join(folder(t), 'exchanges.jsonl');
    const service = await RunningService.start(t, `
mode: tcp-capture-v2
workers: ${workers}
tcp_stream: {from_vxlan: {listen_addr: "127.0.0.1:0"}, parse_responses: true}
forward: {redact: {headers: [X-Api-Key]}}
exchanges: {file: ${kept}, max_size: 1MiB, max_files: 1000}
${ANY_PORTS}`, ['--to', `http://127.0.0.1:${recorder.port}`]);
    const mirror = await SoftwareMirror.start({
      listen: { host: '127.0.0.1', port: 0 }, app: { host: '127.0.0.1', port: app }, rebuilder: { host: '127.0.0.1', port: service.port('vxlan') }, vni: 7,
    });
    t.after(() => mirror.stop());
    const script = file(t, 'ids.lua', SCRIPT);
    let rounds = 0;
    // What is under way when wrk stops has no answer: there may be more requests than answers, not the other way round.
    while (await service.count('http.responses') < 20_000) await wrk(script, mirror.port, ++rounds, depth, connections);
    const code = await service.stop();
    assert.equal(code, 0);
    const ledger = ledgerOf(service.said.stderr);
    t.diagnostic(`${rounds} rounds, ledger ${JSON.stringify(ledger)}`);
    assert.equal(ledger['capture.kernel_drops'] ?? 0, 0, 'the machine kept up');

    const exchanges = exchangesOf(kept);
    assert.deepEqual([exchanges.length, ledger['exchanges.written'], ledger['forward.delivered'], recorder.requests.length],
      Array.from({ length: 4 }, () => ledger['http.requests']));
    const idOf = (target: string): string => target.replace('/echo?id=', '');
    const answered = exchanges.filter(({ response }) => response !== null);
    const wrong = answered.filter(({ request, response }) => {
      const body = Buffer.from(response!.body, 'base64').toString();
      return response!.status !== 200 || !response!.complete || body !== `the answer to ${idOf(request.target)}`;
    });
    assert.deepEqual(wrong.slice(0, 3), []);
    assert.ok(answered.length >= 20_000, `${answered.length} answered`);
    assert.ok(exchanges.length - answered.length <= rounds * connections * depth, `${exchanges.length - answered.length} without an answer`);
    assert.equal(new Set(exchanges.map(({ request }) => request.target)).size, exchanges.length, 'each once');

    const byId = new Map(exchanges.map((one) => [one.id, one]));
    for (const request of recorder.requests) {
      const exchange = byId.get(values(request, 'X-Mirror-Id').join());
      assert.equal(exchange?.request.target, request.target);
      const said = ['X-Response-Status', 'X-Response-Size'].map((name) => values(request, name).join());
      assert.deepEqual(said, exchange.response === null ? ['', ''] : ['200', String(`the answer to ${idOf(request.target)}`.length)]);
      if (exchange.response !== null) assert.match(values(request, 'X-Response-Time').join(), /^\d+\.\d{3}$/);
    }

    const files = readdirSync(join(kept, '..'));
    assert.ok(files.length > 2, 'it has rotated');
    for (const name of files) {
      const { size, mode } = statSync(join(kept, '..', name));
      assert.ok(size <= 1 << 20, `${name} has ${size} bytes`);
      assert.equal(mode & 0o777, 0o600);
      assert.ok(!readFileSync(join(kept, '..', name), 'utf8').includes(SECRET));
    }
    assert.deepEqual(exchanges[0]!.request.headers.find(([name]) => name === 'X-Api-Key'), ['X-Api-Key', '*'.repeat(SECRET.length)]);
  });
}

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: shop.example\r\n\r\n`;

for (const workers of [0, 2]) {
  test(`without a node the file is where requests end (workers: ${workers}); what exists is kept`, { timeout: 60_000 }, async (t) => {
    const kept = join(folder(t), 'exchanges.jsonl');
    writeFileSync(kept, '{"before":true}\n');
    const service = await RunningService.start(t, `
mode: tcp-capture-v2
workers: ${workers}
tcp_stream: {from_vxlan: {listen_addr: "127.0.0.1:0"}}
exchanges: {file: ${kept}}
${ANY_PORTS}`);
    const mirror = new MirroredRequests(t, service.port('vxlan'));
    for (let i = 0; i < 50; i++) await mirror.connection([get(`/${i}`)]);
    await service.reaches('http.exchanges', 50);
    // Workers tell ten times a second what they hold.
    const settled = (text: string): boolean => /^rebuilder_requests_in_flight 0$/m.test(text) && !/^rebuilder_imbalance.* [^0]\S*$/m.test(text);
    while (!settled(await service.metrics())) await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(await service.stop(), 0);
    const lines = readFileSync(kept, 'utf8').trimEnd().split('\n');
    assert.equal(lines[0], '{"before":true}');
    assert.deepEqual(lines.slice(1).map((line) => (JSON.parse(line) as ExchangeJson).request.target).sort(), Array.from({ length: 50 }, (_, i) => `/${i}`).sort());
  });

  test(`a disk that is full costs lines, not requests (workers: ${workers})`, async (t) => {
    const recorder = await node(t);
    const service = await RunningService.start(t, `
mode: tcp-capture-v2
workers: ${workers}
tcp_stream: {from_vxlan: {listen_addr: "127.0.0.1:0"}}
exchanges: {file: /dev/full}
${ANY_PORTS}`, ['--to', `http://127.0.0.1:${recorder.port}`]);
    const mirror = new MirroredRequests(t, service.port('vxlan'));
    for (let i = 0; i < 20; i++) await mirror.connection([get(`/${i}`)]);
    await service.reaches('exchanges.write_failed', 20);
    await service.reaches('forward.delivered', 20);
    assert.equal(await service.count('exchanges.lost_request'), 0);
    await service.stop();
    assert.equal(service.said.stderr.match(/cannot be written, requests are left out/g)!.length, 1, 'said once');
    assert.equal(recorder.requests.length, 20);
  });
}

test('a file that cannot be opened is one sentence at the start', async (t) => {
  const { rebuilder } = await import('../command-line.ts');
  const conf = file(t, 'conf.yaml', `workers: 0\ntcp_stream: {from_vxlan: {listen_addr: "127.0.0.1:0"}}\nexchanges: {file: /dev/null/x}\n${ANY_PORTS}`);
  const { status, stderr } = await rebuilder(['run', '-c', conf]);
  assert.deepEqual([status, stderr.trimEnd().split('\n').length], [2, 1], stderr);
  assert.match(stderr, /^rebuilder: exchanges.file: \/dev\/null\/x cannot be written: /);
});
