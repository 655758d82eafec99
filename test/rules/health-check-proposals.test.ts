import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../rebuilder/config/load.ts';
import { HealthCheckProposals, proposalsYaml } from '../../rebuilder/rules/health-check-proposals.ts';
import { HealthChecks } from '../../rebuilder/rules/health-checks.ts';
import { requestOf } from './request-of.ts';

const headers = (host: string): string[] => [`Host: ${host}`, 'Connection: close', 'User-Agent: ELB-HealthChecker/2.0', 'Accept-Encoding: gzip, compressed'];
const check = (server: string, client: string, timeMs: number) =>
  ({ ...requestOf('GET /health?a=1 HTTP/1.1', headers(server), { serverAddress: server, clientAddress: client }), timeMs });

test('one entry for all targets, and it leaves out what it was made from', () => {
  const seen = [check('10.0.2.9', '10.0.0.1', 0), check('10.0.2.10', '10.0.0.2', 10_000), check('10.0.2.9', '10.0.0.1', 30_000)];
  const proposals = new HealthCheckProposals();
  for (const request of seen) proposals.add(request);
  const found = proposals.proposals();
  assert.equal(found.length, 1);
  assert.deepEqual([found[0]!.count, found[0]!.clients, found[0]!.everySeconds], [3, ['10.0.0.1', '10.0.0.2'], 15]);
  const yaml = proposalsYaml(found);
  assert.match(yaml, /seen 3 times, one every 15\.0 s, from 10\.0\.0\.1, 10\.0\.0\.2/);
  const checks = new HealthChecks(parseConfig(yaml, 'proposal.yaml').settings.healthChecks);
  for (const request of seen) assert.ok(checks.has(request));
});

test('what is no health check by its name, has a body, or was seen once is not proposed', () => {
  const proposals = new HealthCheckProposals();
  proposals.add(requestOf('GET /health HTTP/1.1', ['User-Agent: curl/8']));
  proposals.add(requestOf('GET /health HTTP/1.1', ['User-Agent: kube-probe/1'], {}, 'body'));
  proposals.add(requestOf('GET /health HTTP/1.1', ['User-Agent: kube-probe/1', 'X-A: {server}']));
  proposals.add(requestOf('GET /once HTTP/1.1', ['User-Agent: kube-probe/1']));
  assert.deepEqual(proposals.proposals(), []);
  assert.equal(proposals.proposals(1).length, 1);
  assert.deepEqual(parseConfig(proposalsYaml([]), 'proposal.yaml').settings.healthChecks, []);
});

test('clients that imitate checks cannot fill the memory', () => {
  const proposals = new HealthCheckProposals();
  for (let i = 0; i < 1100; i++) proposals.add(requestOf(`GET /health?${i} HTTP/1.1`, headers('10.0.2.9')));
  assert.equal(proposals.proposals(1).length, 1000);
  assert.equal(proposals.overflow, 100);
});
