import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExchangeLines, type ExchangeLinesOptions } from '../../rebuilder/output/exchange-lines.ts';
import type { ExchangeJson } from '../../rebuilder/exchange/exchange-json.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { TcpStream } from '../tcp-stream.ts';

/** Lines behind a disk that writes when it is told to. */
class SlowDisk {
  readonly ledger = new Ledger();
  readonly lines: ExchangeLines;
  readonly #waiting: { bytes: Uint8Array; done: (written: number) => void }[] = [];
  text = '';

  constructor(options: Partial<ExchangeLinesOptions> = {}) {
    this.lines = new ExchangeLines({
      queueBytes: 1 << 20, ledger: this.ledger, isOnlyEnd: false,
      write: (bytes) => new Promise((done) => this.#waiting.push({ bytes, done })), ...options,
    });
  }

  /** Has requests with these targets rebuilt. */
  requests(...texts: string[]): this {
    const stream = new TcpStream({}, 1000, this.lines).open();
    for (const text of texts) stream.send(text);
    stream.end();
    return this;
  }

  /** @param count lines of each batch that it takes; default all */
  write(count?: number): this {
    for (const { bytes, done } of this.#waiting.splice(0)) {
      const text = Buffer.from(bytes).toString();
      this.text += text;
      done(count ?? text.split('\n').length - 1);
    }
    return this;
  }

  counts(...names: Parameters<Ledger['get']>[0][]): number[] {
    return names.map((name) => this.ledger.get(name));
  }
}

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('each request is one line, written in order and counted when it is written', async () => {
  const disk = new SlowDisk().requests(get('/1'), get('/2'), get('/3'));
  assert.deepEqual(disk.counts('exchanges.written'), [0]);
  assert.ok(disk.lines.pendingBytes > 0);
  const drained = disk.lines.drain(60_000);
  disk.write();
  await drained;
  assert.deepEqual(disk.counts('exchanges.written', 'http.exchanges', 'exchanges.queue_full'), [3, 0, 0]);
  assert.deepEqual(disk.text.trimEnd().split('\n').map((line) => (JSON.parse(line) as ExchangeJson).request.target), ['/1', '/2', '/3']);
  assert.equal(disk.lines.pendingBytes, 0);
});

test('a slow disk costs lines, never memory beyond the limit, and they are counted', async () => {
  const disk = new SlowDisk({ queueBytes: 10_000 });
  const body = 'x'.repeat(3000);
  const post = (i: number): string => `POST /${i} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  disk.requests(...Array.from({ length: 20 }, (_, i) => post(i)));
  // Base64 makes 4 KB of each: the third one reaches the limit.
  assert.deepEqual(disk.counts('exchanges.queue_full', 'exchanges.lost_request'), [17, 0]);
  assert.ok(disk.lines.pendingBytes < 15_000);
  const drained = disk.lines.drain(60_000);
  disk.write();
  await drained;
  disk.requests(get('/after'));
  const again = disk.lines.drain(60_000);
  disk.write();
  await again;
  assert.deepEqual(disk.counts('exchanges.written', 'exchanges.queue_full'), [4, 17]);
});

test('without delivery the file is where requests end: written, lost or in flight', async () => {
  const disk = new SlowDisk({ isOnlyEnd: true });
  disk.requests(get('/1'), get('/2'), 'GET /old\r\n');
  assert.equal(disk.lines.waitingRequests, 2);
  const drained = disk.lines.drain(60_000);
  disk.write(1);
  await drained;
  await settled();
  assert.equal(disk.lines.waitingRequests, 0);
  assert.deepEqual(disk.counts('http.exchanges', 'exchanges.written', 'exchanges.write_failed', 'exchanges.lost_request', 'http.http09_request'), [1, 1, 1, 1, 1]);
});

test('with delivery beside it nothing of it is in flight, nor lost', async () => {
  const disk = new SlowDisk();
  disk.requests(get('/1'), 'GET /old\r\n');
  assert.equal(disk.lines.waitingRequests, 0);
  const drained = disk.lines.drain(60_000);
  disk.write(0);
  await drained;
  assert.deepEqual(disk.counts('exchanges.write_failed', 'exchanges.lost_request', 'exchanges.http09_request', 'http.http09_request'), [1, 0, 1, 0]);
});

test('a disk that never answers does not keep the service from stopping', async () => {
  const disk = new SlowDisk({ isOnlyEnd: true });
  disk.requests(get('/1'), get('/2'));
  await disk.lines.drain(0);
  assert.deepEqual(disk.counts('exchanges.queue_full', 'exchanges.lost_request', 'http.exchanges'), [2, 2, 0]);
  disk.write();
  await settled();
  assert.deepEqual(disk.counts('exchanges.written', 'http.exchanges'), [0, 0], 'no line is counted twice');
});
