import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestPath } from '../../rebuilder/rules/request-path.ts';
import { requestOf } from './request-of.ts';

const CASES: readonly (readonly [target: string, raw: string, normalised: string | null])[] = [
  ['/', '/', '/'], ['/a/b?c=d', '/a/b', '/a/b'], ['/a#b', '/a', '/a'], ['http://h.example/a?b', '/a', '/a'], ['http://h.example', '/', '/'],
  ['*', '*', '*'], ['/a//b', '/a//b', '/a/b'], ['/a/./b', '/a/./b', '/a/b'], ['/a/../b', '/a/../b', '/b'], ['/a/b/..', '/a/b/..', '/a/'],
  ['/a/.', '/a/.', '/a/'], ['/%61', '/%61', '/a'], ['/%2e%2e/a', '/%2e%2e/a', null], ['/a/%2e%2E/b', '/a/%2e%2E/b', '/b'], ['/..', '/..', null],
  ['/a%2fb', '/a%2fb', '/a/b'], ['/%zz', '/%zz', null], ['/a%', '/a%', null], ['/a%00b', '/a%00b', null], ['/.well-known/x', '/.well-known/x', '/.well-known/x'],
  ['/%25%32%65', '/%25%32%65', null], ['/a/..b/c', '/a/..b/c', '/a/..b/c'], ['/a/..;b/c', '/a/..;b/c', null], ['/a/.;/c', '/a/.;/c', null],
  ['/a;b/../c', '/a;b/../c', '/c'], ['/a/..;', '/a/..;', null], ['/a\\..\\b', '/a\\..\\b', null], ['/a/..%5cb', '/a/..%5cb', null], ['/a%09', '/a%09', null],
  ['/a%25', '/a%25', '/a%'],
];

for (const [target, raw, normalised] of CASES) {
  test(`${target} is ${normalised ?? 'not to be normalised'}`, () => assert.deepEqual(requestPath(requestOf(`GET ${target} HTTP/1.1`)), { raw, normalised }));
}
