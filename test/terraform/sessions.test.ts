// The sessions module over its life, with the released provider against an emulated account.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emulatedAccount, provider } from './lab.ts';
import type { PlannedChange } from './workspace.ts';
import { Workspace } from './workspace.ts';

const SESSION = 'aws_ec2_traffic_mirror_session';

const summary = (changes: readonly PlannedChange[]): string[] => changes.map(({ type, change }) => `${change.actions.join('+')} ${type}`).sort();

test('a mirror follows its Auto Scaling group, and its parts are replaced in place', async (t) => {
  const account = await emulatedAccount(t);
  if (account === undefined) return;
  const ids = await account.build();
  const workspace = new Workspace(t, 'test/root');
  workspace.write('main.tf', `${provider(account.endpoint)}
variable "prefix" { default = "first" }
variable "load_balancer" {}
variable "vni" { default = null }
variable "responses" { default = false }
variable "session_number" { default = 1 }
module "enis" {
  source = "../../enis"
  by_asg = ["scaled"]
}
module "sessions" {
  source                      = "../../modules/vpc-mirror-sessions"
  name_prefix                 = var.prefix
  network_interfaces          = module.enis.network_interfaces
  allow_no_network_interfaces = true
  network_load_balancer_arn   = var.load_balancer
  virtual_network_id          = var.vni
  mirror_responses            = var.responses
  session_number              = var.session_number
}
output "sessions" { value = module.sessions.sessions }
`);
  await workspace.init();
  const mirror = `-var=load_balancer=${ids['lb_mirror']}`;

  await t.test('apply, and apply again', async () => {
    await workspace.apply(mirror);
    assert.deepEqual(await workspace.plan(mirror), []);
    assert.deepEqual((await account.left())['sessions']?.length, 1);
  });

  await t.test('scaling out adds sessions, and nothing else', async () => {
    await account.scale('scaled', 3);
    assert.deepEqual(summary(await workspace.plan(mirror)), [`create ${SESSION}`, `create ${SESSION}`]);
    await workspace.apply('plan.bin');
    assert.deepEqual(await workspace.plan(mirror), []);
  });

  await t.test('scaling to zero takes them away, and nothing else', async () => {
    await account.scale('scaled', 0);
    await workspace.apply(mirror);
    const left = await account.left();
    assert.deepEqual([left['sessions']?.length, left['filters']?.length, left['targets']?.length], [0, 1, 1]);
    await account.scale('scaled', 2);
    await workspace.apply(mirror);
  });

  await t.test('settings of a session change in place', async () => {
    assert.deepEqual(summary(await workspace.plan(mirror, '-var=vni=1377', '-var=session_number=7')), [`update ${SESSION}`, `update ${SESSION}`]);
    await workspace.apply('plan.bin');
    assert.deepEqual(await workspace.plan(mirror, '-var=vni=1377', '-var=session_number=7'), []);
  });

  await t.test('replacing the filter keeps the sessions', async () => {
    const changed = [mirror, '-var=prefix=second', '-var=responses=true'];
    const before = await workspace.outputs();
    const planned = summary(await workspace.plan(...changed));
    assert.equal(planned.filter((line) => line === 'create+delete aws_ec2_traffic_mirror_filter').length, 1);
    assert.equal(planned.filter((line) => line.endsWith(SESSION) && line !== `update ${SESSION}`).length, 0);
    await workspace.apply('plan.bin');
    assert.deepEqual(await workspace.plan(...changed), []);
    assert.deepEqual(Object.keys(before['sessions'] ?? {}), Object.keys((await workspace.outputs())['sessions'] ?? {}));
    assert.equal((await account.left())['filters']?.length, 1);
  });

  await t.test('replacing the target keeps the sessions', async () => {
    const changed = [`-var=load_balancer=${ids['lb_spare']}`];
    const planned = summary(await workspace.plan(...changed));
    assert.equal(planned.filter((line) => line === 'create+delete aws_ec2_traffic_mirror_target').length, 1);
    await workspace.apply('plan.bin');
    assert.equal((await account.left())['targets']?.length, 1);
  });

  await t.test('destroy leaves nothing', async () => {
    await workspace.destroy(`-var=load_balancer=${ids['lb_spare']}`);
    const left = await account.left();
    assert.deepEqual([left['sessions'], left['filters'], left['targets']], [[], [], []]);
  });
});

test('interface, load balancer and mirror in one apply; the load balancer is replaced; destroy goes in the right order', async (t) => {
  const account = await emulatedAccount(t);
  if (account === undefined) return;
  const ids = await account.build();
  const workspace = new Workspace(t, 'test/root');
  workspace.write('main.tf', `${provider(account.endpoint)}
variable "load_balancer_name" { default = "one" }
resource "aws_lb" "mirror" {
  name               = var.load_balancer_name
  internal           = true
  load_balancer_type = "network"
  subnets            = ["${ids['subnet_apps']}"]
  lifecycle { create_before_destroy = true }
}
resource "aws_instance" "web" {
  ami           = "${ids['image']}"
  instance_type = "c7g.large"
  subnet_id     = "${ids['subnet_apps']}"
}
module "enis" {
  source = "../../enis"
  by_id  = { web = aws_instance.web.primary_network_interface_id }
}
module "sessions" {
  source                    = "../../modules/vpc-mirror-sessions"
  network_interfaces        = module.enis.network_interfaces
  network_load_balancer_arn = aws_lb.mirror.arn
}
output "picked" { value = module.enis.network_interfaces }
`);
  await workspace.init();
  const before = await account.left();

  await t.test('apply, and apply again', async () => {
    await workspace.apply();
    assert.deepEqual(await workspace.plan(), []);
    assert.equal((await account.left())['sessions']?.length, 1);
  });

  await t.test('the load balancer is replaced under the running mirror', async () => {
    assert.deepEqual(summary(await workspace.plan('-var=load_balancer_name=two')),
      ['create+delete aws_ec2_traffic_mirror_target', 'create+delete aws_lb', `update ${SESSION}`]);
    await workspace.apply('plan.bin');
  });

  await t.test('destroy goes from the sessions to the target to the load balancer, and leaves what was there before', async () => {
    const { stdout } = await workspace.destroy('-var=load_balancer_name=two');
    const destroyed = (type: string): number => stdout.search(new RegExp(`${type}\\.\\S+: Destruction complete`));
    const destroying = (type: string): number => stdout.search(new RegExp(`${type}\\.\\S+: Destroying`));
    assert.ok(destroyed(SESSION) >= 0 && destroyed(SESSION) < destroying('aws_ec2_traffic_mirror_target'), stdout);
    assert.ok(destroyed(SESSION) < destroying('aws_ec2_traffic_mirror_filter'), stdout);
    assert.ok(destroyed('aws_ec2_traffic_mirror_target') < destroying('aws_lb'), stdout);
    assert.deepEqual(await account.left(), before);
  });
});
