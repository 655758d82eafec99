// What is known and told after a run that did not go straight through.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateTagsCommand } from '@aws-sdk/client-ec2';
import { parseDescription } from '../../fleet/description/description.ts';
import { follow, look } from '../../fleet/sessions/follow.ts';
import { REFUSED_TAG } from '../../fleet/sessions/mirror.ts';
import { emulatedFleet } from './emulated-fleet.ts';

test('following a fleet', async (t) => {
  const fleet = await emulatedFleet(t);
  if (fleet === undefined) return;
  const { tested, proxy, ec2, filterId, targetId, mirrored } = fleet;
  const parsed = parseDescription(
    JSON.stringify({
      interfaces: { by_asg: ['shop'] },
      sessions: { traffic_mirror_filter_id: filterId, traffic_mirror_target_id: targetId },
    }),
    'test',
  );
  const situation = (tryAgain: boolean): ReturnType<typeof look> =>
    look(tested, parsed, { allowEmpty: false, tryAgain });

  await t.test('a second look that fails: what the first round did is told, and what it did not', async () => {
    proxy.answer = (action, nth) =>
      action === 'CreateTrafficMirrorSession' && nth === 1
        ? { status: 400, code: 'InvalidParameterValue', message: 'The session number is taken.' }
        : action === 'DescribeTrafficMirrorSessions' && nth > 1
          ? { status: 403, code: 'UnauthorizedOperation', message: 'You are not authorized.' }
          : undefined;
    const { added, failed, stoppedBy } = await follow(tested, parsed, await situation(false));
    proxy.reset();
    assert.deepEqual(added, await mirrored());
    assert.equal(added.length, 1);
    assert.deepEqual(failed.map(({ code }) => code), ['InvalidParameterValue']);
    assert.match(stoppedBy?.message ?? '', /may not call ec2:DescribeTrafficMirrorSessions/);
  });

  await t.test('--try-again: what AWS takes after all is refused no longer, by the next run either', async () => {
    const [one] = (await situation(false)).selection.picked;
    const family = one!.instance!.instanceType.split('.')[0]!;
    await ec2.send(new CreateTagsCommand({ Resources: [filterId], Tags: [{ Key: REFUSED_TAG, Value: family }] }));
    assert.equal((await situation(false)).plan.blocked.length, 1);
    await follow(tested, parsed, await situation(true));
    const next = await situation(false);
    assert.deepEqual([[...next.mirror.refusedKinds], next.plan.blocked, next.plan.keep.length], [[], [], 2]);
    proxy.reset();
    await follow(tested, parsed, next);
    await follow(tested, parsed, await situation(true));
    assert.equal(proxy.writes(), 0);
  });
});
