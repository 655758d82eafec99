// docs/forwarding.md names every line that is added, every route of an irregular request, and every end of a request,
// and no others.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { addedBytes, putAddedLines } from '../../rebuilder/forward/added-lines.ts';
import { isReservedName } from '../../rebuilder/forward/header-name.ts';
import { irregularRoute } from '../../rebuilder/forward/irregular.ts';
import { LoopMarker } from '../../rebuilder/forward/loop-marker.ts';
import { ADDED_HEADERS } from '../../rebuilder/http/added-headers.ts';
import { IRREGULARITIES } from '../../rebuilder/http/irregular.ts';
import { Field, type Response } from '../../rebuilder/http/message.ts';
import { COUNTER_NAMES, COUNTERS } from '../../rebuilder/ledger.ts';
import { buildRequest, ENVELOPE } from '../forward/request-builder.ts';

const text = readFileSync('docs/forwarding.md', 'utf8');

/** The first two columns of a table between its marks, without code marks. */
function rows(mark: string): string[][] {
  const table = new RegExp(`<!-- ${mark} -->\n([^]*?)<!-- /${mark} -->`).exec(text);
  assert.ok(table, `no table between <!-- ${mark} --> and <!-- /${mark} -->`);
  return table[1]!.split('\n').slice(2, -1).map((row) => row.split('|').slice(1, 3).map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')));
}

test('the lines we add, in their order', () => {
  assert.deepEqual(rows('added').map(([name]) => name), ADDED_HEADERS);
});

test('ADDED_HEADERS is what is written', () => {
  const response: Response = { ...buildRequest('GET / HTTP/1.1\r\n\r\n'), status: 200, reasonStart: 0, reasonEnd: 0 };
  const request = buildRequest('GET / HTTP/1.1\r\n\r\n', { response, correction: true, reading: 2, isFound: true });
  const seen = new Set<string>();
  for (const close of [false, true]) {
    const to = Buffer.alloc(addedBytes(request, ENVELOPE));
    const add = { complete: true, requestId: true, keepAlive: !close, close, contentLength: 5 };
    const end = putAddedLines(request, ENVELOPE, new LoopMarker(Buffer.from('key')), add, to, 0);
    for (const line of to.toString('latin1', 0, end).trimEnd().split('\r\n')) seen.add(line.slice(0, line.indexOf(':')));
  }
  assert.deepEqual([...seen], ADDED_HEADERS);
});

test('what we add, a client cannot: in any spelling it is taken for ours, while a head is read and when it is written', () => {
  for (const name of ADDED_HEADERS.filter((one) => !['X-Request-ID', 'Connection', 'Content-Length'].includes(one))) {
    for (const spelling of [name, name.toLowerCase(), name.toUpperCase(), name.replaceAll('-', '_')]) {
      const request = buildRequest(`GET / HTTP/1.1\r\n${spelling}: 1\r\n\r\n`);
      assert.equal(request.lines[0], Field.reserved, spelling);
      const bytes = Buffer.from(spelling);
      assert.equal(isReservedName(bytes, 0, bytes.length), true, spelling);
    }
  }
});

test('the route of each irregular request', () => {
  assert.deepEqual(rows('irregular'), IRREGULARITIES.map((name) => [name, irregularRoute([name])]));
});

test('the ends of a request', () => {
  const ends = COUNTER_NAMES.filter((name) => name.startsWith('forward.') && ['out', 'lost'].includes(COUNTERS[name].role));
  assert.deepEqual(rows('ends').map(([name]) => name), ends);
});

test('the ends of an exchange', () => {
  const ends = COUNTER_NAMES.filter((name) => name.startsWith('ext_proc.') && ['out', 'lost'].includes(COUNTERS[name].role));
  assert.deepEqual(rows('ext_proc ends').map(([name]) => name), ends);
});

test('every counter the page names exists', () => {
  for (const [, name] of text.matchAll(/`((?:forward|ext_proc)\.[a-z_.0-9]+)`/g)) {
    const isOption = ['forward.endpoint', 'forward.raw_endpoint', 'forward.pipelining', 'forward.body_limit', 'forward.response_timeout', 'forward.connect_timeout',
      'forward.resolve_interval', 'forward.queue_bytes', 'forward.sample', 'forward.deadline', 'forward.attempts', 'forward.ext_proc', 'forward.ext_proc.body_limit'].includes(name!);
    assert.ok(isOption || (COUNTER_NAMES as readonly string[]).includes(name!), name);
  }
});
