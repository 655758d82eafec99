// Two deployments of one account that were given the same owner: neither takes the other's sessions, and both are told.
import assert from 'node:assert/strict';
import { CreateTrafficMirrorFilterCommand, CreateTrafficMirrorTargetCommand } from '@aws-sdk/client-ec2';
import { test } from 'node:test';
import { handler, type Answer } from '../../fleet/reconcile/handler.ts';
import { emulatedFleet } from './emulated-fleet.ts';
import { description, vpcMirror } from './vpc-mirror.ts';

test('two deployments with one owner', async (t) => {
  const fleet = await emulatedFleet(t);
  if (fleet === undefined) return;
  const { ec2, proxy, ids, filterId, targetId, sessions, interfacesOfGroup } = fleet;
  const otherFilter = (await ec2.send(new CreateTrafficMirrorFilterCommand({}))).TrafficMirrorFilter!
    .TrafficMirrorFilterId!;
  const otherTarget = (
    await ec2.send(new CreateTrafficMirrorTargetCommand({ NetworkLoadBalancerArn: ids['lb_spare'] }))
  ).TrafficMirrorTarget!.TrafficMirrorTargetId!;
  const described = (filter: string, target: string, group: string): object => ({
    interfaces: { by_asg: [group] },
    sessions: { traffic_mirror_filter_id: filter, traffic_mirror_target_id: target },
  });
  const shop = described(filterId, targetId, 'shop');
  // The second picks an interface of the first's, too.
  const both = described(otherFilter, otherTarget, 'shop');
  process.env['AWS_ENDPOINT_URL'] = proxy.endpoint;
  t.after(() => {
    delete process.env['AWS_ENDPOINT_URL'];
    delete process.env['DESCRIPTION'];
  });
  /** The function as Lambda runs it. It reads its description before it first waits, so two may run side by side. */
  const reconcile = (content: object, event: object = { 'detail-type': 'Scheduled Event' }): Promise<Answer> => {
    process.env['DESCRIPTION'] = JSON.stringify(content);
    return handler(event);
  };
  const through = async (filter: string): Promise<string[]> =>
    (await sessions())
      .filter((one) => one.filterId === filter)
      .map(({ networkInterfaceId }) => networkInterfaceId)
      .sort();
  const RIVALS = /sessions? with our tag \(vpc-mirror:owner = vpc-mirror\) go(es)? through another filter \(tmf-\w+\)/;
  const members = await interfacesOfGroup('shop');

  await t.test('who deploys second is told by Terraform\'s own call, before anything is written', async () => {
    assert.equal((await reconcile(shop, { tf: { action: 'create' } })).added, 2);
    proxy.reset();
    await assert.rejects(reconcile(both, { tf: { action: 'create' } }), RIVALS);
    // Only the mark of a destroyed mirror is taken off.
    assert.deepEqual([proxy.writes(), proxy.count(/^DeleteTags$/)], [1, 1]);
    assert.deepEqual([await through(filterId), await through(otherFilter)], [members, []]);
  });

  await t.test('by hand: plan warns, apply writes nothing; exit 2', async () => {
    const file = description(t, both);
    proxy.reset();
    const plan = await vpcMirror(proxy.endpoint, ['plan', '-c', file]);
    assert.equal(plan.status, 0);
    assert.match(plan.stdout.replace(/\s+/g, ' '), RIVALS);
    const apply = await vpcMirror(proxy.endpoint, ['apply', '-c', file]);
    assert.deepEqual([apply.status, proxy.writes()], [2, 0]);
    assert.match(apply.stderr, RIVALS);
    assert.match(apply.stderr, new RegExp(`run apply --former-filter ${filterId}\\.`));
    const wrong = await vpcMirror(proxy.endpoint, ['apply', '-c', file, '--former-filter', 'tmt-0a']);
    assert.deepEqual([wrong.status, /--former-filter tmt-0a: give a filter such as/.test(wrong.stderr)], [2, true]);
  });

  await t.test('both at once: each follows its own, neither touches the other\'s, and both runs fail', async () => {
    await fleet.account.scale('shop', 6);
    const now = await interfacesOfGroup('shop');
    for (let round = 0; round < 2; round += 1) {
      proxy.reset();
      const ends = await Promise.allSettled([reconcile(shop), reconcile(both)]);
      // Only the very first run may have ended before the other wrote.
      for (const [i, end] of ends.entries())
        if (end.status === 'rejected') assert.match(String(end.reason), RIVALS);
        else assert.ok(round === 0 && i === 0);
      assert.deepEqual([await through(filterId), await through(otherFilter)], [now, now]);
    }
    assert.equal(proxy.writes(), 0, 'the second round writes nothing');
  });

  await t.test('destroying one leaves the other\'s', async () => {
    assert.equal((await reconcile(both, { tf: { action: 'delete' } })).removed, 6);
    assert.deepEqual([(await through(filterId)).length, await through(otherFilter)], [6, []]);
  });

  await t.test('a filter that Terraform replaces: the sessions of before are still ours, and move', async () => {
    const { TrafficMirrorFilter: made } = await ec2.send(new CreateTrafficMirrorFilterCommand({}));
    const replaced = made!.TrafficMirrorFilterId!;
    const before = (await sessions()).map(({ id }) => id).sort();
    const answer = await reconcile(described(replaced, targetId, 'shop'), {
      tf: { action: 'update', prev_input: { traffic_mirror_filter_id: filterId } },
    });
    assert.deepEqual([answer.added, answer.changed, answer.removed], [0, 6, 0]);
    assert.deepEqual((await sessions()).map(({ id }) => id).sort(), before);
    const file = description(t, shop);
    const back = await vpcMirror(proxy.endpoint, ['apply', '-c', file, '--former-filter', replaced]);
    assert.deepEqual([back.status, (await through(filterId)).length], [0, 6], back.stderr);
  });
});
