// Whatever a client or a server sends, no payload and no secret shows in what the service and the commands say about
// it.
import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { pcapFile } from './capture-files.ts';
import { ANY_PORTS, RunningService, file, folder, rebuilder } from './command-line.ts';
import { FrameFlag } from '../rebuilder/http2/frame.ts';
import { tcpFrame } from './frames.ts';
import { BEGIN, data, headers } from './http2/http2-frames.ts';
import { MirroredRequests } from './mirrored-requests.ts';

/** In each place of its own, so that a leak says where it comes from. */
const secret = (place: string): string => `s3cr3t-${place}`;
const ANY_SECRET = /s3cr3t-[a-z0-9-]*/g;
/** Base64 of the same, at each of the three alignments. */
const ENCODED = ['', 'x', 'xx'].map((pad) => Buffer.from(`${pad}s3cr3t-`).toString('base64').slice(4, 8));

const request = (line: string, headers: readonly string[] = [], body = ''): string =>
  [line, 'Host: shop.example', ...headers, ...(body === '' ? [] : [`Content-Length: ${body.length}`]), '', body].join('\r\n');
const answer = (headers: readonly string[], body: string): string =>
  ['HTTP/1.1 200 OK', ...headers, `Content-Length: ${body.length}`, '', body].join('\r\n');

const ANSWER = answer([`Set-Cookie: id=${secret('set-cookie')}`, `X-Token: ${secret('response-header')}`], `{"token":"${secret('response-body')}"}`);

/** Cookies in crumbs, fields that are never indexed, and trailers (RFC 9113, sections 8.1 and 8.2.3). */
const HTTP2 = Buffer.concat([
  BEGIN,
  headers(1, [
    [':method', 'POST'], [':scheme', 'http'], [':authority', `user:${secret('h2-authority')}@shop.example`], [':path', `/visible/15?token=${secret('h2-query')}`],
    ['cookie', `a=${secret('h2-crumb')}`], ['cookie', `b=${secret('h2-second-crumb')}`], ['authorization', `Basic ${secret('h2-authorization')}`], ['trailer', 'x-sum'],
  ], FrameFlag.endHeaders),
  data(1, `{"password":"${secret('h2-body')}"}`, 0),
  headers(1, [['x-sum', secret('h2-trailer')]], FrameFlag.endHeaders | FrameFlag.endStream),
]);

/** Each on a connection of its own. All have a path that begins with /visible, as proof that something was written. */
const CORPUS: readonly (readonly [request: string, answer?: string])[] = [
  [request('GET /visible/1 HTTP/1.1', [`Authorization: Bearer ${secret('authorization')}`, `Cookie: sid=${secret('cookie')}`, `X-Api-Key: ${secret('api-key')}`]), ANSWER],
  [request(`GET /visible/2?token=${secret('query')}&${secret('bare-query')}&a=b;c=${secret('semicolon')} HTTP/1.1`), ANSWER],
  [request(`GET http://user:${secret('userinfo')}@shop.example/visible/3 HTTP/1.1`), ANSWER],
  [request(`GET /visible/4;jsessionid=${secret('path-parameter')}#${secret('fragment')} HTTP/1.1`), ANSWER],
  [request('POST /visible/5 HTTP/1.1', ['Content-Type: application/json'], `{"password":"${secret('body')}"}`), ANSWER],
  [`POST /visible/6 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;${secret('chunk-extension')}\r\nhello\r\n0\r\nX: ${secret('trailer')}\r\n\r\n`],
  [`GET /visible/7?q=${secret('http09')}\r\n`],
  [`GET  /visible/8?q=${secret('irregular')}  HTTP/1.1\nHost : a\n folded ${secret('folded')}\n\n`],
  [`POST /visible/9 HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n${secret('incomplete')}`],
  [`GET /visible/10 HTTP/1.1\r\nHost: a\r\n${secret('no-colon')}\r\n${secret('in-a-name')}: x\r\n\r\n`],
  [`GET /visible/11?a=1?${secret('second-question-mark')}=2 HTTP/1.1\r\nHost: user:${secret('host')}@shop.example\r\n\r\n`],
  [`${secret('no-http')} ${secret('at-all')}\r\n\r\n`],
  [`GET /visible/12 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n${secret('tunnel')}`],
  [`GET /static/13?token=${secret('filtered')} HTTP/1.1\r\nHost: a\r\n\r\n`],
  [`GET /visible/14 HTTP/1.1\r\nHost: a\r\nX-Mirror-Loop: ${secret('forged-loop')}\r\nX-Forwarded-For: ${secret('forged-address')}\r\n\r\n`],
  [HTTP2.toString('latin1')],
  [request('POST /visible/16 HTTP/1.1', ['Content-Type: multipart/form-data; boundary=b'],
    `--b\r\nContent-Disposition: form-data; name="${secret('multipart-name')}"; filename="${secret('multipart-file')}"\r\n\r\nx\r\n--b--\r\n`)],
  [request(`CONNECT user:${secret('connect')}@shop.example:443/visible/17 HTTP/1.1`)],
  [request(`GET /visible/18&token=${secret('ampersand')} HTTP/1.1`)],
  [request(`GET /visible/19%3Ftoken%3D${secret('encoded-query')} HTTP/1.1`)],
  [request(`GET /visible/20/https://user:${secret('nested-userinfo')}@shop.example/ HTTP/1.1`)],
  [request(`GET http:\\\\user:${secret('backslash')}@shop.example/visible/21 HTTP/1.1`)],
  [request(`GET /visible/22?Authorization:Bearer%20${secret('authorization-in-query')} HTTP/1.1`), `HTTP/1.1 200 ${secret('reason')}\r\nContent-Length: 0\r\n\r\n`],
  [`PROXY TCP4 ${secret('proxy-line')} 10.0.2.9 1 80\r\n${request('GET /visible/23 HTTP/1.1')}`],
];
/** The 12th is none. */
const REQUESTS = CORPUS.length - 1;

function assertSilent(what: string, text: string): void {
  assert.deepEqual([...new Set(text.match(ANY_SECRET))], [], what);
  for (const code of ENCODED) assert.ok(!text.includes(code), `${what}: base64 of a secret`);
}

/**
 * A detection node that answers with what it was sent: nothing of it may come back in an error. `healthy` answers as it
 * should.
 */
async function node(t: TestContext, healthy: boolean): Promise<string> {
  const server = createServer((socket) => {
    socket.on('data', (bytes: Buffer) => {
      if (!healthy) socket.end(bytes);
      else socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'.repeat(bytes.toString('latin1').match(/X-Mirror-Loop: /g)?.length ?? 1));
    });
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What a page that has just been opened is told. */
async function firstEvents(url: string): Promise<string> {
  const reader = (await fetch(url)).body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!/event: requests\ndata: .*\n\n/.test(text)) text += (await reader.read()).value ?? assert.fail(text);
  await reader.cancel();
  return text;
}

for (const [what, healthy, pretty, workers] of [['a healthy node', true, true, 0], ['a node that echoes', false, false, 2]] as const) {
  test(`run: logs, access log, metrics, status page and health say nothing of a payload (${what})`, { timeout: 120_000 }, async (t) => {
    const dir = folder(t);
    const key = file(t, 'loop.key', `${secret('loop-key')}-0123456789abcdef0123456789abcdef`);
    const service = await RunningService.start(t, `
mode: tcp-capture-v2
workers: ${workers}
tcp_stream: {from_vxlan: {listen_addr: "127.0.0.1:0"}, parse_responses: true, response_timeout: 200ms}
input_filters: {bypass: [{path: ^/static/}]}
health_checks: [{target: /health, headers: ["Host: {server}", "X-Key: ${secret('health-check')}"]}]
forward: {loop_key_file: ${key}, attempts: 1, deadline: 2s, drain_timeout: 2s, redact: {headers: [X-Api-Key], query: [token]}}
limits: {stall_timeout: 200ms}
log: {level: debug, pretty: ${pretty}, access_log: {enabled: true, log_file: ${dir}/access.log}}
${ANY_PORTS}`, ['--to', await node(t, healthy)]);
    const mirror = new MirroredRequests(t, service.port('vxlan'));
    for (const one of CORPUS) await mirror.connection(one);
    await service.reaches('http.requests', REQUESTS);
    await service.reaches('rules.filter_bypass', 1);
    const pages = [await service.metrics(), await (await fetch(`${service.statusUrl}/`)).text(), await (await fetch(`${service.statusUrl}/nothing?${'x'}`)).text()];
    await new Promise((resolve) => setTimeout(resolve, 500));
    // Two seconds: each worker tells once in one.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const get = async (path: string): Promise<string> => (await fetch(`${service.statusUrl}${path}`)).text();
    const state = await get('/status.json');
    pages.push(state, await get('/configuration'), await firstEvents(`${service.statusUrl}/events`));
    const { requests } = JSON.parse(state) as { requests: { key: string; target: string }[] };
    assert.equal(requests.filter(({ target }) => /\/visible\/|\/static\//.test(target)).length, REQUESTS);
    for (const { key, target } of requests) {
      // Names of headers are what a page of heads is for; all else in a head is a value.
      pages.push((await get(`/request?key=${key}`)).replaceAll(target.startsWith('/visible/10') ? secret('in-a-name') : '\0', ''));
    }
    assert.equal(await service.stop(), 0, service.said.stderr);
    assert.deepEqual(readdirSync(dir), ['access.log']);
    const access = readFileSync(join(dir, 'access.log'), 'utf8');
    assert.equal(access.match(/\/visible\//g)!.length, REQUESTS - 1);
    assert.equal(access.match(/\/static\/13\?token=\*/g)!.length, 1);
    assert.match(service.said.stderr, /\/visible\/1\b/, 'debug tells of them');
    assertSilent('the log', service.said.stderr + service.said.stdout);
    assertSilent('the access log', access);
    for (const page of pages) assertSilent('a page', page);
  });
}

test('replay says nothing of a payload beside its output, and nothing in it that is redacted', async (t) => {
  const frames = CORPUS.map(([bytes], i) => ({ bytes: tcpFrame(`10.0.1.7:${42_000 + i}`, '10.0.2.9:80', { seq: 1 }, bytes), timeMs: 1_700_000_000_000 + i }));
  const whole = file(t, 'whole.pcap', pcapFile(frames));
  const cut = file(t, 'cut.pcap', pcapFile(frames).subarray(0, -7));
  const conf = file(t, 'conf.yaml', 'forward: {redact: {headers: [Authorization, Cookie, X-Api-Key, X], query: [token]}, attempts: 1, deadline: 500ms}\n');
  const places = (text: string): string[] => [...new Set(text.match(ANY_SECRET))];
  for (const name of [whole, cut]) {
    for (const format of ['jsonl', 'http', 'har']) {
      const plain = await rebuilder(['replay', '--format', format, name]);
      assertSilent(`replay --format ${format}`, plain.stderr);
      assert.ok(places(plain.stdout).includes(secret('cookie')), 'the output is the payload');
      const redacted = await rebuilder(['replay', '-c', conf, '--format', format, name]);
      assertSilent(`replay --format ${format} -c`, redacted.stderr);
      const left = places(redacted.stdout);
      assert.deepEqual(left.filter((one) => [secret('authorization'), secret('cookie'), secret('api-key'), secret('query'), secret('trailer')].includes(one)), []);
      assert.ok(left.includes(secret('bare-query')));
    }
  }
  const delivered = await rebuilder(['replay', '-c', conf, whole, '--to', await node(t, false)]);
  assert.equal(delivered.status, 1);
  assert.match(delivered.stderr, /were not delivered/);
  assertSilent('replay --to', delivered.stderr + delivered.stdout);
});

/** Each holds a secret that is a body in one reading, and stands before or in another request line in the next. */
const READ_TWICE: readonly string[] = [
  ...[`{"q":"union ${secret('json-in-line')}"}`, `{"q":"${secret('json-in-method')}"}`, `q=${secret('form-in-method')}`, `q=a ${secret('form-in-target')} b`]
    .map((body) => `POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: +${body.length}\r\n\r\n${body}${request('GET /next HTTP/1.1')}`),
  ...[`0\r\n\r\nq=${secret('form-behind-chunks')}`].map((body) =>
    `POST /first HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: ${body.length}\r\n\r\n${body}${request('GET /next HTTP/1.1')}`),
];

test('a body that another reading takes for a request line: no log and no page has it, and no reading what is redacted', { timeout: 120_000 }, async (t) => {
  const access = join(folder(t), 'access.log');
  const service = await RunningService.start(t, `
mode: tcp-capture-v2
workers: 0
tcp_stream: {from_vxlan: {listen_addr: "127.0.0.1:0"}}
forward: {attempts: 1, deadline: 2s, drain_timeout: 2s}
limits: {stall_timeout: 200ms}
log: {level: debug, access_log: {enabled: true, log_file: ${access}}}
${ANY_PORTS}`, ['--to', await node(t, true)]);
  const mirror = new MirroredRequests(t, service.port('vxlan'));
  for (const one of READ_TWICE) await mirror.connection([one]);
  await service.reaches('http.second_readings', READ_TWICE.length);
  await service.reaches('http.requests', 3 * READ_TWICE.length);
  const { requests } = await (await fetch(`${service.statusUrl}/status.json`)).json() as { requests: { key: string; method: string }[] };
  const pages = await Promise.all(requests.map(async ({ key }) => (await fetch(`${service.statusUrl}/request?key=${key}`)).text()));
  assert.equal(await service.stop(), 0, service.said.stderr);
  assert.ok(requests.some(({ method }) => method === '***'));
  assertSilent('the page', JSON.stringify(requests) + pages.join(''));
  assertSilent('the log', service.said.stderr);
  const lines = readFileSync(access, 'utf8');
  assert.match(lines, /"method":"\*\*\*","target":"\*\*\*"/);
  assertSilent('the access log', lines);

  const capture = file(t, 'twice.pcap', pcapFile(READ_TWICE.map((bytes, i) => ({ bytes: tcpFrame(`10.0.1.7:${42_000 + i}`, '10.0.2.9:80', { seq: 1 }, bytes), timeMs: 1_700_000_000_000 + i }))));
  const conf = file(t, 'conf.yaml', 'forward: {redact: {body: [q]}}\n');
  for (const format of ['jsonl', 'http', 'har']) {
    const plain = await rebuilder(['replay', '--format', format, capture]);
    assert.match(plain.stdout, ANY_SECRET);
    const { stdout, stderr } = await rebuilder(['replay', '-c', conf, '--format', format, capture]);
    assertSilent(`replay --format ${format} -c`, stdout + stderr);
    for (const { request: { body } } of format === 'jsonl' ? stdout.trim().split('\n').map((line) => JSON.parse(line) as { request: { body: string } }) : []) assertSilent('a body', Buffer.from(body, 'base64').toString('latin1'));
  }
});

test('check does not repeat the values of a configuration without mistakes', async (t) => {
  const conf = file(t, 'conf.yaml', `health_checks: [{target: /h, headers: ["X-Key: ${secret('health-check')}"]}]\nforward: {endpoint: "http://n:1", redact: {query: [token]}}\n`);
  const { status, stdout, stderr } = await rebuilder(['check', '-c', conf]);
  assert.equal(status, 0);
  assertSilent('check', stdout + stderr);
});
