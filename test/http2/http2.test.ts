import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FrameFlag, FrameType } from '../../rebuilder/http2/frame.ts';
import { MAX_OPEN_STREAMS } from '../../rebuilder/http2/open-messages.ts';
import { REPLAY_LIMITS, REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { randomNumbers } from '../random-numbers.ts';
import { TcpStream } from '../tcp-stream.ts';
import { BEGIN, GET, POST, PREFACE, SETTINGS, block, data, frame, headers } from './http2-frames.ts';

type Fields = [string, string][];

const ONE_WAY = { parseResponses: false };

/** What came out of what a client sent, in one segment for each piece. */
function sent(...pieces: (Uint8Array | string)[]): TcpStream {
  const stream = new TcpStream(ONE_WAY).open();
  for (const piece of pieces) stream.send(piece);
  return stream;
}

function finished(stream: TcpStream): TcpStream {
  assert.deepEqual(stream.end(), [], 'ledger');
  assert.equal(stream.pipeline.gauges().memoryBytes, 0, 'all memory is given back');
  return stream;
}

const targets = (stream: TcpStream): string[] => stream.exchanges.map(({ request }) => `${request.method} ${request.target}`);

describe('the head of a request in HTTP/1.1', () => {
  const cases: {
    name: string;
    fields: Fields;
    method?: string;
    target?: string;
    headers: Fields;
    malformed?: boolean;
    irregular?: string;
  }[] = [
    { name: 'fields in their order, Host first', fields: [...GET, ['b', '1'], ['a', '2'], ['b', '3']], headers: [['Host', 'a.example'], ['b', '1'], ['a', '2'], ['b', '3']] },
    { name: 'the crumbs of a cookie', fields: [...GET, ['cookie', 'a=1'], ['x', 'y'], ['cookie', 'b=2']], headers: [['Host', 'a.example'], ['cookie', 'a=1; b=2'], ['x', 'y']] },
    { name: 'a host instead of :authority', fields: [...GET.slice(0, 3), ['x', 'y'], ['host', 'b']], headers: [['x', 'y'], ['host', 'b']] },
    { name: 'the same host twice', fields: [...GET, ['host', 'a.example']], headers: [['Host', 'a.example']] },
    { name: 'another host beside :authority', fields: [...GET, ['host', 'b']], headers: [['Host', 'a.example'], ['X-Http2-Host', 'b']], malformed: true },
    { name: 'TE: trailers', fields: [...GET, ['te', 'trailers']], headers: [['Host', 'a.example'], ['te', 'trailers']] },
    { name: 'a line break in a value', fields: [...GET, ['x', 'a\r\nInjected: b\0']], headers: [['Host', 'a.example'], ['x', 'a%0D%0AInjected: b%00']], malformed: true },
    { name: 'a line break in :authority', fields: [...GET.slice(0, 3), [':authority', 'a\r\n\r\nGET /']], headers: [['Host', 'a%0D%0A%0D%0AGET /']], malformed: true },
    { name: 'a line in a name', fields: [...GET, ['x: y\r\nz', '1']], headers: [['Host', 'a.example'], ['x%3A%20y%0D%0Az', '1']], malformed: true },
    { name: 'an empty name', fields: [...GET, ['', '1']], headers: [['Host', 'a.example'], ['%20', '1']], malformed: true },
    {
      name: 'a request in :path', fields: [[':method', 'GET'], [':scheme', 'http'], [':path', '/ HTTP/1.1\r\nX: y'], [':authority', 'a']],
      target: '/%20HTTP/1.1%0D%0AX:%20y', headers: [['Host', 'a']], malformed: true,
    },
    {
      name: 'a request in :method', fields: [[':method', 'GET / HTTP/1.1\r\nX: y'], [':scheme', 'http'], [':path', '/'], [':authority', 'a']],
      method: 'GET%20%2F%20HTTP%2F1.1%0D%0AX%3A%20y', target: '/', headers: [['Host', 'a']], malformed: true,
    },
    {
      name: 'a method longer than any, as in HTTP/1', fields: [[':method', 'M'.repeat(300)], [':scheme', 'http'], [':path', '/'], [':authority', 'a']],
      method: 'M'.repeat(300), target: '/', headers: [['Host', 'a']],
    },
    { name: 'an attack in :scheme', fields: [[':method', 'GET'], [':scheme', 'http://b/?'], [':path', '/a'], [':authority', 'a']], headers: [['Host', 'a'], ['X-Http2-Scheme', 'http://b/?']], malformed: true },
    { name: 'pseudo-headers twice, late, unknown', fields: [...GET, ['x', 'y'], [':path', '/b'], [':new', 'c']], headers: [['Host', 'a.example'], ['x', 'y'], ['X-Http2-path', '/b'], ['X-Http2-new', 'c']], malformed: true },
    { name: 'no :method', fields: GET.slice(1), headers: [['Host', 'a.example']], malformed: true },
    { name: 'no :path', fields: [GET[0]!, GET[1]!, GET[3]!], target: '/', headers: [['Host', 'a.example']], malformed: true },
    { name: 'nothing at all', fields: [], target: '/', headers: [], malformed: true, irregular: 'missing_host' },
    { name: 'CONNECT', fields: [[':method', 'CONNECT'], [':authority', 'a:443']], method: 'CONNECT', target: 'a:443', headers: [['Host', 'a:443']] },
    {
      name: 'WebSocket over HTTP/2 (RFC 8441)', fields: [[':method', 'CONNECT'], [':protocol', 'websocket'], [':scheme', 'http'], [':path', '/chat'], [':authority', 'a']],
      method: 'CONNECT', target: '/chat', headers: [['Host', 'a'], ['X-Http2-Protocol', 'websocket']],
    },
    { name: 'Transfer-Encoding frames nothing', fields: [...GET, ['transfer-encoding', 'chunked']], headers: [['Host', 'a.example'], ['X-Http2-Transfer-Encoding', 'chunked']], malformed: true },
    {
      name: 'in any case', fields: [...GET, ['Transfer-Encoding', 'chunked'], ['Content-Length', '7']],
      headers: [['Host', 'a.example'], ['X-Http2-Transfer-Encoding', 'chunked'], ['X-Http2-Content-Length', '7']], malformed: true,
    },
    { name: 'a Content-Length that is none', fields: [...GET, ['content-length', '+1']], headers: [['Host', 'a.example'], ['X-Http2-Content-Length', '+1']], malformed: true },
    { name: 'a Content-Length that is not true', fields: [...GET, ['content-length', '7'], ['x', 'y']], headers: [['Host', 'a.example'], ['Content-Length', '0'], ['X-Http2-Content-Length', '7'], ['x', 'y']], malformed: true },
    { name: 'fields of a connection', fields: [...GET, ['connection', 'close'], ['upgrade', 'x']], headers: [['Host', 'a.example'], ['connection', 'close'], ['upgrade', 'x']], malformed: true },
    { name: 'bytes beyond ASCII', fields: [...GET, ['x', '\xe9']], headers: [['Host', 'a.example'], ['x', '\xe9']], irregular: 'non_ascii' },
  ];
  for (const { name, fields, method = 'GET', target = '/a', headers: lines, malformed = false, irregular } of cases) {
    test(name, () => {
      const { exchanges } = finished(sent(BEGIN, headers(1, fields)));
      assert.equal(exchanges.length, 1);
      const { request } = exchanges[0]!;
      assert.deepEqual({ method: request.method, target: request.target, version: request.version, headers: request.headers }, { method, target, version: 'HTTP/2', headers: lines });
      assert.equal(request.irregular?.includes('http2_translated'), true);
      assert.equal(request.irregular?.includes('http2_malformed'), malformed);
      if (irregular !== undefined) assert.ok(request.irregular?.includes(irregular));
      assert.equal(request.complete, true);
    });
  }
});

describe('bodies', () => {
  const bodyOf = (stream: TcpStream, i = 0): string => Buffer.from(stream.exchanges[i]!.request.body, 'base64').toString('latin1');

  test('streams that take turns, with padding', () => {
    const padded = frame(FrameType.data, FrameFlag.padded, 1, Buffer.from('\x04one\0\0\0\0'));
    const stream = finished(sent(BEGIN, headers(1, POST, 0), headers(3, POST, 0), padded, data(3, 'three'), data(1, 'more')));
    assert.deepEqual([bodyOf(stream, 0), bodyOf(stream, 1)], ['three', 'onemore']);
    assert.deepEqual(stream.exchanges[1]!.request.headers, [['Host', 'a.example'], ['Content-Length', '7']]);
  });

  test('a padded head with a priority, in CONTINUATION frames of one byte', () => {
    const fields = block(POST);
    const payload = Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 16]), fields.subarray(0, 1), Buffer.alloc(3)]);
    const first = frame(FrameType.headers, FrameFlag.padded | FrameFlag.priority, 1, payload);
    const rest = Array.from(fields.subarray(1), (byte, i) => (
      frame(FrameType.continuation, i === fields.length - 2 ? FrameFlag.endHeaders : 0, 1, Buffer.from([byte]))));
    const stream = finished(sent(BEGIN, first, ...rest, data(1, 'x')));
    assert.deepEqual(targets(stream), ['POST /a']);
    assert.equal(bodyOf(stream), 'x');
  });

  test('a true Content-Length stays where it was', () => {
    const stream = finished(sent(BEGIN, headers(1, [...POST, ['content-length', '2'], ['x', 'y']], 0), data(1, 'ab')));
    assert.deepEqual(stream.exchanges[0]!.request.headers, [['Host', 'a.example'], ['content-length', '2'], ['x', 'y']]);
  });

  test('trailers follow a chunked body', () => {
    const stream = finished(sent(BEGIN, headers(1, [...POST, ['content-length', '2']], 0), data(1, 'ab', 0), headers(1, [['x-sum', '1'], [':path', '/b']])));
    const { request } = stream.exchanges[0]!;
    assert.deepEqual(request.headers, [['Host', 'a.example'], ['Transfer-Encoding', 'chunked']]);
    assert.deepEqual(request.trailers, [['x-sum', '1'], ['X-Http2-path', '/b']]);
    assert.equal(bodyOf(stream), 'ab');
  });

  test('a client that takes its request back: what there was of it', () => {
    const stream = finished(sent(BEGIN, headers(1, POST, 0), data(1, 'part', 0), frame(FrameType.rstStream, 0, 1, Buffer.alloc(4)), headers(3, GET)));
    assert.deepEqual(targets(stream), ['POST /a', 'GET /a']);
    assert.deepEqual(stream.exchanges[0]!.request.lost, ['http.message_cut']);
    assert.equal(bodyOf(stream), 'part');
  });

  test('the end of the connection', () => {
    const stream = finished(sent(BEGIN, headers(1, [...POST, ['content-length', '9']], 0), data(1, 'part', 0)));
    assert.deepEqual(stream.exchanges[0]!.request.lost, ['http.message_cut']);
    assert.equal(stream.exchanges[0]!.request.bodySize, 9);
  });

  test('a body beyond forward.body_limit is cut, its length is true', () => {
    const stream = new TcpStream({ ...ONE_WAY, bodyLimitBytes: 10 }).open();
    stream.send(BEGIN).send(headers(1, POST, 0)).send(data(1, 'x'.repeat(8), 0)).send(data(1, 'y'.repeat(8)));
    const { request } = finished(stream).exchanges[0]!;
    assert.equal(bodyOf(stream), 'xxxxxxxxyy');
    assert.deepEqual([request.bodySize, request.lost], [16, ['http.body_limit']]);
  });

  test('a request that nothing more comes of goes on as it is, and again when it is whole', () => {
    const stream = new TcpStream({ ...ONE_WAY, limits: { ...REPLAY_LIMITS, stallTimeoutMs: 1000 } }).open();
    stream.send(BEGIN).send(headers(1, POST, 0)).send(data(1, 'first', 0)).wait(2000);
    assert.deepEqual(stream.exchanges.map(({ request }) => request.lost), [['http.stalled']]);
    stream.send(data(1, ' second')).wait(2000);
    finished(stream);
    assert.equal(stream.exchanges.length, 2);
    assert.equal(stream.exchanges[1]!.request.correction, true);
    assert.equal(stream.exchanges[1]!.id, stream.exchanges[0]!.id);
    assert.equal(bodyOf(stream, 1), 'first second');
  });
});

test('a response without a body keeps the length that it says of what was left out', () => {
  const head: Fields = [[':method', 'HEAD'], ...GET.slice(1)];
  const stream = new TcpStream().open().send(Buffer.concat([BEGIN, headers(1, head), headers(3, GET)]));
  const length: Fields = [['content-length', '5']];
  stream.answer(Buffer.concat([SETTINGS, headers(1, [[':status', '200'], ...length]), headers(3, [[':status', '304'], ...length])]));
  const responses = finished(stream).exchanges
    .map(({ response }) => [response?.status, response?.headers, response?.bodySize, response?.complete]);
  assert.deepEqual(responses, [
    [200, [['content-length', '5']], 0, true], [304, [['content-length', '5']], 0, true],
  ]);
});

describe('when HTTP/2 is believed', () => {
  const attack = '\r\nGET /attack HTTP/1.1\r\nHost: a\r\n\r\n';
  const ask = 'GET /ask HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\n\r\n';

  test('the preface at the start of the stream, cut anywhere', () => {
    for (let at = 1; at < BEGIN.length; at++) {
      assert.deepEqual(targets(finished(sent(BEGIN.subarray(0, at), BEGIN.subarray(at), headers(1, GET)))), ['GET /a']);
    }
  });

  test('what only begins like the preface is HTTP/1', () => {
    for (let length = 1; length < PREFACE.length; length++) {
      const begun = PREFACE.subarray(0, length).toString();
      for (const cut of [length, Math.ceil(length / 2)]) {
        const stream = finished(sent(begun.slice(0, cut), `${begun.slice(cut)}\r\n\r\n${attack}`));
        assert.ok(targets(stream).includes('GET /attack'), begun);
      }
    }
    for (const method of ['POST', 'PUT', 'PRI', 'PRIX']) {
      for (const cut of [1, 2, 3]) {
        const stream = finished(sent(method.slice(0, cut), `${method.slice(cut)} /a HTTP/1.1\r\nHost: a\r\n\r\n`));
        assert.deepEqual(targets(stream), [`${method} /a`]);
      }
    }
  });

  test('a hole or the end within the preface', () => {
    const stream = new TcpStream(ONE_WAY).open().send('PRI ').send(attack, { at: 10 });
    assert.deepEqual(targets(finished(stream)), ['GET /attack']);
    assert.equal(finished(sent('PRI * H')).ledger.get('http.http2_flow'), 0);
  });

  test('not in the middle of a connection', () => {
    const stream = new TcpStream(ONE_WAY).send(BEGIN).send(headers(1, GET)).send(attack).wait(1000);
    assert.deepEqual(targets(finished(stream)), ['GET /attack']);
    assert.equal(stream.ledger.get('http.requests'), 1);
  });

  test('where a request of HTTP/1 may stand, cut anywhere: Go\'s x/net and Jetty take it there', () => {
    const all = Buffer.concat([Buffer.from(attack), BEGIN, headers(1, GET), Buffer.from(attack)]);
    for (let at = attack.length - 1; at <= attack.length + BEGIN.length; at++) {
      const stream = finished(sent(all.subarray(0, at), all.subarray(at)));
      assert.deepEqual(targets(stream), ['GET /attack', 'GET /a', 'GET /attack'], `cut at ${at}`);
    }
    assert.deepEqual(targets(finished(sent(attack, 'P', 'OST /b HTTP/1.1\r\nHost: a\r\n\r\n'))), ['GET /attack', 'POST /b']);
  });

  test('with header lines in its head, cut anywhere: x/net takes it', () => {
    const begin = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\nHost: a\r\nX: y\r\n\r\nSM\r\n\r\n'), SETTINGS]);
    const all = Buffer.concat([begin, headers(1, GET), Buffer.from(attack)]);
    for (let at = 1; at <= begin.length; at++) {
      const stream = finished(sent(all.subarray(0, at), all.subarray(at)));
      assert.deepEqual(targets(stream), ['PRI *', 'GET /a', 'GET /attack'], `cut at ${at}`);
    }
    assert.deepEqual(targets(finished(sent('PRI * HTTP/2.0\r\nHost: a\r\n\r\nSM\r\n', attack))), ['PRI *', 'GET /attack']);
  });

  test('what some servers survive hides nothing behind it, which is marked as found', () => {
    const tooLong = (type: number, flags: number, streamId: number): Buffer => frame(type, flags | FrameFlag.padded, streamId, Buffer.from('\x09GET /'));
    const cases: readonly [string, Buffer, readonly string[]][] = [
      ['PRIORITY of no stream', frame(FrameType.priority, 0, 0, Buffer.from([0, 0, 0, 3, 1])), []],
      ['SETTINGS that are acknowledged and more', frame(FrameType.settings, FrameFlag.ack | 2, 0, Buffer.alloc(6)), []],
      ['PING of a stream', frame(FrameType.ping, 0, 1, Buffer.alloc(8)), []],
      ['RST_STREAM of 5 bytes', frame(FrameType.rstStream, 0, 1, Buffer.alloc(5)), []],
      ['HEADERS of no stream', frame(FrameType.headers, FrameFlag.endHeaders, 0, block(GET)), []],
      ['padding longer than DATA', Buffer.concat([headers(1, POST, 0), tooLong(FrameType.data, 0, 1)]), ['POST /a']],
      ['padding longer than HEADERS', tooLong(FrameType.headers, FrameFlag.endHeaders | FrameFlag.endStream, 1), ['GET /']],
      ['padding longer than HEADERS of a stream of the server\'s', tooLong(FrameType.headers, FrameFlag.endHeaders, 2), []],
    ];
    for (const [name, odd, before] of cases) {
      const stream = finished(sent(BEGIN, odd, headers(5, [...GET, ['x', 'y']])));
      assert.deepEqual(targets(stream).sort(), [...before, 'GET /a'].sort(), name);
      assert.ok(stream.exchanges.every(({ request }) => request.method === 'POST' || request.found === true), name);
    }
  });

  test('of HEADERS whose padding is too long nothing is decoded, nor of what continues them: Go goes on behind them', () => {
    const hpack = block([['x-in-table', '1']], true);
    const odd = [
      frame(FrameType.headers, FrameFlag.padded, 1, Buffer.from('\x08GET')),
      frame(FrameType.continuation, FrameFlag.endHeaders, 1, hpack),
    ];
    const before = frame(FrameType.headers, FrameFlag.endHeaders, 3, block([...POST, ['x-m', 'first']], true));
    const indexed = Buffer.from([0xbe, 0xbf, 0xc0, 0xc1, 0xc2]);
    const known = frame(FrameType.headers, FrameFlag.endHeaders | FrameFlag.endStream, 5, indexed);
    const stream = finished(sent(BEGIN, before, ...odd, known));
    const last = stream.exchanges.find(({ request }) => request.complete && request.method === 'POST')!;
    assert.deepEqual([last.request.target, last.request.headers], ['/a', [['Host', 'a.example'], ['x-m', 'first']]]);
  });

  test('of more data than its Content-Length says a request is told with as much, too: Apache and HAProxy serve that', () => {
    const bodies = (...pieces: Uint8Array[]): unknown[] => finished(sent(BEGIN, ...pieces)).exchanges
      .map(({ id, request }) => [Buffer.from(request.body, 'base64').toString(), request.complete, request.reading ?? 1, id]);
    const post = (length: string): Buffer => headers(1, [...POST, ['content-length', length]], 0);
    const { id } = finished(sent(BEGIN, post('4'), data(1, 'a=bc'))).exchanges[0]!;
    assert.deepEqual(bodies(post('4'), data(1, 'a=bc&d')), [['a=bc&d', true, 1, id], ['a=bc', true, 2, id]]);
    assert.deepEqual(bodies(post('4'), data(1, 'a=bc&d', 0), headers(1, [['x', 'y']])), [['a=bc&d', true, 1, id], ['a=bc', true, 2, id]]);
    assert.deepEqual(bodies(post('4'), data(1, 'a=bc&d', 0)), [['a=bc&d', false, 1, id], ['a=bc', true, 2, id]]);
    assert.deepEqual(bodies(post('0'), data(1, 'a')).map((one) => (one as string[])[0]), ['a', '']);
    assert.deepEqual(bodies(post('4'), data(1, 'a=b')), [['a=b', true, 1, id]]);
  });

  test('trailers of a stream that is over are no request', () => {
    const trailers = headers(1, [['x-t', 't']]);
    const stream = finished(sent(BEGIN, headers(1, GET), trailers, headers(3, POST, 0), data(3, 'body'), headers(3, [['x-t', 't']]), headers(5, GET)));
    assert.deepEqual(targets(stream), ['GET /a', 'POST /a', 'GET /a']);
    assert.deepEqual(targets(finished(sent(BEGIN, headers(1, [['x-t', 't']]), headers(3, GET)))), ['GET /', 'GET /a'], 'of a stream that was never open they are');
  });

  test('a request on a stream that has one already is another: Go serves it, if it has reset that one', () => {
    const stream = finished(sent(BEGIN, headers(1, POST, 0), headers(1, [...GET, ['x', 'y']])));
    assert.deepEqual(stream.exchanges.map(({ request }) => [request.method, request.complete]), [['POST', false], ['GET', true]]);
  });

  test('there, with the server\'s answers: the one to the request before it is not the one to the preface', () => {
    const stream = new TcpStream().open().send(Buffer.concat([Buffer.from(attack), BEGIN, headers(1, GET)]));
    stream.answer('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok').answer(SETTINGS).answer(headers(1, [[':status', '204']])).send(headers(3, GET));
    finished(stream);
    assert.deepEqual(stream.exchanges.map(({ request, response }) => [request.target, response?.status]), [['/attack', 200], ['/a', 204], ['/a', undefined]]);
  });

  test('a stream of the server\'s is no request, and those of the client go on: Go takes their data', () => {
    const stream = finished(sent(BEGIN, headers(1, POST, 0), headers(2, [...GET, ['x', 'y']]), data(1, 'body')));
    assert.deepEqual(targets(stream), ['POST /a']);
    assert.equal(stream.exchanges[0]!.request.complete, true);
  });

  test('behind a request for it, one-way too', () => {
    assert.deepEqual(targets(finished(sent(ask, BEGIN, headers(3, GET)))), ['GET /ask', 'GET /a']);
    assert.deepEqual(targets(finished(sent(ask, attack))), ['GET /ask', 'GET /attack'], 'nothing is believed that does not come');
  });

  test('bytes that are no frames are looked at as HTTP/1, from the frame on that is none', () => {
    const cases: [string, Buffer | string][] = [
      ['a request', attack],
      ['no SETTINGS first', Buffer.concat([frame(FrameType.ping, 0, 0, Buffer.alloc(8)), Buffer.from(attack)])],
      ['HEADERS of no stream', Buffer.concat([SETTINGS, headers(0, GET), Buffer.from(attack)])],
      ['HEADERS of a stream of the server\'s', Buffer.concat([SETTINGS, headers(2, GET), Buffer.from(attack)])],
      ['PUSH_PROMISE of a client', Buffer.concat([SETTINGS, frame(FrameType.pushPromise, 4, 1, Buffer.from(`\0\0\0\0${attack}`))])],
      ['CONTINUATION of nothing', Buffer.concat([SETTINGS, frame(FrameType.continuation, 4, 1, Buffer.from(attack))])],
      ['a block that is broken off', Buffer.concat([SETTINGS, frame(FrameType.headers, 0, 1, block(GET)), data(1, attack)])],
      ['PING of 9 bytes', Buffer.concat([SETTINGS, frame(FrameType.ping, 0, 0, Buffer.alloc(9)), Buffer.from(attack)])],
      ['SETTINGS of a stream', Buffer.concat([SETTINGS, frame(FrameType.settings, 0, 1), Buffer.from(attack)])],
      ['a length that begins with a letter', Buffer.concat([SETTINGS, Buffer.from(`A${'x'.repeat(8)} ${attack}`)])],
    ];
    for (const [name, bytes] of cases) {
      const all = Buffer.concat([PREFACE, Buffer.from(bytes)]);
      for (const size of [all.length, 1, 5]) {
        const stream = new TcpStream(ONE_WAY).open();
        for (let at = 0; at < all.length; at += size) stream.send(all.subarray(at, at + size));
        assert.ok(targets(finished(stream)).includes('GET /attack'), `${name}, in pieces of ${size}`);
      }
    }
  });

  test('a server that answers in HTTP/1 has not believed it', () => {
    const stream = new TcpStream().open();
    stream.send(BEGIN).send(frame(0xfa, 0, 0, Buffer.alloc(100)).subarray(0, 20)).answer('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n').send(`\r\n${attack}`);
    assert.deepEqual(targets(finished(stream)), ['GET /attack']);
  });

  test('a server that ignores Upgrade: h2c', () => {
    const stream = new TcpStream().open();
    stream.send(ask).send(BEGIN).answer('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n').send(attack).answer('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    assert.deepEqual(targets(finished(stream)), ['GET /ask', 'GET /attack']);
  });

  test('the server\'s own 101 in a connection joined in the middle', () => {
    const stream = new TcpStream();
    stream.send(ask).answer('HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n').send(BEGIN).send(headers(3, GET));
    assert.deepEqual(targets(finished(stream)).sort(), ['GET /a', 'GET /ask']);
  });
});

describe('limits', () => {
  // Go takes a field of 1 MB.
  for (const [what, name, value] of [['value', 'x', 'v'.repeat(70_000)], ['name', 'n'.repeat(70_000), 'v'], ['name and value', 'n'.repeat(70_000), 'v'.repeat(70_000)]] as const) {
    test(`a ${what} longer than limits.head_bytes is cut, and what comes behind it is read`, () => {
      const long = Buffer.concat([block(GET), block([[name, value]], true), block([['y', 'z']], true)]);
      const frames = [frame(FrameType.headers, FrameFlag.endStream, 1, long.subarray(0, 16_384))];
      for (let at = 16_384; at < long.length; at += 16_384) {
        const isLast = at + 16_384 >= long.length;
        const part = long.subarray(at, at + 16_384);
        frames.push(frame(FrameType.continuation, isLast ? FrameFlag.endHeaders : 0, 1, part));
      }
      const flags = FrameFlag.endStream | FrameFlag.endHeaders;
      const newest = frame(FrameType.headers, flags, 3, Buffer.concat([block(GET), Buffer.from([0xbe])]));
      for (const size of [1400, 60_000]) {
        const bytes = Buffer.concat([BEGIN, ...frames, newest]);
        const stream = new TcpStream({ ...ONE_WAY, limits: { ...REPLAY_LIMITS, headBytes: 65_536 } }).open();
        for (let at = 0; at < bytes.length; at += size) stream.send(bytes.subarray(at, at + size));
        const [first, second] = finished(stream).exchanges;
        assert.deepEqual([first!.request.target, first!.request.lost], ['/a', ['http.head_limit']]);
        assert.ok(first!.request.headers.some(([, text]) => text.length > 1000) || name.length > 1, 'its beginning is told');
        assert.deepEqual([second!.request.headers, second!.request.complete], [[['Host', 'a.example'], ['y', 'z']], true]);
      }
    });
  }

  test('a flood of CONTINUATION frames holds nothing', () => {
    const stream = sent(BEGIN, frame(FrameType.headers, FrameFlag.endStream, 1, block(GET)));
    const flood = Buffer.concat(Array.from({ length: 500 }, () => frame(FrameType.continuation, 0, 1, block([['x', 'y'.repeat(100)]]))));
    for (let i = 0; i < 30; i++) stream.send(flood).answer('');
    assert.ok(stream.pipeline.gauges().memoryBytes < 100_000);
    stream.send(frame(FrameType.continuation, FrameFlag.endHeaders, 1)).send(headers(3, GET));
    finished(stream);
    assert.deepEqual(stream.exchanges[0]!.request.lost ?? stream.exchanges[1]!.request.lost, ['http.head_limit']);
    assert.equal(stream.ledger.get('http.head_limit'), 1);
    assert.deepEqual(targets(stream), ['GET /a', 'GET /a']);
  });

  test('a block that unfolds to more than it weighs', () => {
    // One field of 4,000 bytes, then 16,000 references to it of a byte each: 64 MB of headers in 20 KB.
    const bomb = Buffer.concat([block(GET), block([['bomb', 'x'.repeat(4000)]], true), Buffer.alloc(16_000, 0xbe)]);
    const pieces = [bomb.subarray(0, 16_000), bomb.subarray(16_000)];
    const stream = sent(BEGIN);
    for (let id = 1; id < 200; id += 2) {
      stream.send(frame(FrameType.headers, 0, id, pieces[0]))
        .send(frame(FrameType.continuation, FrameFlag.endHeaders, id, pieces[1]));
    }
    assert.ok(stream.pipeline.gauges().memoryBytes < 300 * REPLAY_LIMITS.headBytes);
    finished(stream);
    assert.equal(stream.exchanges.length, 100);
    // Of the field that comes again and again two copies are told.
    for (const { request } of stream.exchanges) {
      assert.ok(request.lost?.includes('http.head_limit'));
      assert.equal(request.headers.length, 3);
    }
  });

  test('streams beyond a number: the oldest request goes on as it is, and again when it is whole', () => {
    const stream = sent(BEGIN);
    for (let i = 0; i < MAX_OPEN_STREAMS + 5; i++) {
      stream.send(headers(2 * i + 1, [...POST.slice(0, 2), [':path', `/${i}`], POST[3]!], 0)).answer('');
    }
    assert.deepEqual(targets(stream), [0, 1, 2, 3, 4].map((i) => `POST /${i}`));
    assert.ok(stream.exchanges.every(({ request }) => request.lost?.[0] === 'http.http2_stream_limit'));
    stream.send(data(1, 'late')).send(data(3, 'begun', 0));
    const late = stream.exchanges.at(-1)!.request;
    assert.deepEqual([late.target, Buffer.from(late.body, 'base64').toString(), late.complete, late.correction], ['/0', 'late', true, true]);
    assert.equal(finished(stream).exchanges.length, MAX_OPEN_STREAMS + 5 + 2);
    assert.deepEqual([1, 3].map((i) => stream.exchanges.filter(({ request }) => request.target === `/${i}`).length), [2, 1]);
    assert.equal(stream.ledger.get('http.http2_stream_limit'), 5);
    assert.equal(stream.ledger.get('http.http2_unreadable_bytes'), 0);
  });

  test('what is followed of streams beyond a number is bounded, and has its memory', () => {
    const stream = sent(BEGIN, headers(1, [...POST.slice(0, 2), [':path', '/first'], POST[3]!], 0));
    for (let i = 1; i <= 22_000; i++) stream.send(headers(2 * i + 1, GET, 0)).answer('');
    assert.ok(stream.pipeline.gauges().memoryBytes > 20_000 * 1280);
    stream.send(data(1, 'far too late'));
    finished(stream);
    assert.equal(stream.exchanges.filter(({ request }) => request.target === '/first').length, 1);
  });

  test('requests opened and taken back by the thousand', () => {
    const stream = sent(BEGIN);
    for (let id = 1; id < 10_000; id += 2) {
      stream.send(Buffer.concat([headers(id, GET, 0), frame(FrameType.rstStream, 0, id, Buffer.alloc(4))]));
    }
    assert.equal(finished(stream).exchanges.length, 5000);
  });

  test('memory: a request that cannot be held goes on with its head', () => {
    const stream = new TcpStream({ ...ONE_WAY, limits: { ...REPLAY_OPTIONS.limits, memoryBytes: 10_000 } }).open()
      .send(BEGIN);
    for (let id = 1; id < 20; id += 2) stream.send(headers(id, POST, 0)).send(data(id, 'x'.repeat(2000), 0));
    for (let id = 1; id < 20; id += 2) stream.send(data(id, 'end'));
    finished(stream);
    assert.equal(stream.exchanges.length, 10);
    assert.ok(stream.exchanges.filter(({ request }) => request.lost?.includes('http.memcap')).length >= 7);
    assert.ok(stream.exchanges.some(({ request }) => request.complete));
  });
});

describe('holes', () => {
  /** Plays the pieces, without those of the given numbers; those may come later. */
  function played(
    pieces: readonly Buffer[], lost: readonly number[], late: readonly number[] = [], lateFirst = false,
    headBytes = REPLAY_LIMITS.headBytes,
  ): TcpStream {
    const stream = new TcpStream(
      { ...ONE_WAY, limits: { ...REPLAY_LIMITS, headBytes, gapTimeoutMs: 100, reorderMs: 50 } },
    ).open();
    const at = (i: number): number => pieces.slice(0, i).reduce((sum, piece) => sum + piece.length, 0);
    for (const [i, piece] of pieces.entries()) {
      if (lost.includes(i)) continue;
      stream.send(piece, { at: at(i) });
      stream.wait(i === Math.max(...lost) + 1 ? 200 : 0);
      if (lateFirst && i === Math.max(...lost) + 1) for (const one of late) stream.send(pieces[one]!, { at: at(one) });
    }
    if (!lateFirst) for (const one of late) stream.send(pieces[one]!, { at: at(one) });
    return stream;
  }

  const path = (target: string): Fields => [...POST.slice(0, 2), [':path', target], POST[3]!];

  test('within DATA: passed over by its length', () => {
    const body = data(1, 'x'.repeat(100));
    const parts = [body.subarray(0, 50), body.subarray(50, 80), body.subarray(80)];
    const stream = finished(played([BEGIN, headers(1, POST, 0), ...parts, headers(3, GET)], [3]));
    assert.deepEqual(targets(stream), ['POST /a', 'GET /a']);
    const { request } = stream.exchanges[0]!;
    assert.deepEqual([request.bodySize, Buffer.from(request.body, 'base64').length, request.complete, request.lost], [100, 70, false, ['tcp.reassembly_gap']]);
  });

  test('of a header block: that request is counted, and what refers to it is not guessed', () => {
    const second = headers(3, path('/2'));
    const pieces = [BEGIN, headers(1, path('/1'), 0), second.subarray(0, 15), second.subarray(15, 20), second.subarray(20), data(1, 'ab'), headers(5, path('/5'))];
    const stream = finished(played(pieces, [3]));
    assert.deepEqual(targets(stream), ['POST /1', 'POST /5']);
    assert.ok(stream.exchanges.every(({ request }) => request.complete));
    assert.equal(stream.ledger.get('http.http2_unreadable_requests'), 1);
    assert.equal(stream.ledger.get('http.http2_headers_lost'), 1);
  });

  test('of the head of a frame: read on where a piece is nothing but frames', () => {
    const stream = finished(played([BEGIN, headers(1, path('/1'), 0), headers(3, path('/3')), headers(5, path('/5'))], [2]));
    assert.deepEqual(targets(stream), ['POST /1', 'POST /5']);
    assert.deepEqual(stream.exchanges[0]!.request.lost, ['tcp.reassembly_gap']);
    assert.equal(stream.exchanges[1]!.request.complete, true);
    assert.equal(stream.ledger.get('http.http2_unreadable_bytes'), 0);
  });

  test('and where none is, nothing is', () => {
    const body = data(1, 'x'.repeat(100), 0);
    const pieces = [BEGIN, headers(1, path('/1'), 0), body.subarray(0, 40), body.subarray(40, 70), body.subarray(70), headers(5, path('/5')).subarray(0, 20)];
    const stream = finished(played(pieces, [2]));
    assert.deepEqual(targets(stream), ['POST /1']);
    assert.equal(stream.ledger.get('http.http2_unreadable_bytes'), 30 + 30 + 20 + 9);
  });

  const indexed = (streamId: number, ...bytes: (Buffer | number[])[]): Buffer => (
    frame(
      FrameType.headers, FrameFlag.endStream | FrameFlag.endHeaders, streamId,
      Buffer.concat(bytes.map((part) => Buffer.from(part))),
    ));

  test('header fields that refer to what was lost are left out, newer ones are known', () => {
    const stream = finished(played([
      BEGIN, indexed(1, block(path('/1'), true)), indexed(3, block([['x', 'lost']], true)),
      // Static fields, a new path and a new field: all known, and remembered.
      indexed(5, [0x83, 0x86], block([[':path', '/5'], ['y', 'new']], true)),
      // The two of them, and what was in the table before the hole, or in it.
      indexed(7, [0x83, 0x86, 0xbf, 0xbe, 0xc0]),
      // A value whose name was lost.
      indexed(9, [0x83, 0x86, 0xbf, 0x0f, 0x31, 5], Buffer.from('value')),
      // A path that was lost: less than a request line.
      indexed(11, [0x83, 0x86, 0xc1]),
    ], [2]));
    assert.deepEqual(stream.exchanges.map(({ request: { target, headers: lines, lost } }) => [target, lines, lost]), [
      ['/1', [['Host', 'a.example']], undefined],
      ['/5', [['y', 'new']], undefined],
      ['/5', [['y', 'new']], ['tcp.reassembly_gap']],
      ['/5', [['X-Http2-Unknown', 'value']], ['tcp.reassembly_gap']],
    ]);
    assert.equal(stream.ledger.get('http.http2_unreadable_requests'), 1);
  });

  test('a table that is emptied is known again', () => {
    const stream = finished(played([
      BEGIN, indexed(1, block(path('/1'), true)), indexed(3, block([['x', 'lost']], true)), indexed(5, [0x20, 0x3f, 0xe1, 0x1f], block(path('/5'), true)),
      indexed(7, [0xc1, 0xc0, 0xbf, 0xbe]), indexed(9, [0xc2]),
    ], [2]));
    assert.deepEqual(targets(stream), ['POST /1', 'POST /5', 'POST /5']);
    assert.equal(stream.ledger.get('http.http2_headers_lost'), 2, 'the last is an index of nothing');
  });

  test('a request of HTTP/1 where frames are looked for', () => {
    const stream = finished(played([BEGIN, headers(1, path('/1')), headers(3, path('/3')), data(1, 'x'.repeat(50)).subarray(20), Buffer.from('GET /b HTTP/1.1\r\nHost: a\r\n\r\n')], [2]));
    assert.deepEqual(targets(stream), ['POST /1', 'GET /b']);
  });

  for (const [when, lateFirst] of [['while the connection goes on', true], ['at its end', false]] as const) {
    test(`that are filled late, ${when}: all requests, and the connection is read on`, () => {
      const pieces = [BEGIN, headers(1, path('/1'), 0), headers(3, path('/3')), headers(5, path('/5')), data(1, 'end'), headers(7, path('/7')), headers(9, path('/9'))];
      const stream = finished(played(pieces, [2], [2], lateFirst));
      const whole = stream.exchanges.filter(({ request }) => request.complete);
      assert.deepEqual(whole.map(({ request }) => request.target).sort(), ['/1', '/3', '/5', '/7', '/9']);
      const plain = whole.filter(({ request }) => request.correction === undefined)
        .map(({ request }) => request.target);
      assert.deepEqual(plain, ['/5', '/7', '/9']);
      assert.equal(Buffer.from(whole.find(({ request }) => request.target === '/1')!.request.body, 'base64').toString(), 'end');
    });
  }

  test('filled late: the header table is that of the whole connection', () => {
    const pieces = [
      BEGIN, indexed(1, block([...POST, ['x', '1']], true)), indexed(3, [0xc2, 0xc1, 0xc0, 0xbf], block([['y', '2']], true)),
      indexed(5, [0xc3, 0xc2, 0xc1, 0xc0, 0xbe]), indexed(7, [0xc3, 0xc2, 0xc1, 0xc0, 0xbe, 0xbf]),
    ];
    const stream = finished(played(pieces, [2], [2], true));
    // With the late bytes the first reader has taken over the whole table: what comes then is no correction.
    assert.deepEqual(stream.exchanges.map(({ request }) => [request.headers.slice(1), request.correction ?? false]), [
      [[['x', '1']], false], [[['y', '2']], true], [[['y', '2']], true], [[['y', '2'], ['x', '1']], false],
    ]);
  });

  test('two of them, filled late', () => {
    const pieces = [BEGIN, headers(1, path('/1')), headers(3, path('/3')), headers(5, path('/5')), headers(7, path('/7')), headers(9, path('/9')), headers(11, path('/11'))];
    const stream = new TcpStream({ ...ONE_WAY, limits: { ...REPLAY_LIMITS, gapTimeoutMs: 100, reorderMs: 50 } }).open();
    const at = (i: number): number => pieces.slice(0, i).reduce((sum, piece) => sum + piece.length, 0);
    const send = (i: number): TcpStream => stream.send(pieces[i]!, { at: at(i) });
    send(0);
    send(2).wait(200);
    send(4).wait(200);
    send(1);
    send(3);
    send(5);
    send(6);
    finished(stream);
    assert.deepEqual(targets(stream).sort(), ['POST /1', 'POST /11', 'POST /3', 'POST /5', 'POST /7', 'POST /9']);
  });

  test('within DATA, filled late: that request alone is told again', () => {
    const body = data(1, 'x'.repeat(100));
    const parts = [body.subarray(0, 50), body.subarray(50, 80), body.subarray(80)];
    const stream = finished(played([BEGIN, headers(1, POST, 0), ...parts, headers(3, GET)], [3], [3]));
    assert.deepEqual(targets(stream), ['POST /a', 'GET /a', 'POST /a']);
    const { request } = stream.exchanges[2]!;
    assert.deepEqual([request.correction, request.complete, request.body], [true, true, Buffer.from('x'.repeat(100)).toString('base64')]);
  });

  // The reader of the late bytes goes on where the block stood: in a field or between two, in its first frame or a
  // later one.
  const long = block([...path('/1'), ['x', 'y'.repeat(20)]], true);
  const blockInFrames = Buffer.concat([
    frame(FrameType.headers, FrameFlag.endStream, 1, long.subarray(0, 40)),
    frame(FrameType.continuation, FrameFlag.endHeaders, 1, long.subarray(40)),
  ]);
  for (const at of [9, 12, 20, 30, 48, 52, 60, 70]) {
    test(`within a header block, filled late, at its byte ${at}: the request is told whole`, () => {
      const parts = [blockInFrames.subarray(0, at), blockInFrames.subarray(at, at + 4), blockInFrames.subarray(at + 4)];
      const pieces = [BEGIN, ...parts, indexed(3, [0xc1, 0xc0, 0xbf, 0xbe])];
      const stream = finished(played(pieces, [2], [2], true));
      const whole = stream.exchanges.filter(({ request }) => request.complete);
      const lines = [['Host', 'a.example'], ['x', 'y'.repeat(20)]];
      assert.deepEqual(whole.map(({ request }) => [request.target, request.headers]), [['/1', lines], ['/1', lines]]);
    });
  }

  test('within a header block that is longer than limits.head_bytes, filled late: it is cut where it would have been', () => {
    const fields: Fields = [...path('/1'), ...Array.from({ length: 20 }, (_, i): [string, string] => [`x-${i}`, 'y'])];
    const sent = headers(1, fields);
    const inPieces = [BEGIN, sent.subarray(0, -30), sent.subarray(-30, -20), sent.subarray(-20)];
    const told = [[BEGIN, sent], inPieces].map((pieces, i) => {
      const stream = finished(played(pieces, i === 0 ? [] : [2], i === 0 ? [] : [2], false, 512));
      return stream.exchanges.map(({ request: { headers: lines, lost } }) => [lines, lost]);
    });
    assert.deepEqual(told[1], told[0]);
    assert.equal(told[0]!.length, 1);
  });
});

test('mutated connections: no throw, no hang, a balanced ledger, all memory given back', () => {
  const random = randomNumbers(2024);
  const good = Buffer.concat([
    BEGIN, headers(1, GET), headers(3, [...POST, ['content-length', '5']], 0), data(3, 'ab', 0), frame(FrameType.ping, 0, 0, Buffer.alloc(8)), data(3, 'cde'),
    frame(FrameType.headers, 0, 5, block(POST, true)),
    frame(FrameType.continuation, FrameFlag.endHeaders, 5, Buffer.from([0xbe, 0xbf])),
    data(5, 'x', 0), headers(5, [['t', '1']]),
    frame(FrameType.windowUpdate, 0, 0, Buffer.alloc(4)), frame(0x42, 7, 7, Buffer.alloc(40)),
    frame(FrameType.goaway, 0, 0, Buffer.alloc(8)),
  ]);
  for (let round = 0; round < 1500; round++) {
    const bytes = Buffer.from(good);
    for (let i = 1 + random(6); i > 0; i--) {
      const from = random(4) === 0 ? 0 : PREFACE.length;
      bytes[from + random(bytes.length - from)] = random(256);
    }
    const limits = { ...REPLAY_LIMITS, gapTimeoutMs: 100, reorderMs: 50, stallTimeoutMs: 500, memoryBytes: 1 << 20 };
    const stream = new TcpStream({ parseResponses: random(2) === 0, limits }).open();
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + 1 + random(random(3) === 0 ? 100 : 10));
      if (random(20) !== 0) stream.send(bytes.subarray(at, end), { at });
      if (random(10) === 0) stream.wait(200);
      if (random(10) === 0) stream.answer(bytes.subarray(at, end));
      if (random(30) === 0) stream.send(bytes.subarray(0, end), { at: 0 });
      at = end;
    }
    assert.deepEqual(stream.end(), [], `round ${round}`);
    assert.equal(stream.pipeline.gauges().memoryBytes, 0, `round ${round}`);
  }
});
