import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import { parseConfig } from '../../rebuilder/config/load.ts';
import { LoopMarker } from '../../rebuilder/forward/loop-marker.ts';
import type { Request } from '../../rebuilder/http/message.ts';
import { COUNTERS, COUNTER_NAMES, Ledger } from '../../rebuilder/ledger.ts';
import { Rules } from '../../rebuilder/rules/rules.ts';
import { randomNumbers } from '../random-numbers.ts';
import { requestOf } from './request-of.ts';

const KEY = Buffer.alloc(32, 1);
const marker = new LoopMarker(KEY, () => 0);
const FILE = `
proxy_headers: [{trusted_networks: [10.0.0.0/8], real_ip: [X-Forwarded-For]}]
health_checks: [{target: /health, headers: ["User-Agent: ELB-HealthChecker/2.0"]}]
input_filters: {inspect: [{path: ^/}], bypass: [{ip_addresses: [192.0.2.66]}]}
route_config: {routes: [{route: /off, wallarm_mode: off}, {route: /app, wallarm_application: 7}]}
forward: {redact: {headers: [Cookie]}}
`;

const ENDS: readonly (readonly [counter: string, request: Request])[] = [
  ['rules.loop', requestOf('GET / HTTP/1.1', ['X-Mirror-Id: a', `X-Mirror-Loop: ${marker.of('a')}`])],
  ['rules.health_check', requestOf('GET /health HTTP/1.1', ['User-Agent: ELB-HealthChecker/2.0'])],
  ['rules.filter_bypass', requestOf('GET /app HTTP/1.1', ['X-Forwarded-For: 192.0.2.66'])],
  ['rules.filter_not_inspected', requestOf('OPTIONS * HTTP/1.1')],
  ['rules.route_off', requestOf('GET /off/x HTTP/1.1')],
];

for (const [counter, request] of ENDS) {
  test(`a request ends in ${counter}, once, and in nothing else`, () => {
    const ledger = new Ledger();
    assert.equal(new Rules(parseConfig(FILE, 'test.yaml').settings, marker, KEY, ledger).decide(request), counter);
    const counted = COUNTER_NAMES.filter((name) => ledger.get(name) !== 0);
    assert.deepEqual(counted, [counter]);
    assert.equal(ledger.get(counted[0]!), 1);
    assert.deepEqual([COUNTERS[counted[0]!].role, COUNTERS[counted[0]!].unit], ['out', 'requests']);
  });
}

test('a connection that is not sampled ends in its counter', () => {
  const ledger = new Ledger();
  const rules = new Rules(parseConfig('forward: {sample: 0}', 'test.yaml').settings, marker, KEY, ledger);
  assert.equal(rules.decide(requestOf('GET / HTTP/1.1')), 'rules.sampled_out');
  assert.equal(ledger.get('rules.sampled_out'), 1);
});

test('a request that goes on has its client and its route\'s ids', () => {
  const ledger = new Ledger();
  const rules = new Rules(parseConfig(FILE, 'test.yaml').settings, marker, KEY, ledger);
  assert.deepEqual(rules.decide(requestOf('GET /app HTTP/1.1', ['X-Forwarded-For: 198.51.100.7'])), {
    clientAddress: '198.51.100.7', proto: 'http', port: '41000', host: null, extra: [['X-Mirror-Application', '7']],
  });
  assert.ok(COUNTER_NAMES.every((name) => ledger.get(name) === 0));
});

test('a request that only calls itself a health check goes on, and is counted', () => {
  const ledger = new Ledger();
  const rules = new Rules(parseConfig(FILE, 'test.yaml').settings, marker, KEY, ledger);
  assert.equal(typeof rules.decide(requestOf('GET /etc/passwd HTTP/1.1', ['User-Agent: ELB-HealthChecker/2.0'])), 'object');
  assert.equal(ledger.get('rules.looks_like_health_check'), 1);
});

test('no request makes the rules throw, and what they add can stand in a header', () => {
  const file = `${FILE}proxy_protocol: [{trusted_networks: [10.0.0.0/8]}]`.replace('real_ip: [X-Forwarded-For]', 'real_ip: [Forwarded, X-Forwarded-For], original_host: [Forwarded, X-Forwarded-Host]');
  const rules = new Rules(parseConfig(file, 'test.yaml').settings, marker, KEY, new Ledger());
  const random = randomNumbers(17);
  const names = ['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-Port', 'Host', 'X-Mirror-Loop', 'X-Mirror-Id', 'User-Agent', 'Cookie'];
  const pieces = ['for=', 'host=', 'proto=', '"', '\\', ';', ',', ' ', '10.0.0.1', '198.51.100.7', '2001:db8::1', '[', ']', ':', 'https', '%', '\xff', '\t', 'a', '\x01', '='];
  const text = (length: number): string => Array.from({ length: random(length) }, () => pieces[random(pieces.length)]).join('');
  let added = 0;
  for (let round = 0; round < 5000; round++) {
    const headers = Array.from({ length: random(6) }, () => `${names[random(names.length)]}: ${text(12)}`);
    const request = requestOf(`GET /${text(8).replaceAll(/[ \t]/g, '')} HTTP/1.1`, headers);
    const decision = rules.decide(request);
    rules.redact(request);
    if (typeof decision === 'string') continue;
    if (decision.host !== null || decision.clientAddress !== '10.0.1.7') added++;
    for (const value of [decision.clientAddress, decision.proto, decision.port, decision.host ?? 'h']) assert.match(value, /^[\x21-\x7e]+$/);
    assert.ok(isIP(decision.clientAddress) > 0, decision.clientAddress);
  }
  assert.ok(added > 100, `only ${added} requests got an address or a host from their headers`);
});

test('redaction is counted, in requests and responses', () => {
  const ledger = new Ledger();
  const rules = new Rules(parseConfig(FILE, 'test.yaml').settings, marker, KEY, ledger);
  const request = requestOf('GET / HTTP/1.1', ['Cookie: a']);
  const { bytes, start, headersStart, headEnd, end, lines, lineCount } = requestOf('HTTP/1.1 200 OK', ['Cookie: b']);
  request.response = {
    bytes, start, headersStart, headEnd, end, lines, lineCount, framing: 'none', bodySize: 0, complete: true, lost: null, timeMs: 0, lastByteMs: 0,
    status: 200, reasonStart: start + 13, reasonEnd: headersStart - 2, versionStart: start, versionEnd: start + 8,
  };
  rules.redact(request);
  assert.equal(ledger.get('rules.redacted'), 2);
  assert.ok(!Buffer.from(bytes).toString('latin1').includes('Cookie: b'));
});
