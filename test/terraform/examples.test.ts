// Each example over its life, with the released provider against an emulated account.
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { parseDescription } from '../../fleet/description/description.ts';
import { reconcilerZip } from '../../package/reconciler.ts';
import { compareGolden, userDataOf } from './golden.ts';
import { emulatedAccount, provider, type Account } from './lab.ts';
import { Workspace, type PlannedChange } from './workspace.ts';

interface Stage { readonly account: Account; readonly ids: Record<string, string>; readonly workspace: Workspace }

/** An example in an account of its own, initialised, with values for its variables. */
async function stage(
  t: TestContext, example: string, values: (ids: Record<string, string>) => object,
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<Stage | undefined> {
  const account = await emulatedAccount(t);
  if (account === undefined) return undefined;
  const { ids } = account;
  const workspace = new Workspace(t, `examples/${example}`, account);
  // The emulation now and then fails a call that reads while another writes; AWS is asked again for less.
  workspace.write('lab_override.tf', provider());
  workspace.write('artifact.tar.gz', 'stands in for the tarball');
  for (const [name, text] of Object.entries(files)) workspace.write(name, text);
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

/**
 * The sessions are the reconciler's, on every interface that was picked, and the output `vpc_mirror` is a description
 * of this mirror.
 */
async function followed(
  { account, workspace }: Stage, selectors: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  const outputs = await workspace.outputs();
  const { interfaces, sessions, rebuild } = parseDescription(JSON.stringify(outputs['vpc_mirror']), 'vpc_mirror.json');
  for (const [profile, entries] of Object.entries(selectors)) {
    assert.deepEqual(new Map(Object.entries(interfaces)).get(profile), entries);
  }
  const made = (await account.left('sessions'))['sessions'] as { readonly NetworkInterfaceId: string; readonly TrafficMirrorTargetId: string }[];
  assert.deepEqual(made.map((one) => one.NetworkInterfaceId).sort(), outputs['mirrored']);
  assert.ok(made.length > 0 && made.every((one) => one.TrafficMirrorTargetId === sessions?.traffic_mirror_target_id));
  assert.match(rebuild?.nlb_arn ?? '', /loadbalancer\/net\//);
}

const NODES = 'module.nodes[0]';
const TENANT = '11111111-1111-1111-1111-111111111111';

// Side by side: most of the time the provider waits for load balancers.
describe('examples', { concurrency: 4 }, () => {
  test('vpc-mirror: nodes, rebuilders and sessions come, stay as they are, and go', async (t) => {
    const staged = await stage(t, 'vpc-mirror', (ids) => ({
      asg_names: ['shop'], mirrored_cidrs: ['10.0.0.0/16'],
      token_secret_arn: ids['secret'], wallarm_labels: { group: 'shop' }, wallarm_tenants: [TENANT], proxy_cidrs: ['10.0.0.0/24'],
    }));
    if (staged === undefined) return;
    const { account, ids, workspace } = staged;
    const empty = counts(await account.left());
    await workspace.apply();

    await t.test('apply twice changes nothing', async () => assert.deepEqual(summary(await workspace.plan()), []));

    await t.test('policy, security groups and cloud-init are those that were reviewed', async () => {
      const shown = (await workspace.must('show', '-json')).stdout;
      compareGolden('vpc-mirror', shown);
      compareGolden('node-nginx-7', shown, NODES, 'user-data.sh');
    });

    await t.test('the instances of the group are mirrored, and the token is neither in the state nor in user data', async () => {
      const outputs = await workspace.outputs();
      assert.deepEqual(outputs['mirrored'], [ids['eni_shop_0'], ids['eni_shop_1']].sort());
      const shown = (await workspace.must('show', '-json')).stdout;
      assert.ok(userDataOf(shown).some((script) => script.includes(ids['secret']!)));
      assert.ok(![shown, ...userDataOf(shown)].some((text) => text.includes('secret-token')));
    });

    await t.test('a new version of the service is a new group of rebuilders, and changes no session', async () => {
      workspace.write('artifact.tar.gz', 'stands in for the next tarball');
      const planned = summary(await workspace.plan());
      assert.deepEqual(planned.filter((line) => !line.startsWith('update ')), [
        'create+delete module.rebuild.aws_autoscaling_group.rebuilder', 'create+delete module.rebuild.aws_autoscaling_policy.rebuilder["ASGAverageCPUUtilization"]',
      ]);
      assert.ok(planned.includes('update module.rebuild.aws_s3_object.artifact[0]'), 'the version before stays in the bucket');
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

    await t.test('a newer image in AWS Marketplace changes nothing, until it is asked for', async () => {
      const newer = await account.publish('wallarm-node-7-2-0-20261101');
      assert.deepEqual(summary(await workspace.plan()), []);
      const planned = summary(await workspace.plan('-var=ami_update=true'));
      // Rebuilders and nodes alike follow their newest image from then on; rebuilders by a new group, whose name the
      // alarms know.
      assert.deepEqual(planned, [
        `delete+create ${NODES}.terraform_data.image`, `update ${NODES}.aws_autoscaling_group.nodes`, `update ${NODES}.aws_launch_template.node`,
        'create+delete module.rebuild.terraform_data.ami[0]', 'create+delete module.rebuild.aws_autoscaling_group.rebuilder',
        'create+delete module.rebuild.aws_autoscaling_policy.rebuilder["ASGAverageCPUUtilization"]', 'update module.rebuild.aws_launch_template.rebuilder',
        'update module.rebuild.aws_cloudwatch_dashboard.rebuilder[0]', 'update module.rebuild.aws_cloudwatch_metric_alarm.rebuilder["busiest_rebuilder"]',
        'update module.rebuild.aws_cloudwatch_metric_alarm.silence["agent_silent"]',
      ].sort());
      await workspace.apply('plan.bin');
      assert.ok((await workspace.must('show', '-json')).stdout.includes(newer));
      assert.deepEqual(summary(await workspace.plan('-var=ami_update=true')), []);
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

  test('vpc-mirror with an endpoint that exists makes no node, needs no token, stays, and goes', async (t) => {
    const staged = await stage(t, 'vpc-mirror', () => ({
      asg_names: ['shop'], mirrored_cidrs: ['10.0.0.0/16'],
      node: 'endpoint', mirror_endpoint: 'http://nodes.internal:8445', reconcile: { artifact_file: 'reconciler.zip' },
    }), { 'reconciler.zip': await reconcilerZip() });
    if (staged === undefined) return;
    const { account, workspace } = staged;
    const empty = counts(await account.left());
    const planned = summary(await workspace.plan());
    assert.deepEqual(planned.filter((line) => /wallarm|nodes|\.alb\[|listener\.(raw|alb|ext_proc)/.test(line)), []);
    assert.ok(planned.includes('create module.rebuild.aws_autoscaling_group.rebuilder'));
    await workspace.apply('plan.bin');
    await followed(staged, { by_asg: ['shop'] });
    // A scale-out is the reconciler's to follow, and no difference to Terraform.
    await account.scale('shop', 3);
    const grown = { ...empty, network_interfaces: empty['network_interfaces']! + 1 };
    assert.deepEqual(summary(await workspace.plan()), []);
    await workspace.destroy();
    assert.deepEqual(counts(await account.left()), grown);
  });

  test('vpc-mirror with native nodes: whole exchanges go to them through the NLB; comes, stays, goes', async (t) => {
    const staged = await stage(t, 'vpc-mirror', (ids) => ({
      asg_names: ['shop'], mirrored_cidrs: ['10.0.0.0/16'], token_secret_arn: ids['secret'], node: 'native',
      native: {
        server_name: 'nodes.example.com', certificate_secret_arn: ids['certificate'], ca_file: 'ca.pem',
        installer: { url: 'https://meganode.wallarm.com/native/aio-native-0.25.5.x86_64.sh', sha256: 'ab'.repeat(32) },
      },
    }), { 'ca.pem': '-----BEGIN CERTIFICATE-----\nof the authority\n-----END CERTIFICATE-----\n' });
    if (staged === undefined) return;
    const { account, workspace } = staged;
    const empty = counts(await account.left());
    await workspace.apply();
    assert.deepEqual(summary(await workspace.plan()), []);
    const shown = (await workspace.must('show', '-json')).stdout;
    compareGolden('vpc-mirror-native', shown);
    compareGolden('node-native', shown, NODES, 'user-data.sh');
    assert.ok(!shown.includes('"address":"module.rebuild.aws_lb.alb'), 'no HTTP, no ALB');
    await workspace.destroy();
    assert.deepEqual(counts(await account.left()), empty);
  });

  test('vpc-mirror says what is missing, and what is said for nothing', async (t) => {
    const staged = await stage(t, 'vpc-mirror', () => ({ asg_names: ['shop'], mirrored_cidrs: ['10.0.0.0/16'] }));
    if (staged === undefined) return;
    for (const [what, variables, sentence] of [
      ['native nodes that nothing is said of', ['token=secret-token', 'node=native'], /native goes with node = "native": set both, or neither/],
      ['no token', [], /No token: put it into AWS Secrets Manager and set token_secret_arn, or set token/],
      ['an endpoint beside nodes', ['token=secret-token', 'mirror_endpoint=http://nodes.internal:8445'], /mirror_endpoint goes with node = "endpoint": set both/],
    ] as const) {
      await t.test(what, async () => {
        const { code, text } = await staged.workspace.run('plan', '-no-color', ...variables.map((one) => `-var=${one}`));
        assert.equal(code, 1);
        assert.match(text, sentence);
      });
    }
  });

  // What is made is the same but for the image and what the node says of its health; the golden files of each are for
  // review.
  test('vpc-mirror with NGINX nodes 6, then 4.8: comes, stays, goes', async (t) => {
    const staged = await stage(t, 'vpc-mirror', (ids) => ({
      asg_names: ['shop'], mirrored_cidrs: ['10.0.0.0/16'], token_secret_arn: ids['secret'],
    }));
    if (staged === undefined) return;
    const { account, ids, workspace } = staged;
    const empty = counts(await account.left());
    for (const [version, image] of [['6', 'image_6-12-3'], ['4.8', 'image_4-8-0']] as const) {
      await workspace.apply(`-var=wallarm_version=${version}`);
      assert.deepEqual(summary(await workspace.plan(`-var=wallarm_version=${version}`)), []);
      const shown = (await workspace.must('show', '-json')).stdout;
      assert.ok(shown.includes(ids[image]!));
      compareGolden(`node-nginx-${version}`, shown, NODES, 'user-data.sh');
    }
    await workspace.destroy();
    assert.deepEqual(counts(await account.left()), empty);
  });

  test('existing-vpc: mirrors into a VPC with nodes of its own, and goes without a trace', async (t) => {
    const staged = await stage(t, 'existing-vpc', (ids) => ({
      mirrored_subnet_ids: [ids['subnet_apps']], mirror_endpoint: 'http://nodes.internal:8445', reconcile: { artifact_file: 'reconciler.zip' },
    }), { 'reconciler.zip': await reconcilerZip() });
    if (staged === undefined) return;
    const { account, ids, workspace } = staged;
    const empty = counts(await account.left());
    await workspace.apply();
    await followed(staged, { by_subnet: [ids['subnet_apps']!] });
    assert.deepEqual(summary(await workspace.plan()), []);
    compareGolden('existing-vpc', (await workspace.must('show', '-json')).stdout);
    await workspace.destroy();
    assert.deepEqual(counts(await account.left()), empty);
  });
});
