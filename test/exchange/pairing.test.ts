// How long requests wait for their responses, and in how much memory. Time is the packets' own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSettings } from '../../rebuilder/config/load.ts';
import type { ExchangeSink } from '../../rebuilder/exchange/exchange-sink.ts';
import type { HttpRequest } from '../../rebuilder/http/http-request.ts';
import { TcpStream } from '../tcp-stream.ts';

const TIMEOUT_MS = 500;
/** How often the pipeline looks at the clock. */
const TICK_MS = 20;
const { limits } = defaultSettings();
const OPTIONS = { limits, parseResponses: true, responseTimeoutMs: TIMEOUT_MS };

/** When requests went on, by their target, and with which status. */
class Departures implements ExchangeSink {
  readonly list: { target: string; atMs: number; status: number | null; sentMs: number }[] = [];
  stream!: TcpStream;

  exchange(request: HttpRequest): void {
    const target = Buffer.from(request.bytes.subarray(request.targetStart, request.targetEnd)).toString();
    this.stream.ledger.count('http.exchanges');
    this.list.push(
      { target, atMs: this.stream.nowMs, status: request.response?.status ?? null, sentMs: request.lastByteMs },
    );
  }
}

function start(options = {}): { stream: TcpStream; gone: Departures['list'] } {
  const departures = new Departures();
  const stream = new TcpStream({ ...OPTIONS, ...options }, 1000, departures);
  departures.stream = stream;
  return { stream, gone: departures.list };
}

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const ok = (length: number): string => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(length)}`;

test('one-way from its beginning: nothing is waited for', () => {
  const { stream, gone } = start();
  stream.send('', { at: -1, flags: 2 });
  stream.send(get('/1'), { at: 0, ack: 8000 }).send(get('/2'), { ack: 8000 });
  assert.deepEqual(gone.map(({ target, atMs, sentMs }) => [target, atMs - sentMs]), [['/1', 0], ['/2', 0]]);
});

test('one-way, joined in the middle: the first waits for response_timeout, none after it', () => {
  const { stream, gone } = start();
  // What may have been under way before it is waited for first.
  const longest = limits.reorderMs + TIMEOUT_MS + 2 * TICK_MS;
  stream.send(get('/1'), { ack: 8000 }).wait(longest);
  assert.deepEqual(gone.map(({ target }) => target), ['/1']);
  stream.send(get('/2'), { ack: 8300 }).send(get('/3'), { ack: 8600 });
  assert.deepEqual(gone.map(({ target }) => target), ['/1', '/2', '/3']);
  const waits = gone.map(({ atMs, sentMs }) => atMs - sentMs);
  assert.ok(waits[0]! <= longest, String(waits));
  assert.deepEqual(waits.slice(1), [0, 0]);
  assert.equal(stream.ledger.get('http.response_timeout'), 1);
  assert.deepEqual(stream.end(), []);
});

test('a server that is slow for once: the request goes on in time, its late answer goes to nobody else', () => {
  const { stream, gone } = start();
  stream.open().send(get('/0')).answer(ok(1));
  stream.send(get('/slow')).wait(TIMEOUT_MS + TICK_MS);
  stream.send(get('/next')).wait(100);
  stream.answer(ok(100)).answer(ok(7)).wait(TICK_MS);
  assert.deepEqual(gone.map(({ target, status }) => [target, status]), [['/0', 200], ['/slow', null], ['/next', 200]]);
  for (const { atMs, sentMs } of gone) assert.ok(atMs - sentMs <= TIMEOUT_MS + TICK_MS);
  assert.deepEqual(stream.end(), []);
});

test('pipelined requests that are never answered go on one by one, each in time and in order', () => {
  const { stream, gone } = start();
  stream.open().send(get('/0')).answer(ok(1));
  for (let i = 1; i <= 20; i++) stream.send(get(`/${i}`)).wait(60);
  stream.wait(TIMEOUT_MS + TICK_MS);
  assert.deepEqual(gone.map(({ target }) => target), Array.from({ length: 21 }, (_, i) => `/${i}`));
  for (const { target, atMs, sentMs } of gone) assert.ok(atMs - sentMs <= TIMEOUT_MS + TICK_MS, `${target} waited ${atMs - sentMs} ms`);
  assert.deepEqual(stream.end(), []);
});

test('an answer that takes long to come whole does not keep its request beyond response_timeout', () => {
  const { stream, gone } = start();
  stream.open().send(get('/download')).answer('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
  for (let i = 0; i < 20; i++) stream.answer('x'.repeat(1000)).wait(50);
  assert.equal(gone.length, 1);
  assert.ok(gone[0]!.atMs - gone[0]!.sentMs <= TIMEOUT_MS + TICK_MS);
});

test('an answer that comes before its request is whole is kept within limits.memory, and given back', () => {
  const { stream, gone } = start({ limits: { ...limits, memoryBytes: 20_000 } });
  const upload = (i: number): string => `POST /${i} HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello`;
  stream.open();
  for (const [i, length] of [100, 30_000, 200].entries()) {
    stream.send(upload(i)).answer(ok(length));
    if (length < 20_000) assert.ok(stream.pipeline.gauges().memoryBytes > length);
    stream.send('world');
  }
  assert.deepEqual(gone.map(({ target, status }) => [target, status]), [['/0', 200], ['/1', null], ['/2', 200]]);
  stream.send(upload(3)).answer(ok(300));
  assert.deepEqual(stream.end(), []);
  assert.equal(stream.pipeline.gauges().memoryBytes, 0);
});

test('what waits is bounded by limits.memory: beyond it requests go on at once, and are counted', () => {
  const { stream, gone } = start({ limits: { ...limits, memoryBytes: 320_000 } });
  stream.open().send(get('/0')).answer(ok(1));
  const post = (i: number): string => `POST /${i} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(1000)}`;
  for (let i = 1; i <= 300; i++) stream.send(post(i)).answer('');
  const atOnce = gone.length - 1;
  assert.ok(atOnce > 190 && atOnce < 220, String(atOnce));
  assert.equal(stream.ledger.get('http.response_memcap'), atOnce);
  assert.ok(stream.pipeline.gauges().memoryBytes <= 320_000);
  stream.wait(TIMEOUT_MS + TICK_MS);
  assert.equal(gone.length, 301);
  assert.equal(stream.pipeline.gauges().memoryBytes, 0);
  stream.send(get('/after')).answer(ok(1));
  assert.deepEqual(stream.end(), []);
});

test('behind holes on both sides an answer goes to nobody whose own it may not be', async (t) => {
  const cases: { what: string; play: (stream: TcpStream) => void; told: [string, number | null][] }[] = [
    {
      what: 'the second request and the first answer are lost',
      play: (stream) => {
        const lost = get('/2').length;
        stream.send(get('/1'), { ack: 7001 });
        stream.answer(ok(5).replace('200', '202'), { at: ok(5).length, ack: 1001 + get('/1').length + lost });
        stream.send(get('/3'), { at: get('/1').length + lost });
      },
      told: [['/1', null], ['/3', null]],
    },
    {
      what: 'the same, and the third is answered',
      play: (stream) => {
        const lost = get('/2').length;
        stream.send(get('/1'), { ack: 7001 });
        stream.answer(ok(5).replace('200', '202'), { at: ok(5).length, ack: 1001 + get('/1').length + lost });
        stream.send(get('/3'), { at: get('/1').length + lost }).answer(ok(5));
      },
      told: [['/1', null], ['/3', 200]],
    },
    {
      what: 'only the second request is lost, with its answer',
      play: (stream) => {
        const lost = get('/2').length;
        stream.send(get('/1'), { ack: 7001 }).answer(ok(5));
        stream.send(get('/3'), { at: get('/1').length + lost, ack: 7001 + 2 * ok(5).length }).answer(ok(5).replace('200', '203'), { at: 2 * ok(5).length });
      },
      told: [['/1', 200], ['/3', 203]],
    },
    {
      what: 'only the second request is lost: its answer is nobody\'s',
      play: (stream) => {
        const lost = get('/2').length;
        stream.send(get('/1'), { ack: 7001 }).answer(ok(5));
        stream.answer(ok(5).replace('200', '202'), { ack: 1001 + get('/1').length + lost });
        stream.send(get('/3'), { at: get('/1').length + lost }).answer(ok(5).replace('200', '203'));
      },
      told: [['/1', 200], ['/3', 203]],
    },
  ];
  for (const { what, play, told } of cases) {
    await t.test(what, () => {
      // Longer than a hole is waited for.
      const { stream, gone } = start({ responseTimeoutMs: 2 * limits.gapTimeoutMs });
      stream.open();
      play(stream);
      stream.wait(6000);
      assert.deepEqual(stream.end(), []);
      assert.deepEqual(gone.map(({ target, status }) => [target, status]).sort(), told);
    });
  }
});
