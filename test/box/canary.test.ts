// `vpc-mirror doctor --canary` on the real path, with one hop after the other broken: it names that hop, and no other.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Finding } from '../../fleet/doctor/check.ts';
import { installed } from '../installed.ts';
import { APP, Box, REBUILDER, VNI } from './box.ts';
import { leftovers } from './namespaces.ts';
import { canBuild } from './privilege.ts';
import { Service, type ServiceOptions } from './service.ts';

const PROGRAM = fileURLToPath(new URL('../../fleet/vpc-mirror.js', import.meta.url));
const REBUILDERS = `http://${REBUILDER}:9000`;
const HOPS = ['application', 'rebuilders', 'mirror', 'request', 'delivery', 'node'];

/** What a node is not given in this time ends as lost, so that the canary need not wait for more. */
const SETTINGS: ServiceOptions = { metricsAddress: '0.0.0.0:9000', vniFilter: [VNI], forward: ['deadline: 2s', 'connect_timeout: 500ms'] };

interface Broken {
  readonly hop: string;
  readonly what: string;
  readonly breaks: (box: Box, service: Service) => Promise<unknown> | void;
  /** Undefined where the rebuilder starts again with other settings anyway. */
  readonly mends?: (box: Box) => Promise<unknown> | void;
  readonly says: RegExp;
  /** How long the canary waits for what does not come. */
  readonly waitSeconds?: number;
  /** Of a rebuilder started for this case. */
  readonly settings?: ServiceOptions;
}

const firewall = (box: Box, namespace: 'app' | 'rebuilder', ...rule: string[]): void => {
  const nft = (...args: string[]): string => box[namespace].run('nft', ...args);
  nft('add', 'table', 'ip', 'guard');
  nft('add', 'chain', 'ip', 'guard', 'in', '{ type filter hook input priority 0 ; }');
  nft('add', 'rule', 'ip', 'guard', 'in', ...rule);
};
const noFirewall = (box: Box, namespace: 'app' | 'rebuilder'): void => void box[namespace].run('nft', 'delete', 'table', 'ip', 'guard');

const BROKEN: readonly Broken[] = [
  {
    hop: 'application', what: 'the application takes no connection',
    breaks: (box) => firewall(box, 'app', 'tcp', 'dport', '80', 'reject', 'with', 'tcp', 'reset'),
    mends: (box) => noFirewall(box, 'app'), says: /ECONNREFUSED/,
  },
  {
    hop: 'mirror', what: 'its interface has no session', waitSeconds: 2,
    breaks: (box) => box.mirror(null), mends: (box) => box.mirror('egress'), says: /no packet arrived at any of them/,
  },
  {
    hop: 'mirror', what: 'the security group of the rebuilder is shut', waitSeconds: 2,
    breaks: (box) => firewall(box, 'rebuilder', 'udp', 'dport', '4789', 'drop'),
    mends: (box) => noFirewall(box, 'rebuilder'), says: /no packet arrived at any of them/,
  },
  {
    hop: 'request', what: 'the filter accepts answers only', waitSeconds: 4,
    breaks: (box) => box.mirror('ingress'), mends: (box) => box.mirror('egress'), says: /packets arrive, and this request is not among/,
  },
  {
    hop: 'node', what: 'the node answers with an error of its own',
    breaks: async (box) => {
      await box.killNode();
      await box.startNode(500);
    },
    mends: async (box) => {
      await box.killNode();
      await box.startNode();
    },
    says: /the node answered with 500/,
  },
  {
    hop: 'delivery', what: 'no node listens',
    breaks: (box) => box.killNode(), mends: (box) => box.startNode(), says: /forward\.deadline.*10\.91\.0\.3:8445.*cannot be reached/,
  },
  {
    hop: 'request', what: 'the session has another VNI than the rebuilder takes', waitSeconds: 4, settings: { ...SETTINGS, vniFilter: [7] },
    breaks: () => undefined, says: /rules\.vni_filtered \+\d/,
  },
  { hop: 'rebuilders', what: 'the rebuilder has stopped', breaks: (_, service) => service.stop(), says: /10\.90\.0\.2:9000 does not answer: .*ECONNREFUSED/ },
];

async function canary(box: Box, waitSeconds?: number): Promise<{ code: number | null; findings: Finding[] }> {
  const wait = waitSeconds === undefined ? [] : ['--canary-wait', String(waitSeconds)];
  const child = box.client.spawn(process.execPath, [PROGRAM, 'doctor', '--json', '--canary-only', '--canary', `http://${APP}/basket?id=7`, '--rebuilder', REBUILDERS, ...wait]);
  let out = '';
  let complaint = '';
  child.stdout!.on('data', (chunk: Buffer) => { out += chunk.toString(); });
  child.stderr!.on('data', (chunk: Buffer) => { complaint += chunk.toString(); });
  const [code] = (await once(child, 'close')) as [number | null];
  assert.notEqual(out, '', complaint);
  const findings: Finding[] = JSON.parse(out);
  return { code, findings };
}

async function build(t: TestContext): Promise<Box | null> {
  if (!canBuild(t) || !installed(t, 'nginx', 'curl', 'ethtool', 'nft')) return null;
  const box = await Box.build({ mtu: 1500, bothDirections: false, offload: false });
  t.after(() => {
    box.remove();
    assert.deepEqual(leftovers(), []);
  });
  box.routeToRebuilder();
  return box;
}

test('the canary names the hop that lost it', { timeout: 240_000 }, async (t) => {
  const box = await build(t);
  if (!box) return;
  let service = await Service.start(box, SETTINGS);
  t.after(() => service.stop());

  await t.test('a healthy path: every hop has seen it, and the node got it once', async () => {
    const { code, findings } = await canary(box);
    assert.deepEqual(findings.map(({ check, state }) => [check, state]), HOPS.map((hop) => [`canary.${hop}`, 'ok']), JSON.stringify(findings));
    assert.equal(code, 0);
    const mark = /its mark is (\S+)/.exec(findings[0]!.found)![1]!;
    assert.equal(box.loggedByNode().filter((line) => line.includes(`/basket?id=7&${mark}=vpc-mirror-canary`)).length, 1);
  });

  for (const { hop, what, breaks, mends, says, waitSeconds, settings } of BROKEN) {
    await t.test(`${hop}: ${what}`, async () => {
      if (settings !== undefined) {
        await service.stop();
        service = await Service.start(box, settings);
      }
      await breaks(box, service);
      const { code, findings } = await canary(box, waitSeconds);
      await mends?.(box);
      const failed = findings.filter(({ state }) => state === 'failed');
      assert.deepEqual(failed.map(({ check }) => check), [`canary.${hop}`], JSON.stringify(findings));
      assert.match(failed[0]!.found, says);
      // What lies behind it is not judged.
      assert.ok(findings.slice(HOPS.indexOf(hop) + 1).every(({ state }) => state === 'skipped'), JSON.stringify(findings));
      assert.equal(code, 1);
    });
  }
});
