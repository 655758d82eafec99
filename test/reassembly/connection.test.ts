import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { CHARGE } from '../../rebuilder/reassembly/connection-memory.ts';
import { TcpStream } from '../tcp-stream.ts';

const LIVE = {
  limits: {
    ...REPLAY_OPTIONS.limits, idleTimeoutMs: 60_000, gapTimeoutMs: 1000, reorderMs: 200, stallTimeoutMs: 1500,
    gapBytes: 4096, reorderBytes: 10_240,
  },
  parseResponses: false,
};
const SYN = 2;
const RST = 4;
const ACK = 16;
const FIN = 1;
const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const targets = (stream: TcpStream): string[] => stream.exchanges.map(({ request }) => request.target);

// A session that cuts packets (packet_length) cuts those of both directions.
describe('frames whose end was not captured', () => {
  const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n' + 'b'.repeat(100);

  test('a client acknowledges all of a response: its next request is not doubted', () => {
    const stream = new TcpStream({ ...LIVE, parseResponses: true }).open();
    stream.send(get('/1')).answer(RESPONSE, { cut: 50 }).send(get('/2')).answer(RESPONSE, { cut: 50 });
    assert.deepEqual(targets(stream), ['/1', '/2']);
    assert.deepEqual([stream.ledger.get('tcp.doubtful_segments'), stream.ledger.get('http.second_readings')], [0, 0]);
    assert.deepEqual(stream.end(), []);
  });

  test('the FIN of one counts behind what is missing', () => {
    const stream = new TcpStream(LIVE).open().send(get('/1'));
    stream.answer(RESPONSE, { cut: 50, flags: ACK | FIN }).close().wait(3000);
    assert.equal(stream.pipeline.gauges().flows, 0);
    assert.deepEqual(stream.end(), []);
  });
});

// Both FINs are there, but that was not known when the last of them came.
for (const [why, fill, waitMs] of [
  ['comes late', true, 5000], ['never comes, as long as it may still come', false, 125_000],
] as const) {
  test(`a connection is over when what stands before its FIN ${why}`, () => {
    const limits = { ...LIVE.limits, idleTimeoutMs: 600_000 };
    const stream = new TcpStream({ ...LIVE, limits }).open().answer('', { flags: ACK | FIN });
    const text = get('/1');
    stream.send(text.slice(10), { at: 10, flags: ACK | FIN });
    if (fill) stream.send(text.slice(0, 10), { at: 0 });
    stream.wait(waitMs);
    assert.equal(stream.pipeline.gauges().flows, 0);
    assert.deepEqual(stream.end(), []);
  });
}

describe('connections that somebody plays with', () => {
  test('FIN and RST stop nothing: later bytes are read', () => {
    const stream = new TcpStream(LIVE).open();
    stream.send(get('/1')).send('', { flags: ACK | FIN }).send('', { flags: RST }).send(get('/2'));
    assert.deepEqual(targets(stream), ['/1', '/2']);
    assert.deepEqual(stream.end(), []);
  });

  // Linux empties its queue at a FIN in order, and answers what stands behind it with an RST.
  test('a request that stands behind a FIN may be read by nobody', () => {
    const stream = new TcpStream(LIVE).open();
    stream.send('a\r\n\r\n', { at: 22 }).send('', { at: 0, flags: ACK | FIN });
    stream.send('GET /1 HTTP/1.1\r\nHost:a\r\n\r\n'.slice(0, 22), { at: 0 }).send(get('/2'), { at: 27 });
    assert.deepEqual(stream.exchanges.map(({ request }) => [request.target, request.reading]), [['/1', 2], ['/2', 2]]);
    assert.deepEqual(stream.end(), []);
  });

  // Of the queue Linux drops what data in order cover, a FIN too: the server reads on, and a SYN finds it open.
  test('a FIN that data cover is none', () => {
    const stream = new TcpStream(LIVE).open();
    stream.send('', { at: 10, flags: ACK | FIN }).send('a\r\n\r\n', { at: 22 });
    stream.send('GET /1 HTTP/1.1\r\nHost:a\r\n\r\n'.slice(0, 22), { at: 0 }).send('', { at: 500, flags: SYN });
    stream.send(get('/2'), { at: 27 });
    assert.deepEqual(stream.exchanges.map(({ request }) => [request.target, request.reading]),
      [['/1', undefined], ['/2', undefined]]);
    assert.deepEqual(stream.end(), []);
  });

  // The FIN has a number and goes before what was joined to it: it counts when that is read.
  test('a FIN to which bytes were joined ends the stream behind them', () => {
    const stream = new TcpStream(LIVE).open();
    stream.send('', { at: 22, flags: ACK | FIN }).send('a\r\n\r\n', { at: 23 });
    stream.send('GET /1 HTTP/1.1\r\nHost:a', { at: 0 });
    assert.deepEqual(stream.exchanges.map(({ request }) => [request.target, request.reading]), [['/1', 2]]);
  });

  test('a FIN that comes before the bytes that it ends makes nothing doubtful', () => {
    const stream = new TcpStream(LIVE).open();
    stream.send(get('/2'), { at: get('/1').length, flags: ACK | FIN }).send(get('/1'), { at: 0 });
    assert.deepEqual(stream.exchanges.map(({ request }) => [request.target, request.reading]), [['/1', undefined], ['/2', undefined]]);
  });

  test('what the SYN offered counts, not what it says when it is sent again', () => {
    const stream = new TcpStream(LIVE);
    const stamped = (timestamp: number): Uint8Array =>
      Uint8Array.of(1, 1, 8, 10, timestamp >> 8, timestamp, 0, 0, 0, 0, 0, 0);
    stream.send('', { at: -1, flags: SYN, options: stamped(10) }).send('', { at: -1, flags: SYN, options: stamped(200) });
    stream.send('GET /true', { at: 0, options: stamped(100) }).send('GET /fake', { at: 0, options: stamped(201) });
    stream.send(' HTTP/1.1\r\nHost: a\r\n\r\n', { at: 9, options: stamped(202) }).end();
    assert.equal(stream.exchanges.find(({ request }) => request.reading === undefined)?.request.target, '/true');
  });

  test('a SYN that the server ignores does not end the connection', () => {
    const stream = new TcpStream(LIVE).open();
    const length = get('/1').length;
    stream.send(get('/1')).send('', { at: 500_000, flags: SYN }).send(get('/2'), { at: length }).send(get('/3'), { at: 2 * length });
    assert.deepEqual(targets(stream), ['/1', '/2', '/3']);
  });

  test('addresses and ports used again, with another initial sequence number', () => {
    const stream = new TcpStream(LIVE).open();
    stream.send(get('/1'));
    // Without a FIN; the new connection's data tells that its SYN was meant.
    stream.send('', { at: 900_000_000, flags: SYN }).send(get('/new'), { at: 900_000_001 });
    assert.deepEqual(targets(stream), ['/1', '/new']);
    assert.equal(stream.ledger.get('tcp.candidates'), 1);
    assert.equal(stream.exchanges[1]?.request.reading, 2, 'nobody has proven it');
    assert.deepEqual(stream.end(), []);
  });

  test('a segment far ahead, which the server ignores, hides nothing', () => {
    const stream = new TcpStream(LIVE).open();
    stream.send(get('/1'));
    const at = get('/1').length;
    stream.send('x', { at: at + 100_000 }).wait(1500);
    stream.send(get('/attack'), { at });
    stream.wait(100);
    assert.ok(targets(stream).includes('/attack'), 'the true bytes are read although they seem late');
    assert.deepEqual(stream.end(), []);
  });

  test('an empty segment far ahead hides nothing either', () => {
    const stream = new TcpStream(LIVE).open();
    stream.send(get('/1'));
    const at = get('/1').length;
    stream.send('', { at: at + 5000 }).wait(1500);
    stream.send(get('/attack'), { at });
    assert.ok(targets(stream).includes('/attack'));
    assert.deepEqual(stream.end(), []);
  });

  test('a keep-alive probe repeats a byte and changes nothing', () => {
    const stream = new TcpStream(LIVE).open();
    stream.send(get('/1')).send('\n', { at: get('/1').length - 1 }).send(get('/2'));
    assert.deepEqual(targets(stream), ['/1', '/2']);
    assert.equal(stream.ledger.get('tcp.retransmission_bytes'), 1);
  });
});

describe('joined in the middle', () => {
  for (const [what, flags] of [['a SYN', 2], ['a SYN-ACK', 18]] as const) {
    for (const at of [900e6, -900e6, 1 << 21]) {
      test(`${what} ${at} bytes off takes no request away that still waits for the stream's beginning`, () => {
        const stream = new TcpStream(LIVE);
        stream.send(get('/attack')).send('', { at, flags });
        stream.wait(1500);
        assert.deepEqual(targets(stream), ['/attack']);
        assert.deepEqual(stream.end(), []);
      });
    }
  }

  test('a SYN that comes behind its own first bytes begins them', () => {
    const stream = new TcpStream(LIVE);
    stream.send(get('/2'), { at: get('/1').length }).send('', { at: -1, flags: 2 }).send(get('/1'), { at: 0 });
    assert.deepEqual(targets(stream), ['/1', '/2']);
    assert.deepEqual(stream.end(), []);
  });

  test('the first packets may come in another order', () => {
    const stream = new TcpStream(LIVE);
    const [one, two] = [get('/1'), get('/2')];
    stream.send(two, { at: one.length }).send(one, { at: 0 }).wait(300);
    assert.deepEqual(targets(stream), ['/1', '/2']);
    assert.deepEqual(stream.end(), []);
  });

  test('in a body: the next request line is found', () => {
    const stream = new TcpStream(LIVE);
    stream.send('…the end of a body').send(get('/next')).wait(300);
    assert.deepEqual(targets(stream), ['/next']);
    assert.deepEqual(stream.end(), []);
  });

  test('with the server\'s port the lower one or not, the client is who sends requests', () => {
    const stream = new TcpStream({ ...LIVE, parseResponses: true });
    stream.clientPort = 80;
    stream.serverPort = 41_000;
    stream.send(get('/1')).answer('HTTP/1.1 204 No Content\r\n\r\n').wait(300);
    stream.end();
    assert.deepEqual(stream.exchanges.map(({ src, response }) => [src, response?.status]), [['10.0.1.7:80', 204]]);
  });

  test('a client that begins with a status line and goes on with a request is no server', () => {
    const stream = new TcpStream(LIVE);
    stream.send('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n').wait(300);
    stream.send(get('/attack')).wait(300);
    assert.deepEqual(targets(stream), ['/attack']);
    assert.deepEqual(stream.end(), []);
  });
});

describe('limits are reached, and counted', () => {
  test('bytes behind a hole', () => {
    const stream = new TcpStream(LIVE).open();
    stream.send(get('/1'));
    const at = get('/1').length + 10;
    for (let i = 0; i < 5; i++) stream.send('x'.repeat(1000), { at: at + i * 1000 });
    assert.equal(stream.ledger.get('tcp.reassembly_gap'), 1, 'given up by limits.gap_bytes, not by time');
    assert.deepEqual(stream.end(), []);
  });

  test('bytes behind the holes of all streams', () => {
    const stream = new TcpStream({ ...LIVE, limits: { ...LIVE.limits, gapBytes: 1 << 20 } }).open();
    for (let i = 0; i < 10; i++) stream.send('x'.repeat(1000), { at: 10 + i * 1001 });
    assert.ok(stream.ledger.get('tcp.segment_memcap_drop') > 0);
    assert.deepEqual(stream.imbalance(), []);
    assert.deepEqual(stream.end(), []);
  });

  test('bytes of streams joined in the middle, which wait for earlier ones: nothing is dropped', () => {
    const stream = new TcpStream({ ...LIVE, limits: { ...LIVE.limits, gapBytes: 1 << 20 } });
    const body = 'x'.repeat(1000);
    const post = `POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n`;
    stream.send(post);
    for (let i = 0; i < 20; i++) stream.send(body);
    stream.wait(300);
    assert.deepEqual(stream.exchanges.map(({ request }) => request.complete), [true]);
    assert.equal(stream.ledger.get('tcp.segment_memcap_drop'), 0);
    assert.deepEqual(stream.end(), []);
  });

  test('memory: a request that stalled, and was told as it is, makes room for others', () => {
    const memoryBytes = 12_288 + CHARGE.held;
    const stream = new TcpStream({ ...LIVE, limits: { ...LIVE.limits, memoryBytes } }).open();
    const post = (target: string): string => `POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: 6000\r\n\r\n`;
    stream.send(post('/stalls') + 'x'.repeat(1000)).wait(2000);
    assert.equal(stream.ledger.get('http.stalled'), 1);
    stream.clientPort++;
    stream.open().send(post('/whole'), { at: 0 });
    for (let i = 0; i < 6; i++) stream.send('y'.repeat(1000), { at: post('/whole').length + i * 1000 });
    assert.deepEqual(stream.exchanges.map(({ request }) => [request.target, request.complete]), [['/stalls', false], ['/whole', true]]);
    assert.equal(stream.ledger.get('http.memcap'), 0);
    assert.ok(stream.pipeline.gauges().memoryBytes <= memoryBytes);
    assert.deepEqual(stream.end(), []);
  });

  test('half a request of a stream joined in the middle is told when nothing more comes', () => {
    const stream = new TcpStream(LIVE);
    stream.send('POST /half HTTP/1.1\r\nHost: a\r\nContent-Length: 6000\r\n\r\nbegun').wait(3000);
    assert.deepEqual(stream.exchanges.map(({ request }) => [request.target, request.complete]), [['/half', false]]);
    assert.equal(stream.ledger.get('http.stalled'), 1);
    assert.deepEqual(stream.end(), []);
  });

  test('connections: the one unused for longest makes room', () => {
    const stream = new TcpStream({ ...LIVE, limits: { ...LIVE.limits, flows: 3 } });
    for (let port = 41_000; port < 41_010; port++) {
      stream.clientPort = port;
      stream.send('GET /cut HTTP/1.1\r\nHo', { at: 0 });
    }
    assert.equal(stream.pipeline.gauges().flows, 3);
    assert.equal(stream.ledger.get('tcp.flow_emerg_mode_over'), 7);
    assert.deepEqual(stream.end(), []);
  });

  test('connections: one in use stays, however many new ones come', () => {
    const stream = new TcpStream({ ...LIVE, limits: { ...LIVE.limits, flows: 3 } }).open();
    let sent = 0;
    for (let i = 0; i < 30; i++) {
      stream.nowMs += 20;
      stream.clientPort = 41_000;
      stream.send(get(`/${i}`), { at: sent });
      sent += get(`/${i}`).length;
      stream.clientPort = 42_000 + i;
      stream.send('', { at: 0, flags: 2 });
    }
    assert.equal(targets(stream).length, 30);
    assert.equal(stream.ledger.get('tcp.flow_emerg_mode_over'), 28);
    assert.deepEqual(stream.end(), []);
  });

  test('a connection without packets is forgotten', () => {
    const stream = new TcpStream(LIVE).open();
    stream.send(get('/1')).wait(61_000);
    assert.equal(stream.pipeline.gauges().flows, 0);
    assert.equal(stream.ledger.get('tcp.flow_idle_timeout'), 1);
  });

  test('memory of messages in progress: what does not fit is cut and marked', () => {
    const stream = new TcpStream({ ...LIVE, limits: { ...LIVE.limits, memoryBytes: 12_288 } }).open();
    stream.send('POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n');
    for (let sent = 0; sent < 50_000; sent += 1000) stream.send('x'.repeat(1000));
    assert.deepEqual(
      stream.exchanges.map(({ request }) => [request.target, request.bodySize, request.complete, request.lost]),
      [['/big', 50_000, false, ['http.memcap']]],
    );
    stream.send(get('/next'));
    assert.deepEqual(targets(stream), ['/big', '/next']);
    assert.equal(stream.pipeline.gauges().memoryBytes, 0);
    assert.deepEqual(stream.end(), []);
  });

  test('a request that stops half-way goes on, and again when its rest comes', () => {
    const stream = new TcpStream(LIVE).open();
    stream.send('POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab').wait(1600);
    assert.deepEqual(stream.exchanges.map(({ request }) => [request.complete, request.lost]), [[false, ['http.stalled']]]);
    stream.send('cd').wait(100);
    assert.deepEqual(
      stream.exchanges.map(({ request }) => [request.complete, request.correction]), [[false, undefined], [true, true]],
    );
    assert.equal(stream.exchanges[0]!.id, stream.exchanges[1]!.id);
    assert.deepEqual(stream.end(), []);
  });
});
