// The canary where no rebuilder is named: what CloudWatch's sums of the minutes since say. The way past named
// rebuilders is in test/box/canary.test.ts; here is what one says that cannot be read, and an address that is none.
import assert from 'node:assert/strict';
import { type Server, createServer } from 'node:http';
import { test, type TestContext } from 'node:test';
import { probeOf } from '../../rebuilder/cli/probe.ts';
import { openAccount, type Account } from '../../fleet/aws/account.ts';
import { parseDescription } from '../../fleet/description/description.ts';
import { canaryAt, canaryByCloudWatch, type Evidence } from '../../fleet/doctor/canary.ts';
import { CANARY_CHECKS } from '../../fleet/doctor/canary-checks.ts';
import { examine } from '../../fleet/doctor/check.ts';
import { vpcMirror } from './vpc-mirror.ts';

const { rebuild } = parseDescription('rebuild: {metrics_namespace: Mirrors, name_prefix: shop}', 'test');
/** The command waits four minutes, and asks sixteen times. */
const WAIT_MS = 64;

interface Query {
  readonly name: string;
  readonly namespace: string;
  readonly deployment: string;
}

/** Sums by metric, such as {packets_in: 7}; what is not named has no datapoint. */
type Sums = Readonly<Record<string, number>>;

/** An account whose CloudWatch gives the answers one after the other, and the last one from then on. */
async function accountThatSays(answers: readonly Sums[]): Promise<{ account: Account; asked: Query[][] }> {
  const asked: Query[][] = [];
  const account = await openAccount({ region: 'us-east-1' });
  account.cloudWatch.middlewareStack.add(
    () =>
      ({ input }) => {
        assert.ok('MetricDataQueries' in input && 'StartTime' in input);
        const queries = input.MetricDataQueries ?? [];
        asked.push(
          queries.map(({ MetricStat: stat }) => ({
            name: stat?.Metric?.MetricName ?? '',
            namespace: stat?.Metric?.Namespace ?? '',
            deployment: stat?.Metric?.Dimensions?.[0]?.Value ?? '',
          })),
        );
        const sums = answers[Math.min(asked.length, answers.length) - 1] ?? {};
        const MetricDataResults = queries.map(({ Id, MetricStat: stat }) => {
          const value = sums[stat?.Metric?.MetricName?.replace(/^rebuilder_|_total$/g, '') ?? ''];
          return {
            Id, Timestamps: value === undefined ? [] : [new Date()], Values: value === undefined ? [] : [value],
          };
        });
        return Promise.resolve({ output: { MetricDataResults, $metadata: {} }, response: {} });
      },
    { step: 'initialize', priority: 'low' },
  );
  return { account, asked };
}

async function application(t: TestContext, seen: string[]): Promise<string> {
  const server = createServer(({ url = '' }, response) => {
    seen.push(url);
    response.writeHead(404).end();
  });
  return `${await listens(t, server)}/shop?a=1`;
}

/** @returns its origin */
async function listens(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const bound = server.address();
  assert.ok(typeof bound === 'object' && bound !== null);
  return `http://127.0.0.1:${bound.port}`;
}

const verdicts = (evidence: Evidence): string[] =>
  examine(evidence, CANARY_CHECKS).map(({ check, state, found }) => `${check.replace('canary.', '')} ${state}: ${found}`);

test('the marked request passes: sums arrive after some minutes, and are asked for until they do', async (t) => {
  const seen: string[] = [];
  const probe = probeOf('--canary', await application(t, seen), undefined);
  const { account, asked } = await accountThatSays(
    [{}, { packets_in: 7 }, { packets_in: 9, requests_in: 2, requests_out: 2 }],
  );
  const evidence = await canaryByCloudWatch(account, rebuild!, probe, 3200);
  assert.match(seen.join(), /^\/shop\?a=1&vpc-mirror-[0-9a-f]{8}=vpc-mirror-canary$/);
  assert.equal(asked.length, 3);
  assert.deepEqual(
    asked[0],
    ['packets_in', 'requests_in', 'requests_out', 'requests_lost'].map((name) => ({
      name: `rebuilder_${name}_total`,
      namespace: 'Mirrors',
      deployment: 'shop',
    })),
  );
  assert.deepEqual(verdicts(evidence).slice(1), [
    'rebuilders skipped: not asked themselves: name them with --rebuilder',
    'mirror ok: 9 packets arrived in the minutes since',
    'request ok: 2 requests were rebuilt in the minutes since',
    'delivery ok: 2 requests were delivered in the minutes since',
    'node skipped: CloudWatch knows no single request\'s answer: name the rebuilders with --rebuilder',
  ]);
});

for (const [hop, sums, found] of [
  ['mirror', {}, 'no packet arrived in the minutes since'],
  ['request', { packets_in: 7 }, 'packets arrive, and no request was rebuilt of them in the minutes since'],
  ['delivery', { packets_in: 7, requests_in: 2, requests_lost: 2 }, '2 requests were lost in the minutes since'],
  ['delivery', { packets_in: 7, requests_in: 2 }, 'none was delivered in the minutes since'],
] as const) {
  test(`the hop that lost it is named, and no other: ${hop}, ${found}`, async (t) => {
    const probe = probeOf('--canary', await application(t, []), undefined);
    const { account } = await accountThatSays([sums]);
    const said = verdicts(await canaryByCloudWatch(account, rebuild!, probe, WAIT_MS));
    assert.deepEqual(said.filter((line) => line.includes(' failed: ')), [`${hop} failed: ${found}`]);
  });
}

test('an application that does not answer: nothing is waited for, and nothing behind it is judged', async () => {
  const { account, asked } = await accountThatSays([{ packets_in: 7, requests_in: 2, requests_out: 2 }]);
  const evidence = await canaryByCloudWatch(account, rebuild!, probeOf('--canary', 'http://127.0.0.1:1/', undefined));
  assert.equal(asked.length, 1);
  const [application, ...behind] = examine(evidence, CANARY_CHECKS);
  assert.equal(application?.state, 'failed');
  assert.deepEqual([...new Set(behind.map(({ state }) => state))], ['skipped']);
});

for (const [what, status, body, why] of [
  ['fails', 500, '', 'answers 500'],
  ['is of another version', 200, '{"requests": {}}', 'is not what a rebuilder of this version answers'],
] as const) {
  test(`a rebuilder whose list of requests ${what} is not taken for one that has not seen the request`, async (t) => {
    let frames = 0;
    const rebuilder = createServer(({ url }, response) => {
      if (url === '/ready') response.end('{"check": "sockets bound", "ok": true, "reason": ""}\n');
      else if (url === '/metrics') response.end(`rebuilder_packets_in_total{name="capture.frames"} ${++frames}\n`);
      else response.writeHead(status).end(body);
    });
    const address = await listens(t, rebuilder);
    const evidence = await canaryAt(probeOf('--canary', await application(t, []), undefined), [address], 1);
    assert.deepEqual(
      verdicts(evidence).filter((one) => / failed: /.test(one)).map((one) => one.replace(/: is it .*$/, '')),
      [`request failed: the last requests could not be read: ${address}/status.json ${why}`],
    );
  });
}

for (const wrong of [['httpfoo://127.0.0.1:9000'], ['127.0.0.1:9000', 'ftp://127.0.0.1']]) {
  test(`--rebuilder ${wrong.join(' ')} is a mistake in the command line`, async () => {
    const args = ['doctor', '--canary-only', '--canary', 'http://127.0.0.1:1', '--rebuilder', 'http://127.0.0.1:1', ...wrong];
    const { status, stderr } = await vpcMirror('http://127.0.0.1:1', args);
    assert.equal(stderr, `vpc-mirror: --rebuilder ${wrong.join(' ')}: not an http:// or https:// URL; give one such as http://127.0.0.1:9000\n`);
    assert.equal(status, 2);
  });
}
