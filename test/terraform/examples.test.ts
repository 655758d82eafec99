// Each example over its life, with the released provider against an emulated account.
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { compareGolden } from './golden.ts';
import { emulatedAccount, provider, type Account } from './lab.ts';
import { moduleRegistry } from './module-registry.ts';
import { Workspace, type PlannedChange } from './workspace.ts';

interface Stage { readonly account: Account; readonly ids: Record<string, string>; readonly workspace: Workspace }

/** An example in an account of its own, initialised, with values for its variables. */
async function stage(t: TestContext, example: string, values: (ids: Record<string, string>) => object): Promise<Stage | undefined> {
  const account = await emulatedAccount(t);
  if (account === undefined) return undefined;
  const ids = await account.build();
  const workspace = new Workspace(t, `examples/${example}`, { hosts: await moduleRegistry(t) });
  // The emulation now and then fails a call that reads while another writes; AWS is asked again for less.
  workspace.write('lab_override.tf', provider(account.endpoint).replace(/max_retries *= *\d+/, 'max_retries = 5'));
  workspace.write('artifact.tar.gz', 'stands in for the tarball');
  const place = { region: 'us-east-1', vpc_id: ids['vpc'], private_subnet_ids: [ids['subnet_targets'], ids['subnet_nodes']] };
  workspace.write('terraform.tfvars.json', JSON.stringify({ ...place, artifact_file: 'artifact.tar.gz', ...values(ids) }));
  await workspace.init();
  return { account, ids, workspace };
}

const summary = (changes: readonly PlannedChange[]): string[] => changes.map(({ address, change }) => `${change.actions.join('+')} ${address}`).sort();

/** How many of each kind. AWS's own public parameters turn up when they are first read. */
const counts = (left: Record<string, unknown[]>): Record<string, number> => Object.fromEntries(
  Object.entries(left).map(([kind, all]) => [kind, all.filter((one) => !String(one).startsWith('/aws/')).length]),
);

// Side by side: most of the time the provider waits for load balancers.
describe('examples', { concurrency: 4 }, () => {
  test('vpc-mirror: nodes, rebuilders and sessions come, stay as they are, and go', async (t) => {
    const staged = await stage(t, 'vpc-mirror', () => ({
      asg_names: ['shop'], mirrored_cidrs: ['10.0.0.0/16'],
      token: 'secret-token', wallarm_labels: { group: 'shop' }, proxy_cidrs: ['10.0.0.0/24'],
    }));
    if (staged === undefined) return;
    const { account, ids, workspace } = staged;
    const empty = counts(await account.left());
    await workspace.apply();

    await t.test('apply twice changes nothing', async () => assert.deepEqual(summary(await workspace.plan()), []));

    await t.test('policy, security groups and cloud-init are those that were reviewed', async () => {
      compareGolden('vpc-mirror', (await workspace.must('show', '-json')).stdout);
    });

    await t.test('the instances of the group are mirrored, and the token is in no output', async () => {
      const outputs = await workspace.outputs();
      assert.deepEqual(outputs['mirrored'], [ids['eni_shop_0'], ids['eni_shop_1']].sort());
      assert.ok(!JSON.stringify(outputs).includes('secret-token'));
    });

    await t.test('a new version of the service changes the artifact and rolls the rebuilders, and no session', async () => {
      workspace.write('artifact.tar.gz', 'stands in for the next tarball');
      const planned = summary(await workspace.plan());
      assert.deepEqual(planned.filter((line) => !line.startsWith('update ')), ['create+delete module.rebuild.aws_s3_object.artifact[0]']);
      assert.deepEqual(planned.filter((line) => line.includes('module.sessions')), []);
      await workspace.apply('plan.bin');
      assert.deepEqual(summary(await workspace.plan()), []);
    });

    await t.test('the NLB is replaced in place, its target group and the mirror target with it', async () => {
      const planned = summary(await workspace.plan('-replace=module.rebuild.aws_lb.nlb'));
      for (const address of ['module.rebuild.aws_lb.nlb', 'module.rebuild.aws_lb_target_group.vxlan', 'module.sessions.aws_ec2_traffic_mirror_target.this[0]']) {
        assert.ok(planned.includes(`create+delete ${address}`), `${address} in ${planned.join('\n')}`);
      }
      await workspace.apply('plan.bin');
      assert.deepEqual(summary(await workspace.plan()), []);
    });

    await t.test('destroy takes sessions before the target, the target before its listener, the listener before the NLB, and leaves nothing', async () => {
      const { stdout } = await workspace.destroy();
      const at = (address: string): number => stdout.indexOf(`${address}: Destruction complete`);
      const begun = (address: string): number => stdout.indexOf(`${address}: Destroying...`);
      const order = [
        `module.sessions.aws_ec2_traffic_mirror_session.this["${ids['eni_shop_0']}"]`, 'module.sessions.aws_ec2_traffic_mirror_target.this[0]',
        'module.rebuild.aws_lb_listener.vxlan', 'module.rebuild.aws_lb.nlb',
      ];
      for (const address of order) assert.ok(at(address) > 0, `${address} in ${stdout}`);
      order.slice(1).forEach((address, i) => assert.ok(begun(address) > at(order[i]!), `${address} after ${order[i]}`));
      assert.deepEqual(counts(await account.left()), empty);
    });
  });

  test('vpc-mirror with an endpoint that exists makes no node, and needs no token', async (t) => {
    const staged = await stage(t, 'vpc-mirror', () => ({
      asg_names: ['shop'], mirrored_cidrs: ['10.0.0.0/16'],
      mirror_endpoint: 'http://nodes.internal:8445',
    }));
    if (staged === undefined) return;
    const planned = summary(await staged.workspace.plan());
    assert.deepEqual(planned.filter((line) => /wallarm|nodes|\.alb\[|listener\.(raw|alb)/.test(line)), []);
    assert.ok(planned.includes('create module.rebuild.aws_autoscaling_group.rebuilder'));
  });

  test('vpc-mirror without a token says where one is made', async (t) => {
    const staged = await stage(t, 'vpc-mirror', () => ({
      asg_names: ['shop'], mirrored_cidrs: ['10.0.0.0/16'],
    }));
    if (staged === undefined) return;
    const { code, text } = await staged.workspace.run('plan', '-no-color');
    assert.equal(code, 1);
    assert.match(text, /token is not set: create a node in Wallarm Console/);
  });

  test('existing-vpc: mirrors into a VPC with nodes of its own, and goes without a trace', async (t) => {
    const staged = await stage(t, 'existing-vpc', (ids) => ({
      mirrored_subnet_ids: [ids['subnet_apps']], mirror_endpoint: 'http://nodes.internal:8445',
    }));
    if (staged === undefined) return;
    const { account, workspace } = staged;
    const empty = counts(await account.left());
    await workspace.apply();
    assert.deepEqual(summary(await workspace.plan()), []);
    assert.ok(counts(await account.left())['sessions']! > 0);
    compareGolden('existing-vpc', (await workspace.must('show', '-json')).stdout);
    await workspace.destroy();
    assert.deepEqual(counts(await account.left()), empty);
  });
});
