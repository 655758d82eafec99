// The sessions module over its life, with the released provider against an emulated account.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { emulatedAccount, provider } from './lab.ts';
import type { Change } from './workspace.ts';
import { Workspace } from './workspace.ts';

const SESSION = 'aws_ec2_traffic_mirror_session';

const summary = (changes: readonly Change[]): string[] => changes.map(({ type, action }) => `${action} ${type}`).sort();

// Side by side: most of the second one's time the provider waits for load balancers.
describe('sessions', { concurrency: 2 }, () => {
  test('a mirror follows its Auto Scaling group, and its parts are replaced in place', async (t) => {
    const account = await emulatedAccount(t);
    if (account === undefined) return;
    const { ids } = account;
    const workspace = new Workspace(t, 'test/root', account);
    workspace.write('main.tf', `${provider()}
  variable "load_balancer" {}
  variable "prefix" { default = "first" }
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
    const first = [`-var=load_balancer=${ids['lb_mirror']}`];
    const second = [`-var=load_balancer=${ids['lb_spare']}`, '-var=prefix=second', '-var=vni=1377', '-var=responses=true', '-var=session_number=7'];

    await t.test('apply, and apply again', async () => {
      await workspace.apply(...first);
      assert.deepEqual(await workspace.plan(...first), []);
      assert.deepEqual((await account.left('sessions'))['sessions']?.length, 1);
    });

    await t.test('scaling out adds sessions, and nothing else', async () => {
      await account.scale('scaled', 3);
      assert.deepEqual(summary((await workspace.follow('apply', ...first)).changes), [`create ${SESSION}`, `create ${SESSION}`]);
    });

    await t.test('scaling in takes sessions away, and nothing else', async () => {
      await account.scale('scaled', 2);
      await workspace.apply(...first);
      const left = await account.left('sessions', 'filters', 'targets');
      assert.deepEqual([left['sessions']?.length, left['filters']?.length, left['targets']?.length], [2, 1, 1]);
    });

    await t.test('filter and target are replaced, everything else changes, and the sessions stay', async () => {
      const before = await workspace.outputs();
      const { changes, order } = await workspace.follow('apply', ...second, '-replace=module.sessions.aws_ec2_traffic_mirror_filter.this');
      const planned = summary(changes);
      assert.deepEqual(planned.filter((line) => line.startsWith('replace')), [
        'replace aws_ec2_traffic_mirror_filter', 'replace aws_ec2_traffic_mirror_filter_rule', 'replace aws_ec2_traffic_mirror_filter_rule',
        'replace aws_ec2_traffic_mirror_target',
      ]);
      assert.deepEqual(planned.filter((line) => line.endsWith(SESSION)), [`update ${SESSION}`, `update ${SESSION}`]);
      // A session that moved to the new filter before its rules were there would mirror nothing for a while.
      const moved = order.findIndex((line) => line.startsWith('update') && line.includes(SESSION));
      assert.ok(order.findLastIndex((line) => /^create .*filter_rule.* ends$/.test(line)) < moved, order.join('\n'));
      assert.deepEqual(await workspace.plan(...second), []);
      assert.deepEqual(Object.keys(before['sessions'] ?? {}), Object.keys((await workspace.outputs())['sessions'] ?? {}));
      const left = await account.left('sessions', 'filters', 'targets');
      assert.deepEqual([left['sessions']?.length, left['filters']?.length, left['targets']?.length], [2, 1, 1]);
    });

    await t.test('destroy leaves nothing', async () => {
      await workspace.destroy(...second);
      const left = await account.left('sessions', 'filters', 'targets');
      assert.deepEqual([left['sessions'], left['filters'], left['targets']], [[], [], []]);
    });
  });

  test('interface, load balancer and mirror in one apply; the load balancer is replaced; destroy goes in the right order', async (t) => {
    const account = await emulatedAccount(t);
    if (account === undefined) return;
    const { ids } = account;
    const workspace = new Workspace(t, 'test/root', account);
    workspace.write('main.tf', `${provider()}
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
      assert.equal((await account.left('sessions'))['sessions']?.length, 1);
    });

    await t.test('the load balancer is replaced under the running mirror', async () => {
      const { changes } = await workspace.follow('apply', '-var=load_balancer_name=two');
      assert.deepEqual(summary(changes), ['replace aws_ec2_traffic_mirror_target', 'replace aws_lb', `update ${SESSION}`]);
    });

    await t.test('destroy goes from the sessions to the target to the load balancer, and leaves what was there before', async () => {
      const { order } = await workspace.follow('destroy', '-var=load_balancer_name=two');
      const at = (what: string, when: string): number =>
        order.findIndex((line) => line.includes(what) && line.endsWith(when));
      assert.ok(at(SESSION, 'ends') >= 0 && at(SESSION, 'ends') < at('aws_ec2_traffic_mirror_target', 'begins'), order.join('\n'));
      assert.ok(at(SESSION, 'ends') < at('aws_ec2_traffic_mirror_filter.', 'begins'), order.join('\n'));
      assert.ok(at('aws_ec2_traffic_mirror_target', 'ends') < at('aws_lb', 'begins'), order.join('\n'));
      assert.deepEqual(await account.left(), before);
    });
  });
});
