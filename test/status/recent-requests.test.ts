import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentList } from '../../rebuilder/status/recent-list.ts';
import { RecentRequests } from '../../rebuilder/status/recent-requests.ts';
import { requestOf } from '../rules/request-of.ts';
import type { RetainableRequest } from '../../rebuilder/rules/redaction.ts';
import { listed } from './stub-source.ts';

const get = (target: string, ...headers: string[]): RetainableRequest => requestOf(`GET ${target} HTTP/1.1`, headers);

test('what is listed of a request is safe to show; its head is kept as it was sent', () => {
  const recent = new RecentRequests(10);
  recent.add(get('/a\x1b?token=s3cret', 'Host: user:s3cret@shop', 'Cookie: s3cret'), '203.0.113.7', null, true);
  const [{ head, ...shown }] = recent.since(0).requests as [ReturnType<RecentRequests['since']>['requests'][number]];
  assert.ok(!JSON.stringify(shown).includes('s3cret'), JSON.stringify(shown));
  assert.deepEqual([shown.method, shown.host, shown.target, shown.client], ['GET', '***', '/a\\x1b?token=***', '203.0.113.7']);
  assert.ok(shown.badges.includes('redacted'));
  assert.match(head, /Cookie: s3cret/);
});

test('a request that goes a step further is told again, one that does not is not', () => {
  const recent = new RecentRequests(10);
  const trace = recent.add(get('/a'), 'c', null, false)!;
  recent.add(get('/b'), 'c', null, false);
  const first = recent.since(0);
  assert.deepEqual(first.requests.map(({ target }) => target), ['/a', '/b']);
  assert.deepEqual(recent.since(first.revision).requests, []);
  trace.note('apart');
  trace.ended('forward.delivered');
  const second = recent.since(first.revision);
  assert.deepEqual(second.requests.map(({ target, end, badges }) => [target, end, badges]), [['/a', 'forward.delivered', ['apart']]]);
});

test('what a rule ends is kept with its reason', () => {
  const recent = new RecentRequests(10);
  recent.add(get('/a'), null, 'rules.route_off', false);
  assert.equal(recent.since(0).requests[0]!.end, 'rules.route_off');
});

test('bounded by number and by rate: a flood costs one comparison each, and does not push out what is remarkable', () => {
  let nowMs = 0;
  const recent = new RecentRequests(200, '3', () => nowMs);
  const usual = get('/usual');
  const odd = get('/odd');
  odd.correction = true;
  let kept = 0;
  for (let i = 0; i < 10_000; i++) if (recent.add(usual, 'c', null, false) !== null) kept++;
  assert.equal(kept, 50);
  assert.notEqual(recent.add(odd, 'c', null, false), null);
  assert.equal(recent.add(usual, 'c', null, false), null);
  nowMs += 100;
  assert.notEqual(recent.add(usual, 'c', null, false), null);
  for (let second = 1; second < 100; second++) {
    nowMs = second * 1000;
    for (let i = 0; i < 50; i++) recent.add(usual, 'c', null, false);
  }
  const { requests } = recent.since(0);
  assert.equal(requests.length, 200);
  assert.ok(requests.every(({ key }) => key.startsWith('3-')));
  assert.equal(new Set(requests.map(({ key }) => key)).size, 200);
});

test('lists of several threads become one, in the order of time, as long as each of them', () => {
  const list = new RecentList(3);
  list.merge([listed('0-1', { timeMs: 3 }), listed('0-2', { timeMs: 5 })]);
  list.merge([listed('1-1', { timeMs: 4 })]);
  const { requests, revision } = list.since(0);
  assert.deepEqual(requests.map(({ key }) => key), ['0-1', '1-1', '0-2']);
  list.merge([listed('0-1', { timeMs: 3, end: 'forward.delivered' })]);
  assert.deepEqual(list.since(revision).requests.map(({ key, end }) => [key, end]), [['0-1', 'forward.delivered']]);
  list.merge([listed('1-2', { timeMs: 6 })]);
  assert.deepEqual(list.since(0).requests.map(({ key }) => key), ['1-1', '0-2', '1-2']);
});
