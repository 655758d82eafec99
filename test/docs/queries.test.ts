// The questions of docs/queries.md are asked, in DuckDB, of exchanges that the rebuilder has told; the view for Athena
// answers the same.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { ExchangeJson } from '../../rebuilder/exchange/exchange-json.ts';
import { folder } from '../command-line.ts';
import { TcpStream } from '../tcp-stream.ts';
import { pythonVenv } from '../terraform/python-venv.ts';

const page = readFileSync('docs/queries.md', 'utf8');
const blocks = (kind: string): string[] => [...page.matchAll(new RegExp(`^\`\`\`sql${kind}\n([^]*?)^\`\`\``, 'gm'))].map(([, sql]) => sql!);

const DAY_MS = 86_400_000;
const UUID = '0b4e7a52-6c1d-4f6e-9f0a-3a1f0b9c2d11';

interface Call {
  daysAgo?: number; client?: string; line: string; headers?: readonly string[]; body?: string; status?: number;
  size?: number;
}

/** Rebuilt from packets of that day. */
function told({ daysAgo = 0, client = '10.0.1.7', line, headers = [], body = '', status = 200, size = 2 }: Call): ExchangeJson[] {
  const stream = new TcpStream();
  stream.nowMs = Date.now() - daysAgo * DAY_MS;
  const length = body === '' ? [] : [`Content-Length: ${body.length}`];
  stream.open().send([`${line} HTTP/1.1`, 'Host: Shop.example', ...headers, ...length, '', body].join('\r\n'));
  stream.answer(`HTTP/1.1 ${status} X\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`);
  stream.end();
  return stream.exchanges.map((one) => ({ ...one, src: `${client}:41000` }));
}

const BEARER = 'authorization: Bearer abc';
const JSON_TYPE = 'Content-Type: application/json; charset=utf-8';
const CALLS: readonly Call[] = [
  { daysAgo: 20, line: 'GET /api/v1/orders/17', headers: [BEARER] },
  { line: 'GET /api/v1/orders/18?expand=1', headers: [BEARER], size: 900 },
  { line: `GET /api/v2/orders/${UUID}`, headers: ['X-API-Key: k'] },
  { line: `DELETE /api/v2/orders/${UUID}`, headers: ['Cookie: a=b'], status: 503 },
  { line: 'GET /api/v1/orders/19', client: '10.0.1.8' },
  { line: 'POST /login?token=abc', headers: [JSON_TYPE], body: '{"a":1}', status: 500 },
  { line: 'POST /login', headers: [JSON_TYPE], body: '{"a":12}' },
  ...['/admin', '/.env', '/wp-login.php'].map((path) => ({ client: '10.6.6.6', line: `GET ${path}`, headers: ['User-Agent: scanner'], status: 404 })),
];

const HOST = 'shop.example';
const today = new Date().toISOString().slice(0, 10);

/** The answer to each question, by the columns that matter. */
const EXPECTED: readonly (readonly [columns: readonly string[], rows: readonly (readonly unknown[])[]])[] = [
  [['method', 'endpoint', 'first_day', 'calls'], [
    ['POST', '/login', today, 2], ['DELETE', '/api/v2/orders/{id}', today, 1], ['GET', '/api/v2/orders/{id}', today, 1],
  ]],
  [['endpoint', 'method', 'calls', 'succeeded'], [
    ['/.env', 'GET', 1, 0], ['/admin', 'GET', 1, 0], ['/api/v1/orders/{id}', 'GET', 2, 2], ['/api/v2/orders/{id}', 'DELETE', 1, 0],
    ['/api/v2/orders/{id}', 'GET', 1, 1], ['/login', 'POST', 2, 1], ['/wp-login.php', 'GET', 1, 0],
  ]],
  [['endpoint', 'auth', 'calls', 'clients'], [
    ['/.env', 'none', 1, 1], ['/admin', 'none', 1, 1], ['/api/v1/orders/{id}', 'bearer', 1, 1], ['/api/v1/orders/{id}', 'none', 1, 1],
    ['/api/v2/orders/{id}', 'api key', 1, 1], ['/api/v2/orders/{id}', 'cookie', 1, 1], ['/login', 'none', 2, 1], ['/wp-login.php', 'none', 1, 1],
  ]],
  [['host', 'endpoint', 'method', 'without_credentials', 'calls'], [[HOST, '/api/v1/orders/{id}', 'GET', 1, 2]]],
  [['endpoint', 'failed', 'calls', 'percent'], [['/api/v2/orders/{id}', 1, 2, 50], ['/login', 1, 2, 50]]],
  [['client', 'refused', 'paths', 'a_user_agent'], [['10.6.6.6', 3, 3, 'scanner']]],
  [['endpoint', 'method', 'largest', 'bytes', 'calls'], [
    ['/api/v1/orders/{id}', 'GET', 900, 902, 2], ['/.env', 'GET', 2, 2, 1], ['/admin', 'GET', 2, 2, 1],
  ]],
  [['endpoint', 'content_type', 'calls', 'largest'], [['/login', 'application/json', 2, 8]]],
  [['endpoint', 'parameter', 'calls'], [['/login', 'token', 1]]],
  [['host', 'version', 'calls', 'clients', 'last_day'], [[HOST, 'v1', 3, 2, today], [HOST, 'v2', 2, 1, today]]],
];

test('every question has its answer, the same from the view for DuckDB and from that for Athena', async (t) => {
  const programs = await pythonVenv(t, 'duckdb', 'duckdb==2.0.1 sqlglot==30.30.0');
  if (programs === undefined) return;
  const [questions, duckdb, athena] = [blocks(''), blocks(' duckdb'), blocks(' athena')];
  assert.deepEqual([questions.length, duckdb.length, athena.length], [EXPECTED.length, 1, 1]);
  // As they lie on a machine: the file being written, and a full one.
  const dir = folder(t);
  const lines = CALLS.flatMap(told).map((one) => `${JSON.stringify(one)}\n`);
  assert.equal(lines.length, CALLS.length);
  writeFileSync(join(dir, 'exchanges.jsonl'), lines.slice(0, 4).join(''));
  writeFileSync(join(dir, 'exchanges.jsonl.1.gz'), gzipSync(lines.slice(4).join('')));
  const input = JSON.stringify({ files: join(dir, 'exchanges.jsonl*'), duckdb: duckdb[0], athena: athena[0], questions });
  const run = spawnSync(join(programs, 'python'), ['test/docs/queries.py'], { input, encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  const found = JSON.parse(run.stdout) as Record<'duckdb' | 'athena', Record<string, unknown>[][]>;
  assert.deepEqual(found.athena, found.duckdb);
  EXPECTED.forEach(([columns, rows], i) => {
    assert.deepEqual(found.duckdb[i]!.slice(0, rows.length + (i === 6 ? 0 : 1)).map((row) => columns.map((name) => row[name])), rows, `question ${i + 1}`);
  });
});
