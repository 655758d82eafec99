import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Measures } from '../../rebuilder/forward/measures.ts';
import type { CounterName } from '../../rebuilder/ledger.ts';
import { anchorOf } from '../../rebuilder/status/docs-pages.ts';
import { RateHistory } from '../../rebuilder/status/rates.ts';
import { verdict } from '../../rebuilder/status/verdict.ts';
import { StubSource } from './stub-source.ts';

const NOW = 2_000_000;
type Counts = Partial<Record<CounterName, number>>;

/** `before`: more than a minute ago. */
const cases: readonly {
  name: string; set?: (source: StubSource) => void; before?: Counts; now?: Counts; level: string; says: RegExp;
  advice: string | null;
}[] = [
  {
    name: 'just started',
    set: (s) => {
      s.last = null;
      s.startedMs = NOW - 5000;
    },
    level: 'wait', says: /^Waiting for the first packet\.$/, advice: null,
  },
  { name: 'nothing since the start', set: (s) => { s.last = null; }, level: 'bad', says: /^Nothing arrives: no packet since the start 16 min ago\.$/, advice: 'nothing-arrives' },
  {
    name: 'the mirror fell silent', set: (s) => { s.last = NOW - 90_000; }, now: { 'http.requests': 5 },
    level: 'bad', says: /^Nothing has arrived since 1970-01-01 00:31:50 UTC \(90 s ago\)\.$/, advice: 'nothing-arrives',
  },
  {
    name: 'the demo before anything was tried',
    set: (s) => {
      s.last = null;
      s.attackIn = () => null;
    },
    level: 'wait', says: /^Waiting for the first packet\.$/, advice: null,
  },
  {
    name: 'the demo while nobody tries anything',
    set: (s) => {
      s.last = NOW - 90_000;
      s.attackIn = () => null;
    },
    before: { 'http.requests': 5 },
    level: 'good', says: /^Working: no request in the last seconds\.$/, advice: null,
  },
  {
    name: 'the demo without its node',
    set: (s) => {
      s.attackIn = () => null;
      s.node = { ...s.node, condition: 'failing', detail: 'is away' };
    },
    level: 'bad', says: /^Not delivering: http:\/\/127\.0\.0\.1:8445 is away\.$/, advice: 'delivery',
  },
  {
    name: 'a socket that is closed', set: (s) => { s.state = [{ description: 'vxlan 0.0.0.0:4789', bound: false }]; },
    level: 'bad', says: /^Not capturing: vxlan 0\.0\.0\.0:4789 is not open\.$/, advice: 'nothing-arrives',
  },
  {
    name: 'a node that is away',
    set: (s) => {
      s.node = { ...s.node, condition: 'failing', detail: 'cannot be reached: ECONNREFUSED' };
      s.held = { ...s.held, inFlightRequests: 84 };
    },
    now: { 'http.requests': 84 }, level: 'bad', says: /^Not delivering: http:\/\/127\.0\.0\.1:8445 cannot be reached: ECONNREFUSED; 84 requests wait\.$/, advice: 'delivery',
  },
  { name: 'a few packets without a request', now: { 'capture.frames': 3 }, level: 'wait', says: /^3 packets arrived, and no request yet\.$/, advice: null },
  { name: 'only TLS', now: { 'capture.frames': 5000, 'http.tls_flow': 9 }, level: 'bad', says: /no plain HTTP .*TLS: mirror behind/, advice: 'nothing-arrives' },
  { name: 'only DNS and the like', now: { 'capture.frames': 5000, 'wire.udp.not_a_tunnel': 5000 }, level: 'bad', says: /no plain HTTP .*other protocols/, advice: 'nothing-arrives' },
  {
    name: 'a node too slow', now: { 'http.requests': 1000, 'forward.queue_full': 4 },
    level: 'losing', says: /^Working, but losing 0\.4 % of the requests to forward\.queue_full: The oldest/, advice: 'delivery',
  },
  { name: 'of several reasons the largest', now: { 'http.requests': 100, 'forward.deadline': 1, 'forward.alb_limit': 9 }, level: 'losing', says: /losing 10 % .*forward\.alb_limit/, advice: 'delivery' },
  { name: 'one in a million', now: { 'http.requests': 1e6, 'forward.deadline': 1 }, level: 'losing', says: /losing less than 0\.1 % /, advice: 'delivery' },
  {
    name: 'an upload that was cut', now: { 'http.requests': 10, 'http.incomplete_requests': 1, 'http.body_limit': 1 },
    level: 'losing', says: /10 % of the requests are incomplete, mostly because of http\.body_limit: Bodies longer than forward\.body_limit, cut\.$/, advice: 'packets-missing-or-cut',
  },
  {
    name: 'requests that servers read in two ways', now: { 'http.requests': 10, 'http.second_readings': 3, 'http.incomplete_requests': 1, 'http.message_cut': 1 },
    level: 'losing', says: /^Working, but .* servers read in different ways: 3 second readings in the last minute, .*\(http\.second_readings\)\.$/, advice: 'wrong-requests',
  },
  {
    name: 'more readings than are delivered', now: { 'http.requests': 10, 'http.second_readings': 3, 'tcp.readings_limit': 1 },
    level: 'losing', says: /more ways than are delivered \(tcp\.readings_limit\)\.$/, advice: 'wrong-requests',
  },
  {
    name: 'nodes that answer with errors of their own', now: { 'http.requests': 10, 'forward.delivered': 9, 'forward.delivered_incomplete': 1, 'forward.server_error': 10 },
    level: 'losing', says: /^Delivering, but the nodes answer 100 % of the requests with 5xx of their own \(forward\.server_error\)\.$/, advice: 'delivery',
  },
  { name: 'a request that a node cannot bear', now: { 'http.requests': 10, 'forward.delivered': 10, 'forward.server_error': 1 }, level: 'good', says: /^Working: /, advice: null },
  {
    name: 'a disk that is full', now: { 'http.requests': 10, 'forward.delivered': 10, 'exchanges.written': 3, 'exchanges.write_failed': 7 },
    level: 'losing', says: /^Delivering, but 7 requests of the last minute were left out of exchanges\.file \(exchanges\.write_failed\): Requests not written .* a full disk/, advice: 'files-and-logs',
  },
  { name: 'second readings of an hour ago', before: { 'http.second_readings': 3 }, now: { 'http.requests': 10 }, level: 'good', says: /^Working: /, advice: null },
  { name: 'a loss of an hour ago', before: { 'http.requests': 100, 'forward.deadline': 50 }, now: { 'http.requests': 10 }, level: 'good', says: /^Working: .*nothing was lost in the last minute/, advice: null },
  { name: 'what is TLS, or left out by a rule, is no loss', now: { 'http.requests': 10, 'http.tls_bytes': 1e6, 'rules.route_off': 5, 'http.duplicate_view': 3 }, level: 'good', says: /^Working/, advice: null },
  { name: 'one request a second', now: { 'http.requests': 5 }, level: 'good', says: /^Working: 1 request per second, and nothing was lost in the last minute\.$/, advice: null },
  { name: 'quiet, but alive', before: { 'http.requests': 10 }, level: 'good', says: /^Working: no request in the last seconds\.$/, advice: null },
  {
    name: 'only a file', set: (s) => { s.node = { ...s.node, url: null, condition: 'none', detail: '' }; }, now: { 'http.requests': 50 },
    level: 'good', says: /^Working: 10 requests per second; nothing is delivered, by configuration\.$/, advice: null,
  },
];

for (const { name, set, before = {}, now = {}, level, says, advice } of cases) {
  test(name, () => {
    const source = new StubSource();
    source.last = NOW - 500;
    const rates = new RateHistory();
    const count = (counts: Counts): void => {
      for (const [key, value] of Object.entries(counts)) source.values.count(key as CounterName, value);
    };
    count(before);
    rates.sample(source.values, new Measures(), NOW - 5000);
    count(now);
    rates.sample(source.values, new Measures(), NOW);
    set?.(source);
    const found = verdict(source, rates, NOW);
    assert.match(found.sentence, says);
    assert.deepEqual([found.level, found.advice], [level, advice]);
  });
}

test('each table that a verdict leads to is in docs/operations.md', () => {
  const headings = [...readFileSync('docs/operations.md', 'utf8').matchAll(/^## (.*)$/gm)].map(([, text]) => anchorOf(text!));
  for (const { advice } of cases) if (advice !== null) assert.ok(headings.includes(advice), advice);
});
