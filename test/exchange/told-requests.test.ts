// What is told of one place in a stream that a second reader reads otherwise: one id, marked readings, nothing twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { type ExchangeJson, exchangeJson } from '../../rebuilder/exchange/exchange-json.ts';
import { HttpConnection } from '../../rebuilder/exchange/http-connection.ts';
import { ResponseWaits } from '../../rebuilder/exchange/response-waits.ts';
import { WaitingRequests } from '../../rebuilder/exchange/waiting-requests.ts';
import { http1Context } from '../../rebuilder/http1/http1-context.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Budget } from '../../rebuilder/reassembly/budget.ts';
import { Connection } from '../../rebuilder/reassembly/connection.ts';
import { ConnectionMemory } from '../../rebuilder/reassembly/connection-memory.ts';
import { History } from '../../rebuilder/reassembly/history.ts';
import { ReadingsInUse } from '../../rebuilder/reassembly/readings-in-use.ts';
import { Timers } from '../../rebuilder/reassembly/timers.ts';
import type { StreamSink } from '../../rebuilder/reassembly/stream-sink.ts';
import { Packet, TcpFlag } from '../../rebuilder/wire/packet.ts';
import { TcpStream } from '../tcp-stream.ts';

const FROM = { ack: 7, timeMs: 1, ipId: 3 };

/** The client's stream of a connection, to be fed and forked by hand. */
class Client {
  readonly ledger = new Ledger();
  readonly told: ExchangeJson[] = [];
  readonly sink: StreamSink;
  readonly #at = new Map<StreamSink, number>();

  constructor() {
    const { limits } = REPLAY_OPTIONS;
    const budget = new Budget(1 << 20);
    const exchanges = {
      exchange: (request: Parameters<typeof exchangeJson>[0]) => void this.told.push(exchangeJson(request)),
    };
    const context = {
      ledger: this.ledger, reader: http1Context(this.ledger, budget, 65_536, 65_536),
      lateReader: http1Context(new Ledger(), budget, 65_536, 65_536),
      exchanges, parseResponses: false, responseTimeoutMs: 0, expectsProxyHeader: () => false,
      waiting: new ResponseWaits(0),
      waitingRequests: new WaitingRequests(this.ledger, budget), nowMs: 0,
    };
    const streams = {
      ledger: this.ledger, limits, reorderBudget: budget, correctionBudget: budget, timers: new Timers(),
      connections: new ConnectionMemory(budget),
      readings: new ReadingsInUse(),
      history: new History(65_536), strays: null, nowMs: 0, aside: null,
    };
    const syn = Object.assign(new Packet(), { flags: TcpFlag.syn, srcPort: 41_000, dstPort: 80 });
    const connection = new Connection(syn, 0, streams, { open: (one) => new HttpConnection(one, context) }, 0);
    this.sink = connection.fromA.sink;
  }

  fork(): StreamSink {
    const fork = this.sink.fork('reading');
    assert.ok(fork !== null);
    this.#at.set(fork, this.#at.get(this.sink)!);
    return fork;
  }

  send(text: string, sink = this.sink): this {
    const at = this.#at.get(sink) ?? 0;
    this.#at.set(sink, at + text.length);
    sink.data(Buffer.from(text, 'latin1'), 0, text.length, at, FROM);
    return this;
  }

  get summary(): string[] {
    return this.told.map(({ request }) => `${request.target} ${Buffer.from(request.body, 'base64').toString()} ${request.reading ?? ''}`.trimEnd());
  }
}

test('another body: the same id, marked, counted', () => {
  const client = new Client().send('POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n');
  const fork = client.fork();
  client.send('hello').send('HELLO', fork);
  assert.deepEqual(client.summary, ['/a hello', '/a HELLO 2']);
  assert.equal(client.told[1]!.id, client.told[0]!.id);
  assert.equal(client.ledger.get('http.second_readings'), 1);
});

test('another head, and the second reader is ahead of the first: still one id', () => {
  const client = new Client().send('GET /');
  const fork = client.fork();
  client.send('attack HTTP/1.1\r\nHost: a\r\n\r\n', fork).send('benign HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.deepEqual(client.summary, ['/attack  2', '/benign']);
  assert.equal(client.told[1]!.id, client.told[0]!.id);
});

test('a second reading of the same bytes is not told', () => {
  const client = new Client().send('GET /1 HTTP/1.1\r\n');
  const fork = client.fork();
  for (const sink of [client.sink, fork]) client.send('Host: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n', sink);
  assert.deepEqual(client.summary, ['/1', '/2']);
  assert.equal(client.ledger.get('http.second_readings'), 0);
});

test('readings of one place are numbered, and no more than thirty-two are told', () => {
  const client = new Client().send('GET /');
  const forks = Array.from({ length: 36 }, () => client.fork());
  for (const [i, sink] of [client.sink, ...forks].entries()) client.send(`${i} HTTP/1.1\r\nHost: a\r\n\r\n`, sink);
  assert.deepEqual(client.summary, ['/0', ...Array.from({ length: 31 }, (_, i) => `/${i + 1}  ${i + 2}`)]);
});

test('without a second reader nothing is remembered: a connection may bring the same bytes at the same place again', () => {
  const client = new Client().send('GET /');
  client.fork().discard();
  client.send('a HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.deepEqual(client.summary, ['/a']);
});

test('the rest of a head that was told without it comes as a correction of the same id', () => {
  const stream = new TcpStream({ limits: { ...REPLAY_OPTIONS.limits, stallTimeoutMs: 500 }, parseResponses: false })
    .open();
  stream.send('GET /a HTTP/1.1\r\nHost: a\r\n').wait(1000).send('Cookie: b=c\r\n\r\n').end();
  assert.deepEqual(
    stream.exchanges.map(({ request }) => [request.complete, request.correction ?? false]),
    [[false, false], [true, true]],
  );
  assert.equal(stream.exchanges[1]!.id, stream.exchanges[0]!.id);
});
