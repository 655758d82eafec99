// What we write, as the protocol's published Go code reads it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExchangeMessages } from '../../../rebuilder/forward/ext-proc/exchange-messages.ts';
import type { Request, Response } from '../../../rebuilder/http/message.ts';
import { Ledger, type CounterName } from '../../../rebuilder/ledger.ts';
import type { Envelope } from '../../../rebuilder/rules/envelope.ts';
import { nonZero, until } from '../dispatcher-fixture.ts';
import { buildRequest, ENDPOINTS, ENVELOPE } from '../request-builder.ts';
import { startNativeNodes } from './native-nodes-fixture.ts';
import { Processor, processorProgram, type HeaderList, type ReceivedExchange } from './processor.ts';

const ID = '0123456789abcdef0123456789abcdef';
const PLAIN: Envelope = { clientAddress: ENDPOINTS.clientAddress, proto: 'http', port: '40001', host: null, extra: [] };

function buildResponse(text: string, changes: Partial<Response> = {}): Response {
  const message = buildRequest(text);
  return { ...message, status: Number(/ (\d+)/.exec(text)![1]), reasonStart: 0, reasonEnd: 0, ...changes };
}

interface Case {
  readonly why: string;
  readonly request: string;
  readonly changes?: Partial<Request>;
  readonly response?: string;
  readonly envelope?: Partial<Envelope>;
  readonly bodyLimitBytes?: number;
  /** Without what each request gets: see `common`. */
  readonly sent: HeaderList;
  readonly body?: string;
  readonly trailers?: HeaderList;
  readonly received?: HeaderList;
  readonly responseBody?: string;
  readonly source?: string;
  readonly counts?: Partial<Record<CounterName, number>>;
}

const CASES: readonly Case[] = [
  {
    why: 'names are in lower case, their order, duplicates and empty values stay',
    request: 'GET /a?b=%00#c HTTP/1.1\r\nHost: A.Example:8080\r\nX-B: 2\r\nx-a: 1\r\nX-B: 3\r\nX-Empty:\r\n\r\n',
    sent: [[':authority', 'A.Example:8080'], [':path', '/a?b=%00#c'], [':method', 'GET'], ['x-b', '2'], ['x-a', '1'], ['x-b', '3'], ['x-empty', '']],
    counts: { 'ext_proc.name_case': 3, 'ext_proc.escaped_bytes': 0 },
  },
  {
    why: 'values keep bytes beyond ASCII',
    request: 'GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\nx: \xff\x80\ty\r\n\r\n',
    sent: [[':authority', 'a'], [':path', '/\xc3\xa4'], [':method', 'GET'], ['x', '\xff\x80\ty']],
  },
  {
    why: 'what no header can hold is written as %XX, a fold as its blanks',
    request: 'GE\x01T /a b\x7f HTTP/1.1\r\nHost: a\x00b\r\nx: one\r\n  two\rthree\r\n\r\n',
    changes: { irregular: ['control_in_header'] },
    sent: [[':authority', 'a%00b'], [':path', '/a%20b%7F'], [':method', 'GE%01T'], ['x', 'one  two%0Dthree']],
    counts: { 'ext_proc.escaped_bytes': 6 },
  },
  {
    why: 'a line that is no header is a value as a whole',
    request: 'GET / HTTP/1.1\r\nHost: a\r\nno colon here\r\n: no name\r\n\r\n',
    sent: [[':authority', 'a'], [':path', '/'], [':method', 'GET'], ['x-mirror-original-line', 'no colon here'], ['x-mirror-original-line', ': no name']],
    counts: { 'ext_proc.renamed_header': 2 },
  },
  {
    why: 'our own names cannot be forged; those that the node has rules for stay',
    request: 'GET / HTTP/1.1\r\nHost: a\r\nX-Mirror-Id: me\r\nx_mirror_vni: 9\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Request-ID: mine\r\n\r\n',
    sent: [[':authority', 'a'], [':path', '/'], [':method', 'GET'], ['x-mirror-original-x-mirror-id', 'me'], ['x-mirror-original-x_mirror_vni', '9'],
      ['x-forwarded-for', '6.6.6.6'], ['x-forwarded-proto', 'https'], ['x-request-id', 'mine']],
    counts: { 'ext_proc.renamed_header': 2 },
  },
  {
    why: 'framing with its usual words is left out, with any other it is renamed',
    request: 'POST / HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive\r\nTransfer-Encoding: Chunked\r\nExpect: 100-continue\r\nTE: trailers\r\nTrailer: x\r\n\r\n0\r\n\r\n',
    sent: [[':authority', 'a'], [':path', '/'], [':method', 'POST'], ['te', 'trailers'], ['trailer', 'x']],
    counts: { 'ext_proc.left_out_header': 3 },
  },
  {
    why: 'nothing hides in a hop-by-hop line',
    request: 'GET / HTTP/1.1\r\nHost: a\r\nConnection: x, ${jndi}\r\nUpgrade: h2c\r\nTransfer-Encoding: xchunked\r\nKeep-Alive: <script>\r\nTE: gzip\r\nExpect: x\r\n\r\n',
    changes: { framing: 'none' },
    sent: [[':authority', 'a'], [':path', '/'], [':method', 'GET'], ['x-mirror-original-connection', 'x, ${jndi}'], ['x-mirror-original-upgrade', 'h2c'],
      ['x-mirror-original-transfer-encoding', 'xchunked'], ['x-mirror-original-keep-alive', '<script>'], ['x-mirror-original-te', 'gzip'], ['x-mirror-original-expect', 'x']],
  },
  {
    why: 'a URL as target is an authority and a path, as for Envoy; the Host line goes on under another name',
    request: 'GET HTTP://b.example:81?q HTTP/1.1\r\nHost: a\r\n\r\n',
    sent: [[':authority', 'b.example:81'], [':path', '/?q'], [':method', 'GET'], ['x-mirror-original-host', 'a']],
  },
  {
    why: 'a target of no known form is the path',
    request: 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
    sent: [[':authority', 'a'], [':path', '*'], [':method', 'OPTIONS']],
  },
  {
    why: 'a second Host; without one, the server that was asked',
    request: 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    sent: [[':authority', 'a'], [':path', '/'], [':method', 'GET'], ['x-mirror-original-host', 'b']],
  },
  { why: 'HTTP/1.0 without Host', request: 'GET / HTTP/1.0\r\n\r\n', sent: [[':authority', '10.0.2.9:80'], [':path', '/'], [':method', 'GET']] },
  {
    why: 'what a trusted proxy said of the host, and a route of the request',
    request: 'GET / HTTP/1.1\r\nHost: internal\r\n\r\n',
    envelope: { host: 'shop.example', proto: 'https', clientAddress: '2001:db8::7', extra: [['X-Mirror-Application', '5']] },
    sent: [[':authority', 'shop.example'], [':path', '/'], [':method', 'GET'], ['x-mirror-original-host', 'internal']],
    source: '[2001:db8::7]:0',
  },
  {
    why: 'a body of known length, and the response with its own',
    request: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
    response: 'HTTP/1.1 201 Created\r\nDate: now\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nConnection: close\r\nContent-Length: 2\r\nX-Mirror-Complete: true\r\n\r\nok',
    sent: [[':authority', 'a'], [':path', '/'], [':method', 'POST'], ['content-length', '5']],
    body: 'hello',
    received: [[':status', '201'], ['date', 'now'], ['set-cookie', 'a'], ['set-cookie', 'b'], ['connection', 'close'], ['content-length', '2'], ['x-mirror-original-x-mirror-complete', 'true']],
    responseBody: 'ok',
  },
  {
    why: 'chunks are taken off, trailers go on, those with our names under others',
    request: 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 1\r\nX-Mirror-Id: 2\r\n\r\n',
    sent: [[':authority', 'a'], [':path', '/'], [':method', 'POST']],
    body: 'abcde',
    trailers: [['x-sum', '1'], ['x-mirror-original-x-mirror-id', '2']],
  },
  {
    why: 'a Content-Length that is not what is sent is renamed, and the true one said: a node may believe it',
    request: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhel',
    changes: { complete: false, lost: ['tcp.reassembly_gap'] },
    sent: [[':authority', 'a'], [':path', '/'], [':method', 'POST'], ['x-mirror-original-content-length', '9'], ['content-length', '3']],
    body: 'hel',
  },
  {
    why: 'Content-Length beside chunks frames nothing',
    request: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    sent: [[':authority', 'a'], [':path', '/'], [':method', 'POST'], ['x-mirror-original-content-length', '3']],
    body: 'abc',
  },
  {
    why: 'a body beyond the limit is cut and marked, each of the two by itself',
    request: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc',
    response: 'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nabcdefghijkl',
    bodyLimitBytes: 10,
    sent: [[':authority', 'a'], [':path', '/'], [':method', 'POST'], ['content-length', '3']],
    body: 'abc',
    received: [[':status', '200'], ['content-length', '12'], ['x-mirror-complete', 'false']],
    responseBody: 'abcdefghij',
    counts: { 'ext_proc.body_limit': 1 },
  },
  {
    why: 'a large body comes in pieces that a gRPC server takes',
    request: `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n${'0123456789'.repeat(500_000)}`,
    bodyLimitBytes: 10_000_000,
    sent: [[':authority', 'a'], [':path', '/'], [':method', 'PUT'], ['content-length', '5000000']],
    body: '0123456789'.repeat(500_000),
  },
  {
    why: 'a second delivery says so, and so does another reading',
    request: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    changes: { correction: true, reading: 2, isFound: true },
    sent: [[':authority', 'a'], [':path', '/'], [':method', 'GET']],
  },
];

/** What every request gets besides: the names it did not send, and ours. */
function common(
  { request, envelope = {}, changes = {}, bodyLimitBytes = 1 << 20 }: Case, requestId: string,
): { before: HeaderList; after: HeaderList } {
  const { proto, extra } = { ...PLAIN, ...envelope };
  const isWhole = changes.complete !== false && request.length < bodyLimitBytes + 200;
  return {
    before: [[':scheme', proto]],
    after: [
      ...(/\r\nx-forwarded-proto:/i.test(request) ? [] : [['x-forwarded-proto', proto] as const]),
      ...(/\r\nx-request-id:/i.test(request) ? [] : [['x-request-id', requestId] as const]),
      ['x-mirror-id', ID], ['x-mirror-vni', '1377'], ['x-mirror-complete', String(isWhole)],
      ...(changes.correction === true ? [['x-mirror-correction', 'true'] as const] : []),
      ...(changes.reading === 2 ? [['x-mirror-reading', '2'] as const] : []),
      ...(changes.isFound === true ? [['x-mirror-found', 'true'] as const] : []),
      ...extra.map(([name, value]) => [name.toLowerCase(), value] as const),
    ],
  };
}

for (const one of CASES) {
  test(one.why, async (t) => {
    const program = await processorProgram(t);
    if (program === undefined) return;
    const processor = await Processor.start(t, program);
    const { nodes, ledger } = startNativeNodes(t, {
      endpoint: `http://127.0.0.1:${processor.port}`, queueBytes: 64 << 20, bodyLimitBytes: one.bodyLimitBytes ?? 1 << 20,
    });
    const response = one.response === undefined ? null : buildResponse(one.response);
    const request = buildRequest(one.request, { id: ID, timeMs: 1_700_000_000_123.456, response, ...one.changes });
    nodes.submit(request, { ...PLAIN, ...one.envelope });
    await until('the stream', () => processor.streams.length === 1);
    assert.equal(processor.streams[0]!.end, 'EOF');
    const exchange = processor.exchanges[0]!;
    const { 'request.id': requestId, ...others } = exchange.attributes['envoy.filters.http.ext_proc']!;
    assert.match(requestId!, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.deepEqual(others, { 'request.time': '2023-11-14T22:13:20.123456+00:00', 'source.address': one.source ?? '192.0.2.7:40001' });
    assert.ok(exchange.modes.every((mode) => mode === '[true,{},null,false]'), 'observability_mode and an empty metadata_context in each');
    const { before, after } = common(one, requestId!);
    assert.deepEqual(exchange.request.headers, [...one.sent.slice(0, 3), ...before, ...one.sent.slice(3), ...after]);
    assert.ok(exchange.request.body === (one.body ?? ''), 'the body');
    assert.deepEqual(exchange.request.trailers, one.trailers ?? []);
    assert.deepEqual(exchange.response?.headers, one.received);
    assert.equal(exchange.response?.body, one.responseBody);
    for (const [counter, count] of Object.entries(one.counts ?? {})) assert.equal(ledger.get(counter as CounterName), count, `${counter} of ${nonZero(ledger)}`);
    await until('the end', () => nodes.inFlight() === 0);
    const isIncomplete = [...exchange.request.headers, ...exchange.response?.headers ?? []].some(([name, value]) => name === 'x-mirror-complete' && value === 'false');
    assert.equal(ledger.get(isIncomplete ? 'ext_proc.delivered_incomplete' : 'ext_proc.delivered'), 1, nonZero(ledger));
  });
}

/** The order and the ends that Envoy gives its messages (see envoy.test.ts). */
const ENDS: readonly (readonly [string, string, string | null, readonly string[], readonly (ReceivedExchange['request']['endOfStream'] | undefined)[]])[] = [
  ['neither has a body', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'HTTP/1.1 204 No Content\r\n\r\n', ['requestHeaders', 'responseHeaders'], ['headers', 'headers']],
  ['both have one', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb',
    ['requestHeaders', 'requestBody', 'responseHeaders', 'responseBody'], ['body', 'body']],
  ['chunked and empty', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', null, ['requestHeaders', 'requestBody'], ['body', undefined]],
  ['trailers end it', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nx: y\r\n\r\n', null, ['requestHeaders', 'requestTrailers'], ['none', undefined]],
];

for (const [why, request, response, order, endOfStream] of ENDS) {
  test(`the end of a message: ${why}`, async (t) => {
    const program = await processorProgram(t);
    if (program === undefined) return;
    const processor = await Processor.start(t, program);
    const { nodes } = startNativeNodes(t, { endpoint: `http://127.0.0.1:${processor.port}` });
    nodes.submit(buildRequest(request, { response: response === null ? null : buildResponse(response) }), ENVELOPE);
    await until('the stream', () => processor.streams.length === 1);
    const exchange = processor.exchanges[0]!;
    assert.deepEqual(exchange.order, order);
    assert.deepEqual([exchange.request.endOfStream, exchange.response?.endOfStream], endOfStream);
  });
}

test('what would be larger than the caller allows is not written', () => {
  const messages = new ExchangeMessages(1 << 20, new Ledger());
  const request = buildRequest(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(100_000)}`);
  assert.equal(messages.encode(request, ENVELOPE, 100_000), null);
  assert.equal(messages.encode(request, ENVELOPE, 200_000)?.complete, true);
});

test('no bytes of the network make it throw, nor write beyond the room it has counted', () => {
  const messages = new ExchangeMessages(100_000, new Ledger());
  let state = 7;
  const random = (n: number): number => (state = Math.imul(state, 1_103_515_245) + 12_345 & 0x7fffffff) % n;
  for (let round = 0; round < 3000; round++) {
    const junk = String.fromCharCode(
      ...Array.from({ length: random(300) }, () => (random(4) === 0 ? [13, 10, 0, 58, 32][random(5)]! : random(256))),
    );
    const text = `${['GET', 'P\x00', ''][random(3)]} ${['/', 'http://', 'http://a', '*', ''][random(5)]}${junk.replaceAll('\n', ' ')} HTTP/1.1\r\n${junk}\r\n\r\n${junk.repeat(random(3))}`;
    const request = buildRequest(text, { framing: (['none', 'length', 'chunked'] as const)[random(3)]!, complete: random(2) === 0 });
    const encoded = messages.encode({ ...request, response: random(2) === 0 ? null : buildResponse(`HTTP/1.1 200 OK\r\n${junk}\r\n\r\n`) }, ENVELOPE, 10_000_000);
    let at = 0;
    while (at < encoded!.bytes.length) {
      assert.equal(encoded!.bytes[at], 0);
      at += 5 + encoded!.bytes.readUInt32BE(at + 1);
    }
    assert.equal(at, encoded!.bytes.length, 'whole messages');
  }
});
