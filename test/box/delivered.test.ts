import assert from 'node:assert/strict';
import { test } from 'node:test';
import { difference, judge, requestsOf, type Delivered } from './delivered.ts';
import { idOf, requestBytes } from './requests.ts';

const ADDED = 'X-Forwarded-For: 10.80.0.2\r\nX-Real-IP: 10.80.0.2\r\nX-Mirror-Complete: true';

/** What an honest rebuilder sends for number `id`. */
function deliver(kind: 'keep-alive' | 'post', id: number, change: (head: string) => string = (head) => head): Buffer {
  const sent = requestBytes(kind, id);
  const headEnd = sent.indexOf('\r\n\r\n');
  const head = sent.toString('latin1', 0, headEnd)
    .replace(/^(connection|te|x-forwarded-for|x_real_ip):/gim, 'X-Mirror-Original-$1:');
  return Buffer.concat([Buffer.from(`${change(head)}\r\n${ADDED}\r\n\r\n`, 'latin1'), sent.subarray(headEnd + 4)]);
}

test('requests are a function of their number, of both framings and of all sizes', () => {
  for (let id = 0; id < 300; id++) {
    assert.ok(requestBytes('post', id).equals(requestBytes('post', id)));
    assert.deepEqual(idOf(requestBytes('keep-alive', id).toString('latin1').split(' ')[1]!), { kind: 'keep-alive', id });
  }
  const sizes = Array.from({ length: 300 }, (_, id) => requestBytes('post', id).length);
  assert.ok(Math.min(...sizes) < 1200 && Math.max(...sizes) > 900_000);
});

test('a recorded connection comes apart into its requests, each with the time of its last byte', () => {
  const parts = Array.from({ length: 60 }, (_, id) => deliver('post', id));
  const raw = Buffer.concat(parts);
  let end = 0;
  const times = parts.map((part, id) => `${end += part.length} ${1000 + id}`).join('\n');
  const found = [...requestsOf(raw, times)];
  assert.deepEqual(found.map(({ target, atMs }) => [target, atMs]), parts.map((_, id) => [`/box/post/${id}`, 1000 + id]));
  assert.equal([...requestsOf(raw.subarray(0, raw.length - 1), times)].length, 59, 'a cut request is not listed');
});

test('documented changes are none; every other one is named', () => {
  const changes: readonly (readonly [why: RegExp, id: number, change: (head: string) => string])[] = [
    [/start line/, 0, (head) => head.replace('GET', 'get')],
    [/start line/, 2, (head) => head.replace('%20', ' ')],
    [/line 1/, 1, (head) => head.replace('aCCept', 'Accept')],
    [/line 1/, 4, (head) => head.replace('   a  b', ' a  b')],
    [/line 1/, 2, (head) => head.replace('X-Twice: 1\r\n', '')],
    [/line 1/, 5, (head) => head.replace('X-Mirror-Original-X-Forwarded-For', 'X-Forwarded-For')],
    [/added X-Strange/, 0, (head) => `${head}\r\nX-Strange: 1`],
  ];
  for (const [why, id, change] of changes) {
    const [one] = [...requestsOf(deliver('keep-alive', id, change), '')] as [Delivered];
    assert.match(difference(one, requestBytes('keep-alive', id)) ?? 'no difference', why);
  }
  for (let id = 0; id < 210; id++) {
    const [one] = [...requestsOf(deliver('keep-alive', id), '')] as [Delivered];
    assert.equal(difference(one, requestBytes('keep-alive', id), { 'X-Real-IP': '10.80.0.2' }), null);
    assert.match(difference(one, requestBytes('keep-alive', id), { 'X-Real-IP': '10.80.0.9' })!, /X-Real-IP: 10\.80\.0\.9 expected/);
  }
});

test('one changed byte of a body is wrong; a part that says so is marked', () => {
  const changed = deliver('post', 1);
  changed[changed.length - 1]! ^= 1;
  const cut = Buffer.from('POST /box/post/2 HTTP/1.1\r\nHost: app.box\r\nX-Mirror-Complete: false\r\nContent-Length: 3\r\n\r\nabc');
  const { whole, marked, wrong, others } = judge([
    { raw: Buffer.concat([deliver('post', 0), changed]), times: '' },
    { raw: Buffer.concat([cut, Buffer.from('GET / HTTP/1.1\r\n\r\n')]), times: '' },
  ], 'post');
  assert.deepEqual([[...whole.keys()], [...marked], wrong.length, others.length], [[0], [2], 1, 1]);
});
