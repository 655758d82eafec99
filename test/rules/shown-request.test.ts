import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskHead, maskHost, maskValues, printable, shownLine } from '../../rebuilder/rules/shown-request.ts';

for (const [target, masked] of [
  ['/plain/path', '/plain/path'],
  ['/a?b=1&c=2', '/a?b=***&c=***'],
  ['/a?token', '/a?***'],
  ['/a?b=1;c=2&d', '/a?b=***;c=***&***'],
  ['/a?b=1=2?c=3', '/a?b=***'],
  ['/a;jsessionid=1/b;v', '/a;jsessionid=***/b;***'],
  ['http://user:pass@shop.example/a?b=1', 'http://***@shop.example/a?b=***'],
  ['/a#access_token=1', '/a#***'],
  ['/a?b=1#c', '/a?b=***#***'],
  ['user:pass@shop.example:443', '***@shop.example:443'],
  ['/to/https://user:p@ss@shop.example/a', '/to/https://***@shop.example/a'],
  ['http:\\\\user:pass@shop.example/a', 'http:\\\\***@shop.example/a'],
  ['https://token@shop.example/a', 'https://***@shop.example/a'],
  ['/@scope/package@1.0', '/@scope/package@1.0'],
  ['/a&token=1&b=2/c', '/a&token=***&b=***/c'],
  ['/rock&roll', '/rock&roll'],
  ['/a%3Ftoken%3D1%26b=2;c=3', '/a%3Ftoken%3D***%26b=***;c=***'],
  ['?', '?***'],
  ['', ''],
] as const) {
  test(`masked: ${target}`, () => assert.equal(maskValues(target), masked));
}

const MASKED = { method: '***', target: '***' };
for (const [method, target, shown, verbose = shown.target] of [
  ['GET', '/a?b=1', { method: 'GET', target: '/a?b=***' }, '/a?b=1'],
  ['VERSION-CONTROL', '*', { method: 'VERSION-CONTROL', target: '*' }],
  ['GET', 'http://user:pass@h/a', { method: 'GET', target: 'http://***@h/a' }],
  ['CONNECT', 'shop.example:443', { method: 'CONNECT', target: 'shop.example:443' }],
  ['', '', { method: '', target: '' }],
  ['{"q":"union', 'select secret"}GET /next', MASKED],
  ['q=secretGET', '/next', MASKED],
  ['hunter2', '/next', MASKED],
  ['secretGET', '/next', MASKED],
  ['A'.repeat(33), '/next', MASKED],
  ['q=secret', '', { method: '***', target: '' }],
  ['GET', 'secret', { method: 'GET', target: '***' }],
  ['GET', '/a secret', { method: 'GET', target: '/a ***' }, '/a secret'],
  ['GET', '/a?b=1\tsecret', { method: 'GET', target: '/a?b=*** ***' }, '/a?b=1\tsecret'],
] as const) {
  test(`logs show of ${method} ${target}: ${shown.method} ${shown.target}`, () => {
    assert.deepEqual(shownLine(method, target), shown);
    assert.deepEqual(shownLine(method, target, true), { method: shown.method, target: verbose });
  });
}

for (const [host, shown] of [
  ['shop.example', 'shop.example'], ['shop.example:8080', 'shop.example:8080'], ['[2001:db8::1]:80', '[2001:db8::1]:80'], ['10.0.2.9', '10.0.2.9'],
  ['user:pass@shop.example', '***'], ['a b', '***'], ['"><script>', '***'], ['', ''],
] as const) {
  test(`a Host line that is none is a value: ${host}`, () => assert.equal(maskHost(host), shown));
}

for (const [what, head, masked] of [
  ['headers and the query', 'GET /a?b=1 HTTP/1.1\r\nHost: x\r\nCookie: sid=1\r\n\r\n', 'GET /a?b=*** HTTP/1.1\nHost: ***\nCookie: ***\n\n'],
  ['a folded value', 'GET / HTTP/1.1\nA: b\n c: d\n\te\n\n', 'GET / HTTP/1.1\nA: ***\n***\n***\n\n'],
  ['a request line that is bytes of a body', '{"q":"a b"}GET /next HTTP/1.1\r\nHost: x\r\n\r\n', '*** *** *** HTTP/1.1\nHost: ***\n\n'],
  ['a line without a colon', 'GET / HTTP/1.1\r\nsecret\r\n\r\n', 'GET / HTTP/1.1\n***\n\n'],
  ['blanks where none belong', 'GET  /a?b  HTTP/1.1\r\nHost : a\r\n\r\n', 'GET /a?*** HTTP/1.1\nHost : ***\n\n'],
  ['a target with a blank in it', 'GET /a secret HTTP/1.1\r\n\r\n', 'GET /a *** HTTP/1.1\n\n'],
  ['HTTP/0.9', 'GET /a?b=1\r\n', 'GET /a?b=***\n'],
  ['nothing', '', ''],
] as const) {
  test(`a head is shown without its values: ${what}`, () => assert.equal(maskHead(head), masked));
}

test('control bytes are written out', () => {
  assert.equal(printable('a\x1b[2J\x00\x7f\xff~'), 'a\\x1b[2J\\x00\\x7f\\xff~');
});
