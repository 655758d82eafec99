// A busy mirror that shows clients only: what a stream said has been overwritten by what others said, when other bytes
// come for the same place. Which of the two its server took nobody can tell: both are told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import type { ExchangeJson } from '../../rebuilder/exchange/exchange-json.ts';
import { randomNumbers } from '../random-numbers.ts';
import { TcpStream } from '../tcp-stream.ts';

const RING = 1 << 16;
const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const post = (target: string, body: string): string =>
  `POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

interface Case {
  readonly why: string;
  readonly before?: readonly string[];
  /** Segments that the server drops, and those that come for their place once they are forgotten. */
  readonly first: readonly string[];
  readonly later: readonly string[];
  readonly told: readonly string[];
  /** Those of them that are second readings; default: the last. */
  readonly again?: readonly string[];
  /** Joined in the middle, the first is still there, waiting for its stream's beginning. */
  readonly joined?: readonly string[];
  /** Different ones that they have; 0 = as many as they will. */
  readonly ids?: number;
}

const CASES: readonly Case[] = [
  { why: 'both are told: a request as long', first: [get('/harmless')], later: [get('/attacked')], told: ['/harmless', '/attacked'] },
  { why: 'both are told: a shorter one', first: [get('/harmless')], later: [get('/a')], told: ['/harmless', '/a'] },
  { why: 'both are told: a longer one', first: [get('/a')], later: [get('/attacked')], told: ['/a', '/attacked'] },
  { why: 'both are told: in two segments', first: [get('/harmless')], later: [get('/attacked').slice(0, 9), get('/attacked').slice(9)],
    told: ['/harmless', '/attacked'] },
  { why: 'both are told: behind another request', before: [get('/1')], first: [get('/harmless')], later: [get('/attacked')],
    told: ['/1', '/harmless', '/attacked'] },
  { why: 'both are told: a body', first: [post('/', 'harmless')], later: [post('/', 'attacked')], told: ['/ harmless', '/ attacked'] },
  { why: 'the last request, sent again unchanged, is told once', first: [get('/same')], later: [get('/same')], told: ['/same'], again: [] },
  { why: 'one with a body may have had another: it is a second reading of the same id', first: [post('/', 'a')], later: [post('/', 'a')],
    told: ['/ a'], ids: 1, joined: ['with its SYN'] },
  { why: 'the beginning of a body that is sent again is no request', before: [post('/', 'a').slice(0, -1)], first: ['b'], later: ['b'], told: ['/ b'],
    again: [] },
];

function busy(stream: TcpStream): void {
  stream.clientPort += 100;
  const random = randomNumbers(3);
  for (let sent = 0, at = 0; sent < 2 * RING; sent += 1000, at += 1000) {
    stream.send(Buffer.from(`GET /${String(random(1e9)).padEnd(970, 'x')} HTTP/1.1\r\nHost: b\r\n\r\n`), { at });
  }
  stream.clientPort -= 100;
}

for (const { why, before = [], first, later, told, again = told.slice(-1), ids = 0, joined: how = ['with its SYN', 'in the middle'] } of CASES) {
  for (const joined of how) test(`${why}; joined ${joined}`, () => {
    const stream = new TcpStream(
      { parseResponses: false, limits: { ...REPLAY_OPTIONS.limits, correctionBytes: RING } },
    );
    if (joined === 'with its SYN') stream.send('', { flags: 2, at: -1 });
    let at = 0;
    for (const data of before) {
      stream.send(data, { at });
      at += data.length;
    }
    const place = at;
    for (const data of first) {
      stream.send(data, { at, ack: stream.serverIsn + 90_000 });
      at += data.length;
    }
    busy(stream);
    at = place;
    for (const data of later) {
      stream.send(data, { at });
      at += data.length;
    }
    assert.deepEqual(stream.end(), []);
    const mine = stream.exchanges.filter(({ src }) => src.endsWith(`:${stream.clientPort}`));
    const text = ({ request }: ExchangeJson): string => `${request.target} ${Buffer.from(request.body, 'base64').toString()}`.trim();
    for (const one of told) assert.ok(mine.some((exchange) => text(exchange) === one), `${one} among ${mine.map(text).join(', ')}`);
    assert.deepEqual(mine.filter(({ request }) => request.reading !== undefined).map(text), again);
    if (ids > 0) assert.equal(new Set(mine.map(({ id }) => id)).size, ids);
  });
}
