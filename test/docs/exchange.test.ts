// docs/exchange.md is a contract: it names every field that a line can have, and every mark of an irregular request.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { exchangeJson } from '../../rebuilder/exchange/exchange-json.ts';
import { IRREGULARITIES } from '../../rebuilder/http/irregular.ts';
import { REPLAY_LIMITS } from '../../rebuilder/cli/replay.ts';
import { COUNTERS } from '../../rebuilder/ledger.ts';
import { TcpStream } from '../tcp-stream.ts';

const page = readFileSync('docs/exchange.md', 'utf8');

function section(title: string): string {
  const from = page.indexOf(`\n## ${title}\n`);
  assert.ok(from >= 0, title);
  const to = page.indexOf('\n## ', from + 1);
  return page.slice(from, to < 0 ? undefined : to);
}

/** First column and second column of a section's table. */
const rows = (title: string): [string, string][] => [...section(title).matchAll(/^\| `([^`]+)` \| ([^|]*?) \|/gm)].map(([, name, next]) => [name!, next!]);

/** Exchanges that have between them every field there is. */
function exchanges(): unknown[] {
  const stream = new TcpStream({ limits: { ...REPLAY_LIMITS, gapTimeoutMs: 100, reorderMs: 50 } }).open();
  const first = 'POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX: y\r\n\r\n';
  stream.send(first);
  stream.answer('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n');
  const second = 'POST /b HTTP/1.1\nHost: a\r\nContent-Length: 9\r\n\r\n';
  const body = first.length + second.length;
  stream.send(second).send('3', { at: body + 2 }).wait(1000).send('12', { at: body }).send('456789', { at: body + 3 });
  stream.answer('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ncut');
  stream.end();
  const again: unknown[] = [];
  new TcpStream({}, 1000, {
    exchange: (request) => again.push(exchangeJson(Object.assign(request, { reading: 2, isFound: true }))),
  })
    .open()
    .send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    .end();
  return [...stream.exchanges, ...again];
}

function keysOf(value: unknown): string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}

test('every field is in the page, and nothing else is', () => {
  const all = exchanges() as Record<string, unknown>[];
  const seen = (part: 'request' | 'response'): string[] => [...new Set(all.flatMap((one) => keysOf(one[part])))].sort();
  assert.deepEqual([...new Set(all.flatMap(keysOf))].sort(), rows('The exchange').map(([name]) => name).sort());
  const documented = rows('Requests and responses');
  for (const part of ['request', 'response'] as const) {
    assert.deepEqual(seen(part), documented.filter(([, where]) => where === part || where === 'both').map(([name]) => name).sort(), part);
  }
});

test('every mark of an irregular request is explained, in the order of the code', () => {
  assert.deepEqual(rows('Irregular requests').map(([name]) => name), [...IRREGULARITIES]);
});

test('what the page names of the ledger exists', () => {
  for (const [, name] of page.matchAll(/`((?:tcp|http)\.[a-z0-9_.]+)`/g)) assert.ok(name! in COUNTERS, name);
});

test('its example is a line as they are', () => {
  const example = JSON.parse(/```json\n([^]*?)```/.exec(page)![1]!) as Record<string, unknown>;
  assert.deepEqual(Object.keys(example), rows('The exchange').map(([name]) => name));
  assert.equal(Buffer.from((example['request'] as { body: string }).body, 'base64').length, (example['request'] as { bodySize: number }).bodySize);
});

test('its example of two readings is what is told of these bytes', () => {
  const [, example] = [...page.matchAll(/```json\n([^]*?)```/g)].map(([, text]) => text!);
  const lines = example!.replaceAll('\n ', '').trim().split('\n').map((line) => JSON.parse(line) as { request: Record<string, unknown> });
  const told: unknown[] = [];
  new TcpStream({}, 1000, { exchange: (request) => told.push(exchangeJson(request).request) })
    .open()
    .send('POST /api HTTP/1.1\r\nHost: shop.example\r\nContent-Length: +27\r\n\r\n{"q":"union select secret"}GET /next HTTP/1.1\r\nHost: shop.example\r\n\r\n')
    .end();
  for (const { request } of lines) {
    assert.ok(told.some((one) => JSON.stringify(one) === JSON.stringify(request)), JSON.stringify([request, told]));
  }
});
