import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../rebuilder/config/load.ts';
import type { Request } from '../../rebuilder/http/message.ts';
import { HealthChecks, looksLikeHealthCheck } from '../../rebuilder/rules/health-checks.ts';
import { requestOf } from './request-of.ts';

const FILE = `
health_checks:
  - target: /health
    headers: ["Host: {server}", "Connection: close", "User-Agent: ELB-HealthChecker/2.0", "Accept-Encoding: gzip, compressed"]
  - target: /ready
    headers: ["Host: {server}:{port}", "User-Agent: kube-probe/1.29", "Accept: */*", "Connection: close"]
  - {method: HEAD, target: /, version: HTTP/1.0}
`;
const checks = new HealthChecks(parseConfig(FILE, 'test.yaml').settings.healthChecks);
const ELB = ['Host: 10.0.2.9', 'Connection: close', 'User-Agent: ELB-HealthChecker/2.0', 'Accept-Encoding: gzip, compressed'];
const KUBE = ['Host: 10.0.2.9:80', 'User-Agent: kube-probe/1.29', 'Accept: */*', 'Connection: close'];
const without = (name: string): string[] => ELB.filter((line) => !line.startsWith(name));

const OWN: readonly (readonly [why: string, request: Request])[] = [
  ['an ALB\'s', requestOf('GET /health HTTP/1.1', ELB)],
  ['kube-probe\'s, with the port', requestOf('GET /ready HTTP/1.1', KUBE)],
  ['names in another case', requestOf('GET /health HTTP/1.1', ELB.map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase())))],
  ['IPv6 in brackets', requestOf('GET /ready HTTP/1.1', ['Host: [2001:db8::1]:80', ...KUBE.slice(1)], { serverAddress: '2001:db8::1' })],
  ['without any header', requestOf('HEAD / HTTP/1.0')],
];

for (const [why, request] of OWN) test(`left out: ${why}`, () => assert.ok(checks.has(request)));

// The attacker copies every sign but has to put the attack somewhere.
const FORGED: readonly (readonly [why: string, request: Request])[] = [
  ['the User-Agent alone', requestOf('GET /etc/passwd HTTP/1.1', ELB)],
  ['another target', requestOf('GET /health?id=1%20or%201=1 HTTP/1.1', ELB)],
  ['another method', requestOf('POST /health HTTP/1.1', ELB)],
  ['another version', requestOf('GET /health HTTP/1.0', ELB)],
  ['a body', requestOf('GET /health HTTP/1.1', ELB, {}, 'attack')],
  ['a header more', requestOf('GET /health HTTP/1.1', [...ELB, 'X-Attack: 1'])],
  ['a header twice', requestOf('GET /health HTTP/1.1', [...ELB, ELB[3]!])],
  ['a header less', requestOf('GET /health HTTP/1.1', without('Accept'))],
  ['another order', requestOf('GET /health HTTP/1.1', [...ELB].reverse())],
  ['a value longer', requestOf('GET /health HTTP/1.1', [...without('User-Agent'), 'User-Agent: ELB-HealthChecker/2.0 attack'])],
  ['a host of one\'s own', requestOf('GET /health HTTP/1.1', ['Host: 10.0.2.8', ...ELB.slice(1)])],
  ['the mark itself as host', requestOf('GET /health HTTP/1.1', ['Host: {server}', ...ELB.slice(1)])],
  ['a folded header', requestOf('GET /health HTTP/1.1', [...without('Accept'), 'Accept-Encoding: gzip,', ' compressed'])],
  ['a blank before the colon', requestOf('GET /health HTTP/1.1', ['Host : 10.0.2.9', ...ELB.slice(1)])],
  ['incomplete', { ...requestOf('GET /health HTTP/1.1', ELB), complete: false }],
  ['a correction', { ...requestOf('GET /health HTTP/1.1', ELB), correction: true }],
];

for (const [why, request] of FORGED) test(`goes on: ${why}`, () => assert.equal(checks.has(request), false));

test('no entry leaves nothing out', () => {
  assert.ok(new HealthChecks([]).isEmpty);
  assert.equal(new HealthChecks([]).has(requestOf('GET /health HTTP/1.1', ELB)), false);
});

const AGENTS: readonly (readonly [agent: string, isOne: boolean])[] = [
  ['ELB-HealthChecker/2.0', true], ['kube-probe/1.29+', true], ['GoogleHC/1.0', true], ['googlehc/1.0', true],
  ['Amazon-Route53-Health-Check-Service (ref 1; report http://amzn.to/1vsZADi)', true],
  ['Mozilla/5.0 ELB-HealthChecker/2.0', false], ['curl/8.5.0', false], ['Go-http-client/1.1', false], ['', false],
];

for (const [agent, isOne] of AGENTS) {
  test(`'${agent}' ${isOne ? 'calls' : 'does not call'} itself a health check`, () => {
    assert.equal(looksLikeHealthCheck(requestOf('GET / HTTP/1.1', [`User-Agent: ${agent}`])), isOne);
  });
}

test('without a User-Agent nothing is called so', () => assert.equal(looksLikeHealthCheck(requestOf('GET / HTTP/1.1')), false));
