// A fault anywhere costs one packet, one request or one look at what waits. It is injected into the ledger: at each
// place that counts something, while connections of many kinds are read, timed out and flushed, the first count, then
// the second and so on throws.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import type { CounterName } from '../../rebuilder/ledger.ts';
import { BEGIN, GET, headers } from '../http2/http2-frames.ts';
import { TcpStream } from '../tcp-stream.ts';

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const post = (target: string, body: string): string => `POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** What each connection brings, and the targets that are told of it. */
const CONNECTIONS: readonly (readonly [targets: readonly string[], play: (stream: TcpStream) => void])[] = [
  [['/answered'], (stream) => stream.open().send(get('/answered')).answer(OK)],
  [['/pieces'], (stream) => stream.open().send(post('/pieces', 'hello').slice(0, 30)).send(post('/pieces', 'hello').slice(30)).answer(OK)],
  [['/hole'], (stream) => stream.open().send(get('/hole')).answer(OK).send(get('/behind'), { at: 500 })],
  [['/stalls'], (stream) => stream.open().send('POST /stalls HTTP/1.1\r\nHost: a\r\nContent-Length: 90\r\n\r\nhalf')],
  [['/unanswered'], (stream) => stream.open().send(get('/unanswered')).answer('')],
  [['/two-readings'], (stream) => stream.open().send('POST /two-readings HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n').answer(OK)],
  [['/closed'], (stream) => stream.open().send(get('/closed')).answer(OK).close()],
  [['/reset'], (stream) => stream.open().send(get('/reset')).answer('', { flags: 4 })],
  [['/midstream'], (stream) => stream.send(`nonsense\r\n\r\n${get('/midstream')}`)],
  [['/a'], (stream) => stream.open().send(Buffer.concat([BEGIN, headers(1, GET)]))],
  [['/again'], (stream) => stream.open().send(get('/again')).send(get('/again'), { at: 0 }).send(get('/again'), { at: 0, badChecksum: true })],
  [['/neighbour'], (stream) => stream.open().send(get('/neighbour')).answer(OK)],
];

interface Played {
  readonly told: ReadonlySet<string>;
  readonly counts: readonly CounterName[];
  readonly faults: number;
  readonly imbalance: unknown[];
}

/** @param faultAt which count throws; -1 = none */
function played(faultAt: number): Played {
  const limits = {
    ...REPLAY_OPTIONS.limits, stallTimeoutMs: 500, gapTimeoutMs: 300, reorderMs: 100, idleTimeoutMs: 3000,
  };
  const stream: TcpStream = new TcpStream({ parseResponses: true, responseTimeoutMs: 800, limits, isLive: true });
  const counts: CounterName[] = [];
  const { ledger } = stream;
  const count = ledger.count.bind(ledger);
  ledger.count = (name, by) => {
    if (name.startsWith('pipeline.')) return count(name, by);
    counts.push(name);
    if (counts.length - 1 === faultAt) throw new Error(`injected: ${name}`);
    count(name, by);
  };
  for (const [, play] of CONNECTIONS) {
    play(stream);
    stream.nextConnection();
  }
  // The next packet finds something due.
  stream.nowMs += 400;
  stream.open().send(get('/due')).nextConnection();
  // The rest is idle by then, or is flushed.
  stream.wait(1600);
  stream.nextConnection().open().send(get('/later'));
  stream.wait(2000);
  stream.end();
  return {
    told: new Set(stream.exchanges.map(({ request }) => request.target)), counts, faults: ledger.get('pipeline.faults'),
    imbalance: stream.imbalance().filter(({ unit }) => unit !== 'exchanges'),
  };
}

const quiet = (): void => {};
before(() => process.on('warning', quiet));
after(() => process.off('warning', quiet));

test('wherever a fault is, no more than one connection suffers', () => {
  const { told: all, counts, faults: none } = played(-1);
  assert.equal(none, 0);
  for (const [targets] of CONNECTIONS) for (const target of targets) assert.ok(all.has(target), `${target}: ${[...all].join()}`);
  const kinds = new Set(counts);
  for (const name of ['http.stalled', 'tcp.flow_idle_timeout', 'http.response_timeout', 'tcp.reassembly_gap'] as const) assert.ok(kinds.has(name), name);
  for (let faultAt = 0; faultAt < counts.length; faultAt++) {
    const { told, faults, imbalance } = played(faultAt);
    const where = `fault ${faultAt} of ${counts.length}, at ${counts[faultAt]}`;
    assert.equal(faults, 1, where);
    assert.deepEqual(imbalance, [], where);
    const hurt = CONNECTIONS.filter(([targets]) => targets.some((target) => !told.has(target)));
    assert.ok(hurt.length <= 1, `${where}: ${hurt.map(([targets]) => targets.join()).join(' ')}`);
  }
});
