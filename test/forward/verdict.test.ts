import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEndpoint } from '../../rebuilder/forward/endpoint.ts';
import { irregularRoute } from '../../rebuilder/forward/irregular.ts';
import { verdict as closing } from '../../rebuilder/forward/verdict.ts';
import type { Speaker } from '../../rebuilder/forward/response-framer.ts';
import { IRREGULARITIES } from '../../rebuilder/http/irregular.ts';

const verdict = (status: number, speaker: Speaker, isSingle: boolean): string =>
  closing(status, speaker, isSingle, false);

test('what a status means depends on who gave it', () => {
  for (const status of [200, 204, 302, 401, 403, 404, 405, 429]) assert.equal(verdict(status, 'node', false), 'delivered');
  for (const status of [500, 502, 503, 504]) assert.equal(verdict(status, 'node', false), 'server_error');
  for (const speaker of ['balancer', 'unknown'] as const) {
    for (const status of [502, 503, 504]) assert.equal(verdict(status, speaker, false), 'retry');
  }
  for (const speaker of ['balancer', 'unknown', 'node'] as const) {
    for (const status of [400, 413, 414, 431, 501, 505]) assert.equal(verdict(status, speaker, false), `forward.refused.${status}`);
  }
  for (const status of [405, 463]) assert.equal(verdict(status, 'balancer', false), `forward.refused.${status}`);
  assert.equal(verdict(408, 'balancer', false), 'unread');
  assert.equal(verdict(408, 'node', false), 'delivered');
  assert.equal(closing(408, 'node', false, true), 'unread');
  for (const status of [403, 460, 500, 561]) assert.equal(verdict(status, 'balancer', false), 'forward.refused.other');
});

test('on the raw path 405 says that the method was not read', () => {
  assert.equal(verdict(405, 'node', true), 'forward.refused.405');
  assert.equal(verdict(404, 'node', true), 'delivered');
});

test('every tolerance of the parser has a route', () => {
  const shared = IRREGULARITIES.filter((name) => irregularRoute([name]) === 'shared');
  assert.deepEqual(shared, ['empty_line_before_request', 'non_ascii', 'http2_translated']);
  assert.equal(irregularRoute(['missing_version']), 'reframed');
});

test('the strictest of several wins; a name from tomorrow goes apart', () => {
  assert.equal(irregularRoute(['non_ascii', 'bare_lf', 'non_ascii']), 'apart');
  assert.equal(irregularRoute(['bare_lf', 'missing_version', 'non_ascii']), 'reframed');
  assert.equal(irregularRoute(['constructor']), 'apart');
});

test('endpoints', () => {
  assert.deepEqual(parseEndpoint('http://node.internal:8445', 'k'), { host: 'node.internal', port: 8445 });
  assert.deepEqual(parseEndpoint('http://node.internal', 'k'), { host: 'node.internal', port: 80 });
  assert.deepEqual(parseEndpoint('node.internal:8445', 'k'), { host: 'node.internal', port: 8445 });
  assert.deepEqual(parseEndpoint('http://[::1]:81/', 'k'), { host: '::1', port: 81 });
  assert.throws(() => parseEndpoint('https://node', 'forward.endpoint'), /^Error: forward\.endpoint: 'https:\/\/node' is not plain HTTP; /);
  assert.throws(() => parseEndpoint('http://node/path', 'forward.endpoint'), /^Error: forward\.endpoint: 'http:\/\/node\/path' holds more than a host and a port; /);
  assert.throws(() => parseEndpoint('http://:80', 'forward.endpoint'), /^Error: forward\.endpoint: 'http:\/\/:80' is not an address; /);
});
