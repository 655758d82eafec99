// The proof that a native node cannot tell us from Envoy: the same traffic once through a real Envoy with the filter
// that the vendor documents (wallarm/product-documentation, installation/connectors/istio.md, "Asynchronous"), and once
// as mirrored packets through the service. Both of the service's deliveries are on, and both balance.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Agent, createServer, request as ask, type RequestOptions } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server, type IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { SoftwareMirror } from '../../../rebuilder/demo/software-mirror.ts';
import { ANY_PORTS, RunningService, file, folder, ledgerOf } from '../../command-line.ts';
import { startProgram } from '../../http-mirror/program.ts';
import { freePort } from '../../free-port.ts';
import { Recorder } from '../../http-mirror/stand-ins.ts';
import { installed } from '../../installed.ts';
import { envoyProgram } from './envoy-program.ts';
import { Processor, processorProgram, type HeaderList, type ReceivedExchange, type ReceivedMessage } from './processor.ts';

const HOST = 'shop.example';
const ATTRIBUTES = 'envoy.filters.http.ext_proc';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly pieces: readonly string[];
}

/** The path says what is wanted; the same bytes each time, whoever asks. */
function answer(url: string, body: string): Answer {
  const kind = /^\/(\w+)/.exec(url)?.[1];
  if (kind === 'empty') return { status: 204, headers: {}, pieces: [] };
  if (kind === 'unchanged') return { status: 304, headers: { etag: '"x"' }, pieces: [] };
  if (kind === 'missing') return { status: 404, headers: { 'content-length': 9 }, pieces: ['not found'] };
  if (kind === 'chunked') return { status: 200, headers: {}, pieces: [...Array.from({ length: 5 }, (_, i) => `${i}`.repeat(1 + i * 700)), body] };
  if (kind === 'large') return { status: 200, headers: { 'content-length': 240_000 }, pieces: ['large-'.repeat(40_000)] };
  return { status: 200, headers: { 'content-type': 'text/plain', 'content-length': 1024 + body.length }, pieces: ['r'.repeat(1024), body] };
}

const SAME = { 'date': 'Thu, 26 Nov 2026 08:00:00 GMT', 'set-cookie': ['a=1; Path=/', 'b=2'] };

async function listening(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** An application that speaks HTTP/1.1, and the same that speaks HTTP/2 in clear text. */
async function startApplications(t: TestContext): Promise<{ http1: number; http2: number }> {
  const plain = createServer({ keepAliveTimeout: 0 }, (incoming, response) => {
    let body = '';
    incoming.setEncoding('latin1').on('data', (piece: string) => { body += piece; }).on('end', () => {
      const { status, headers, pieces } = answer(incoming.url!, body);
      response.writeHead(status, { ...headers, ...SAME, 'X-Answer-To': incoming.url });
      for (const piece of pieces) if (piece !== '' && incoming.method !== 'HEAD') response.write(piece, 'latin1');
      response.end();
    });
  });
  t.after(() => plain.closeAllConnections());
  const http2 = createHttp2Server();
  http2.on('stream', (stream, received) => {
    let body = '';
    stream.on('error', () => undefined);
    stream.setEncoding('latin1').on('data', (piece: string) => { body += piece; }).on('end', () => {
      const { status, headers, pieces } = answer(received[':path']!, body);
      stream.respond({ ':status': status, ...headers, ...SAME, 'x-answer-to': received[':path']! }, { endStream: pieces.length === 0 });
      if (pieces.length > 0 && received[':method'] !== 'HEAD') stream.end(pieces.join(''), 'latin1');
    });
  });
  return { http1: await listening(t, plain), http2: await listening(t, http2) };
}

/** Where clients connect. */
interface Fronts { readonly http1: number; readonly http2: number }

const filter = (modes: string): string => `
- name: ext_proc
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor
    grpc_service: {envoy_grpc: {cluster_name: wallarm_cluster}}
    processing_mode: {request_body_mode: STREAMED, response_body_mode: STREAMED${modes}}
    request_attributes: ["request.id", "request.time", "source.address"]
    failure_mode_allow: true
    observability_mode: true
- name: router
  typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}`;

/** @param modes what is added to the vendor's processing_mode */
async function startEnvoy(t: TestContext, program: string, app: Fronts, processor: number, modes = ''): Promise<Fronts> {
  const fronts = { http1: await freePort(), http2: await freePort() };
  const indented = (text: string, by: number): string => text.replaceAll('\n', `\n${' '.repeat(by)}`);
  const listener = (name: 'http1' | 'http2'): string => `
  - name: ${name}
    address: {socket_address: {address: 127.0.0.1, port_value: ${fronts[name]}}}
    filter_chains:
    - filters:
      - name: manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ingress
          http_protocol_options: {enable_trailers: true}
          route_config:
            virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: "/"}, route: {cluster: ${name}}}]}]
          http_filters:${indented(filter(modes), 10)}`;
  const protocol = (kind: string): string => `
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {${kind}}`;
  const cluster = (name: string, port: number, kind: string): string => `
  - name: ${name}
    type: STATIC
    load_assignment: {cluster_name: ${name}, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}}}]}]}
    circuit_breakers: {thresholds: [{max_connections: 10000, max_pending_requests: 10000, max_requests: 10000}]}${protocol(kind)}`;
  const conf = join(folder(t), 'envoy.yaml');
  const http1 = 'http_protocol_options: {enable_trailers: true}';
  writeFileSync(conf, `static_resources:
  listeners:${listener('http1')}${listener('http2')}
  clusters:${cluster('http1', app.http1, http1)}${cluster('http2', app.http2, 'http2_protocol_options: {}')}
${cluster('wallarm_cluster', processor, 'http2_protocol_options: {}').slice(1)}
`);
  await startProgram(t, [program, '-c', conf, '--concurrency', '1', '--disable-hot-restart', '-l', 'error'], [fronts.http1, fronts.http2]);
  return fronts;
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => { said += chunk.toString(); });
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0, `${program}: ${said}`);
}

const CURL_KINDS = ['get', 'empty', 'unchanged', 'missing', 'chunked', 'large'];

/** One request of curl's, each with its own form, as lines of its configuration. */
function curlRequest(t: TestContext, port: number, name: string, i: number): string {
  const lines = [
    `url = "http://127.0.0.1:${port}/${CURL_KINDS[i % CURL_KINDS.length]}/${name}?id=${i}&x=%2e%2e/%00+a"`, 'output = "/dev/null"', 'silent',
    'show-error', 'path-as-is', `header = "Host: ${HOST}"`, `header = "X-Number: ${i}"`, 'header = "X-Twice: 1"', 'header = "X-TWICE: 2"',
  ];
  if (i % 7 === 1) lines.push('head');
  else if (i % 7 === 2) lines.push('data = "user=admin\' OR 1=1--&x=<script>"');
  else if (i % 7 === 3) lines.push('request = "PUT"', `data-binary = "@${file(t, 'body', 'b'.repeat(70_000))}"`, 'header = "Expect:"');
  else if (i % 7 === 4) lines.push('request = "DELETE"');
  else if (i % 7 === 5) {
    lines.push(`header = "X-Request-ID: client-${name}-${i}"`, 'header = "Cookie: c=1; d=2"', 'header = "X-Forwarded-Proto: http"');
  }
  return lines.join('\n');
}

/** 200 requests of curl on one connection. */
async function curl(t: TestContext, port: number): Promise<void> {
  const requests = Array.from({ length: 200 }, (_, i) => curlRequest(t, port, 'curl', i));
  await run('curl', ['--fail-early', '-K', file(t, 'requests.curl', requests.join('\nnext\n'))]);
}

/** 60 of curl over HTTP/2, a connection each: curl 7.88 cannot use one twice when it was opened by prior knowledge. */
async function curlHttp2(t: TestContext, port: number): Promise<void> {
  for (let i = 0; i < 60; i += 10) {
    await Promise.all(Array.from({ length: 10 }, (_, j) =>
      run('curl', ['--http2-prior-knowledge', '-K', file(t, 'request.curl', curlRequest(t, port, 'h2c', i + j))])));
  }
}

const WRK_SCRIPT = `
local count = 0
function init() wrk.headers["Host"] = "${HOST}" end
function delay() return 10 end
function request()
  count = count + 1
  return wrk.format("GET", "/get/wrk?id=" .. count)
end`;

/** Hundreds of requests of wrk, one thread, ids in their order. */
async function wrk(t: TestContext, port: number): Promise<void> {
  await run('wrk', ['-t', '1', '-c', '8', '-d', '3s', '-s', file(t, 'ids.lua', WRK_SCRIPT), `http://127.0.0.1:${port}`]);
}

/** 200 requests with chunked bodies in pieces of all sizes, each answered in chunks. */
async function chunked(port: number, trailers = false): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  await Promise.all(Array.from({ length: 200 }, (_, i) => new Promise<void>((resolve, reject) => {
    const options: RequestOptions = {
      agent, port, host: '127.0.0.1', method: 'POST', path: `/chunked/chunks?id=${i}`,
      headers: { 'Host': HOST, 'Transfer-Encoding': 'chunked', ...(trailers ? { Trailer: 'X-Sum' } : {}) },
    };
    const request = ask(options, (response) => response.on('end', resolve).on('error', reject).resume()).on('error', reject);
    for (let piece = 0; piece < i % 6; piece++) request.write(String(piece).repeat(1 + piece * i));
    if (trailers) request.addTrailers({ 'X-Sum': String(i) });
    request.end();
  })));
  agent.destroy();
}

/** 200 streams of one HTTP/2 connection, twenty at a time. */
async function http2(port: number): Promise<void> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  for (let round = 0; round < 10; round++) {
    await Promise.all(Array.from({ length: 20 }, async (_, i) => {
      const id = round * 20 + i;
      const isPost = i % 3 === 0;
      const stream = session.request({ ':method': isPost ? 'POST' : 'GET', ':authority': HOST, ':path': `/get/streams?id=${id}`, 'x-number': String(id) });
      stream.end(isPost ? 'p'.repeat(id * 10 + 1) : undefined);
      const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
      assert.equal(headers[':status'], 200);
      await once(stream.resume(), 'close');
    }));
  }
  session.close();
}

async function traffic(t: TestContext, fronts: Fronts): Promise<void> {
  await curl(t, fronts.http1);
  await curlHttp2(t, fronts.http2);
  await wrk(t, fronts.http1);
  await chunked(fronts.http1);
  await http2(fronts.http2);
}

/**
 * What is not compared, because it must differ (docs/forwarding.md, "Native nodes"): each is checked by itself below.
 */
const OURS = /^x-mirror-(id|vni|complete)$/;
const ENVOYS = /^x-envoy-/;

function comparable(message: ReceivedMessage, generatedId: string): ReceivedMessage {
  const kept = message.headers.filter(([name]) => !OURS.test(name) && !ENVOYS.test(name))
    .map(([name, value]) => (name === 'x-request-id' && value === generatedId && !value.startsWith('client-') ? [name, 'generated'] as const : [name, value] as const));
  // HTTP/2 lets a client order its pseudo headers as it likes; Envoy keeps that.
  const pseudo = kept.filter(([name]) => name.startsWith(':')).sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...message, headers: [...pseudo, ...kept.filter(([name]) => !name.startsWith(':'))] };
}

/** A message of HTTP/2 need not say its length; as it passes through HTTP/1.1 here, ours does, and truly. */
function withoutAddedLength(ours: ReceivedMessage, theirs: ReceivedMessage): ReceivedMessage {
  // That of an answer without a body (HEAD, 304) says the length of another: in HTTP/1.1 form it has a name of its own.
  if (valueOf(ours.headers, 'x-http2-content-length') !== undefined) {
    const others = ours.headers.filter(([name]) => name !== 'content-length');
    return { ...ours, headers: others.map(([name, value]) => [name.replace('x-http2-content-length', 'content-length'), value]) };
  }
  const length = valueOf(ours.headers, 'content-length');
  if (length === undefined || valueOf(theirs.headers, 'content-length') !== undefined) return ours;
  assert.equal(Number(length), ours.body.length);
  return { ...ours, headers: ours.headers.filter(([name]) => name !== 'content-length') };
}

/** Envoy puts the crumbs of an HTTP/2 cookie together behind all other headers, and we where the first was. */
const withCookieLast = (exchange: ReceivedExchange): ReceivedExchange => {
  const isCookie = ([name]: readonly [string, string]): boolean => name === 'cookie';
  const { headers } = exchange.request;
  return {
    ...exchange,
    request: {
      ...exchange.request,
      headers: [...headers.filter((one) => !isCookie(one)), ...headers.filter(isCookie)],
    },
  };
};

/** Both, in the form in which they can be compared: what HTTP/2 leaves open is not. */
function http2Alike(ours: ReceivedExchange, theirs: ReceivedExchange): [ReceivedExchange, ReceivedExchange] {
  return [
    withCookieLast({
      ...ours,
      request: withoutAddedLength(ours.request, theirs.request),
      response: withoutAddedLength(ours.response!, theirs.response!),
    }),
    withCookieLast(theirs),
  ];
}

const valueOf = (headers: HeaderList, name: string): string | undefined => headers.find(([one]) => one === name)?.[1];
const pathOf = ({ request }: ReceivedExchange): string => `${valueOf(request.headers, ':method')} ${valueOf(request.headers, ':path')}`;

/** Those with a response, by what was asked: wrk goes away with requests under way. */
function byPath(processor: Processor): ReadonlyMap<string, ReceivedExchange> {
  const all = processor.exchanges.filter(({ response }) => response !== null);
  return new Map(all.map((exchange) => [pathOf(exchange), exchange]));
}

function compared(exchange: ReceivedExchange): unknown {
  const { request, response, modes, order, attributes } = exchange;
  const id = attributes[ATTRIBUTES]!['request.id']!;
  return {
    request: comparable(request, id),
    response: response === null ? null : comparable(response, id),
    modes: [...new Set(modes)],
    order,
    names: Object.keys(attributes),
  };
}

/** Envoy leaves out zeros at the end. */
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?\+00:00$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function checkAttributes({ attributes, request }: ReceivedExchange, from: number, isOurs: boolean): void {
  const own = attributes[ATTRIBUTES]!;
  assert.deepEqual(Object.keys(own).sort(), ['request.id', 'request.time', 'source.address']);
  assert.match(own['source.address']!, /^127\.0\.0\.1:\d+$/);
  assert.match(own['request.time']!, RFC3339);
  const time = Date.parse(own['request.time']!);
  assert.ok(time > from - 1000 && time < Date.now() + 1000, own['request.time']);
  const sent = valueOf(request.headers, 'x-request-id')!;
  if (sent.startsWith('client-')) assert.equal(own['request.id'] === sent, !isOurs, 'a client chooses the id of an Envoy that stands behind another proxy; ours, never');
  else assert.equal(own['request.id'], sent);
  if (isOurs || !sent.startsWith('client-')) assert.match(own['request.id']!, UUID);
}

/** Waits until all those are there whose number is known, which is all but wrk's. */
async function settled(processor: Processor, expected: number): Promise<void> {
  for (const deadline = Date.now() + 60_000; ;) {
    const count = [...byPath(processor).keys()].filter((path) => !path.includes('/wrk?')).length;
    if (count >= expected) return;
    assert.ok(Date.now() < deadline, `${count} of ${expected} exchanges`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function startService(
  t: TestContext, processor: number, app: Fronts,
): Promise<{ service: RunningService; fronts: Fronts; recorder: Recorder }> {
  const recorder = await new Recorder((_request, response) => response.writeHead(200, { 'Content-Length': 0 }).end()).start();
  t.after(() => recorder.stop());
  const service = await RunningService.start(t, `
mode: tcp-capture-v2
workers: 0
tcp_stream: {from_vxlan: {listen_addr: "127.0.0.1:0"}, parse_responses: true}
forward: {ext_proc: {endpoint: "http://127.0.0.1:${processor}"}}
${ANY_PORTS}`, ['--to', `http://127.0.0.1:${recorder.port}`]);
  const rebuilder = { host: '127.0.0.1', port: service.port('vxlan') };
  const mirror = async (port: number): Promise<number> => {
    const one = await SoftwareMirror.start({ listen: { host: '127.0.0.1', port: 0 }, app: { host: '127.0.0.1', port }, rebuilder, vni: 1377 });
    t.after(() => one.stop());
    return one.port;
  };
  return { service, recorder, fronts: { http1: await mirror(app.http1), http2: await mirror(app.http2) } };
}

test('1,000 exchanges of curl, wrk, h2c and chunked bodies: Envoy\'s messages and ours are equal, and both deliveries balance', { timeout: 300_000 }, async (t) => {
  if (!installed(t, 'curl', 'wrk')) return;
  const program = await processorProgram(t);
  const envoy = program === undefined ? undefined : await envoyProgram(t);
  if (program === undefined || envoy === undefined) return;
  const app = await startApplications(t);
  const from = Date.now();

  const theirs = await Processor.start(t, program);
  await traffic(t, await startEnvoy(t, envoy, app, theirs.port));

  const ours = await Processor.start(t, program);
  const { service, fronts, recorder } = await startService(t, ours.port, app);
  await traffic(t, fronts);
  await settled(theirs, 660);
  await settled(ours, 660);
  const [envoys, rebuilt] = [byPath(theirs), byPath(ours)];
  const common = [...envoys.keys()].filter((path) => rebuilt.has(path));
  const counts = Object.fromEntries(['curl', 'h2c', 'wrk', 'chunks', 'streams'].map((name) => [name, common.filter((path) => path.includes(`/${name}?`)).length]));
  t.diagnostic(`${envoys.size} from Envoy, ${rebuilt.size} from the service, compared ${JSON.stringify(counts)}`);
  assert.ok(common.length >= 1000 && counts['wrk']! >= 300, JSON.stringify(counts));
  assert.deepEqual({ ...counts, wrk: 0 }, { curl: 200, h2c: 60, wrk: 0, chunks: 200, streams: 200 }, 'all of those of a known number');
  for (const path of common) {
    const pair: [ReceivedExchange, ReceivedExchange] = [rebuilt.get(path)!, envoys.get(path)!];
    const [own, its] = /\/(h2c|streams)\?/.test(path) ? http2Alike(...pair) : pair;
    assert.deepEqual(compared(own), compared(its), path);
    checkAttributes(its, from, false);
    checkAttributes(own, from, true);
  }

  assert.equal(await service.stop(), 0);
  const ledger = ledgerOf(service.said.stderr);
  t.diagnostic(JSON.stringify(ledger));
  assert.equal(ledger['capture.kernel_drops'] ?? 0, 0, 'the machine kept up');
  const requests = ledger['http.requests']!;
  assert.deepEqual([ledger['ext_proc.submitted'], ledger['ext_proc.delivered'], ledger['forward.submitted'], ledger['forward.delivered'], recorder.requests.length, ours.streams.length],
    [requests, requests, requests, requests, requests, requests], 'each request ends twice, once in each delivery');
});

test('trailers: equal to those of an Envoy that is told to send them', { timeout: 120_000 }, async (t) => {
  const program = await processorProgram(t);
  const envoy = program === undefined ? undefined : await envoyProgram(t);
  if (program === undefined || envoy === undefined) return;
  const app = await startApplications(t);
  const theirs = await Processor.start(t, program);
  await chunked((await startEnvoy(t, envoy, app, theirs.port, ', request_trailer_mode: SEND, response_trailer_mode: SEND')).http1, true);
  const ours = await Processor.start(t, program);
  const { fronts } = await startService(t, ours.port, app);
  await chunked(fronts.http1, true);
  await settled(theirs, 200);
  await settled(ours, 200);
  const rebuilt = byPath(ours);
  for (const [path, exchange] of byPath(theirs)) {
    assert.equal(exchange.request.trailers.length, 1);
    assert.deepEqual(compared(rebuilt.get(path)!), compared(exchange), path);
  }
});
