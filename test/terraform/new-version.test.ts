// A new version of the service takes the old one's place only when it is healthy, with the released provider against an
// emulated account.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { emulatedAccount, provider } from './lab.ts';
import { Workspace } from './workspace.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const TARBALLS = { first: 'stands in for the first tarball', broken: 'stands in for one that does not start', mended: 'stands in for a mended one' };

test('a version that does not get healthy fails the apply, and the one before keeps running with its tarball; the next one replaces both', async (t) => {
  const account = await emulatedAccount(t, { LAB_UNHEALTHY: sha256(TARBALLS.broken) });
  if (account === undefined) return;
  const { ids } = account;
  const workspace = new Workspace(t, 'examples/existing-vpc', account);
  workspace.write('lab_override.tf', provider());
  // Fifteen minutes are for real instances.
  workspace.write('../../modules/vpc-mirror-rebuild/lab_override.tf', 'resource "aws_autoscaling_group" "rebuilder" {\n  wait_for_capacity_timeout = "15s"\n}\n');
  workspace.write('terraform.tfvars.json', JSON.stringify({
    region: 'us-east-1', vpc_id: ids['vpc'], private_subnet_ids: [ids['subnet_targets'], ids['subnet_nodes']], artifact_file: 'artifact.tar.gz',
    mirrored_subnet_ids: [ids['subnet_apps']], mirror_endpoint: 'http://nodes.internal:8445',
  }));
  workspace.write('artifact.tar.gz', TARBALLS.first);
  await workspace.init();
  await workspace.apply();
  const [first] = await account.rebuilders();
  assert.deepEqual(
    [first?.wanted, first?.stored, first?.instances.length], [sha256(TARBALLS.first), sha256(TARBALLS.first), 2],
  );

  await t.test('the group scales: no plan to change it, and a new version starts with as many', async () => {
    await account.scale(first!.name, 3);
    assert.deepEqual(await workspace.plan(), []);
  });

  await t.test('a version that does not get healthy', async () => {
    workspace.write('artifact.tar.gz', TARBALLS.broken);
    const { code, text } = await workspace.run('apply', '-no-color', '-auto-approve');
    assert.equal(code, 1);
    assert.match(text, /waiting for Auto Scaling Group \(\S+\) capacity satisfied/);
    const groups = await account.rebuilders();
    const before = groups.find(({ name }) => name === first!.name);
    assert.deepEqual(before?.instances.length, 3);
    assert.deepEqual([before.wanted, before.stored], [sha256(TARBALLS.first), sha256(TARBALLS.first)], 'its tarball is there for the next instance');
    assert.deepEqual([before.policies, before.hooks], [[`${first!.name}-ASGAverageCPUUtilization`], ['drain']], 'it still scales and drains');
    const broken = groups.find(({ name }) => name !== first!.name);
    assert.deepEqual([broken?.wanted, broken?.instances.length], [sha256(TARBALLS.broken), 3]);
  });

  await t.test('the next version takes the place of both', async () => {
    workspace.write('artifact.tar.gz', TARBALLS.mended);
    await workspace.apply();
    const groups = await account.rebuilders();
    assert.deepEqual(
      groups.map(({ wanted, stored, instances, policies }) => [wanted, stored, instances.length, policies.length]),
      [[sha256(TARBALLS.mended), sha256(TARBALLS.mended), 3, 1]],
    );
    assert.deepEqual(await workspace.plan(), []);
  });

  await t.test('destroy leaves no group, no bucket and no log group', async () => {
    await workspace.destroy();
    const left = await account.left('auto_scaling_groups', 'buckets', 'log_groups', 'launch_templates');
    assert.deepEqual(await account.rebuilders(), []);
    assert.deepEqual([left['buckets'], left['log_groups']], [[], []]);
  });
});
