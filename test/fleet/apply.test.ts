// `vpc-mirror plan` and `apply` over the life of a fleet, against an emulated account over HTTP.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { CreateTagsCommand, DeleteTagsCommand } from '@aws-sdk/client-ec2';
import { parseDescription } from '../../fleet/description/description.ts';
import { follow, look } from '../../fleet/sessions/follow.ts';
import { emulatedFleet } from './emulated-fleet.ts';
import { play, SCENARIOS } from './scenarios.ts';
import { description, startVpcMirror, vpcMirror } from './vpc-mirror.ts';

test('the sessions follow the fleet', async (t) => {
  for (const scenario of SCENARIOS) {
    await t.test(scenario.name, async (t) => {
      const fleet = await emulatedFleet(t);
      if (fleet === undefined) return;
      const { tested, proxy } = fleet;
      await play(
        t,
        fleet,
        {
          run: async (content) => {
            const parsed = parseDescription(JSON.stringify(content), 'test');
            const { failed, stoppedBy } = await follow(
              tested,
              parsed,
              await look(tested, parsed, { allowEmpty: false, tryAgain: false }),
            );
            assert.deepEqual([failed, stoppedBy], [[], null]);
          },
          start: (content) => startVpcMirror(proxy.endpoint, ['apply', '-c', description(t, content)]),
        },
        scenario,
      );
    });
  }
});

test('the commands plan and apply, for people', async (t) => {
  const fleet = await emulatedFleet(t);
  if (fleet === undefined) return;
  const { proxy, ids, filterId, targetId, mirrored } = fleet;
  const sessions = { traffic_mirror_filter_id: filterId, traffic_mirror_target_id: targetId };
  const file = description(t, { interfaces: { by_asg: ['shop'], by_instance: [ids['instance_new']] }, sessions });

  await t.test('plan changes nothing, and says what it costs', async () => {
    const { status, stdout } = await vpcMirror(proxy.endpoint, ['plan', '-c', file, '--gb-per-month', '1000']);
    assert.equal(status, 0);
    assert.equal(proxy.writes(), 0);
    assert.match(stdout, /^add +eni-[0-9a-f]+ +number 1: by_asg shop$/m);
    assert.match(stdout, /3 to add, 0 to change, 0 to remove/);
    // Three sessions of $10.95.
    assert.match(
      stdout.replace(/\s+/g, ' '),
      /about \$32\.85 a month for the sessions and \$\d+\.\d\d for the bytes; \d+ % of the mirrored bytes cross zones/,
    );
    for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
  });

  await t.test('a load balancer that may not be looked at is a warning: its zones are a figure of the plan', async () => {
    const message = 'User: arn:aws:iam::123456789012:user/ann is not authorized to perform: elasticloadbalancing:DescribeLoadBalancers';
    proxy.answer = (action) => (action === 'DescribeLoadBalancers' ? { status: 403, code: 'AccessDenied', message } : undefined);
    const { status, stdout } = await vpcMirror(proxy.endpoint, ['plan', '-c', file]);
    proxy.reset();
    assert.equal(status, 0);
    const said = stdout.replace(/\s+/g, ' ');
    assert.match(said, /warning: how much of the mirrored bytes crosses zones is not known: .*DescribeLoadBalancers/);
    assert.match(said, /3 to add, .* a month for the sessions/);
  });

  await t.test('a filter whose reconciler was destroyed: nothing is written, and the way out is said; exit 2', async () => {
    const retired = { Resources: [filterId], Tags: [{ Key: 'vpc-mirror:retired', Value: 'true' }] };
    await fleet.ec2.send(new CreateTagsCommand(retired));
    proxy.reset();
    const { status, stderr } = await vpcMirror(proxy.endpoint, ['apply', '-c', file]);
    await fleet.ec2.send(new DeleteTagsCommand(retired));
    assert.equal(status, 2);
    assert.equal(proxy.writes(), 0);
    assert.ok(stderr.includes(`remove the tag: aws ec2 delete-tags --resources ${filterId} --tags Key=vpc-mirror:retired`), stderr);
  });

  await t.test('apply says what it did, and what AWS refused', async () => {
    const { status, stdout } = await vpcMirror(proxy.endpoint, ['apply', '-c', file]);
    assert.equal(status, 0);
    assert.match(
      stdout,
      /2 added, 0 changed, 0 removed\.\n\s+interface\nAWS refuses +eni-[0-9a-f]+ +ec2:CreateTrafficMirrorSession/,
    );
    assert.deepEqual(await mirrored(), [ids['eni_shop_0'], ids['eni_shop_1']].sort());
  });

  await t.test('apply again is nothing', async () => {
    const { stdout } = await vpcMirror(proxy.endpoint, ['apply', '-c', file, '--json']);
    assert.deepEqual(JSON.parse(stdout).done, {
      added: [],
      changed: [],
      removed: [],
      refused_by_aws: [],
      failed: [],
      not_begun: [],
      stopped_by: null,
    });
  });

  await t.test(
    'a missing right in the middle: what was done is said, then the right with a policy; exit 2',
    async () => {
      await fleet.account.scale('shop', 5);
      proxy.reset();
      proxy.answer = (action, nth) =>
        action === 'CreateTrafficMirrorSession' && nth > 1
          ? { status: 403, code: 'UnauthorizedOperation', message: 'You are not authorized to perform this operation.' }
          : undefined;
      const { status, stdout, stderr } = await vpcMirror(proxy.endpoint, ['apply', '-c', file]);
      proxy.reset();
      assert.equal(status, 2);
      assert.match(stdout, /1 added, 0 changed, 0 removed, then stopped\./);
      assert.match(stderr, /may not call ec2:CreateTrafficMirrorSession: attach a policy such as \{"Version"/);
    },
  );

  await t.test('a right that is missing beside that of the call is the one that is named', async () => {
    const message =
      'You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/ann is not authorized to perform: ec2:CreateTags on resource: arn:aws:ec2:us-east-1:123456789012:traffic-mirror-session/*';
    proxy.answer = (action) =>
      action === 'CreateTrafficMirrorSession' ? { status: 403, code: 'UnauthorizedOperation', message } : undefined;
    const { status, stderr } = await vpcMirror(proxy.endpoint, ['apply', '-c', file]);
    proxy.reset();
    assert.equal(status, 2);
    assert.match(stderr, /may not call ec2:CreateTags: attach a policy such as \{.*"Action":"ec2:CreateTags"/);
  });

  await t.test('Ctrl-C: what is under way is done, and both what was done and what was not are told; exit 130', async () => {
    await fleet.account.scale('shop', 12);
    const before = (await mirrored()).length;
    let interrupt = (): void => undefined;
    // The first eight calls are under way when it comes, and none is answered before it is heard.
    let heard = (): void => undefined;
    const isHeard = new Promise<void>((resolve) => { heard = resolve; });
    proxy.answer = (action, nth) => {
      if (action === 'CreateTrafficMirrorSession') proxy.held = isHeard;
      if (action === 'CreateTrafficMirrorSession' && nth === 1) interrupt();
      return undefined;
    };
    const child = startVpcMirror(proxy.endpoint, ['apply', '-c', file]);
    interrupt = () => void child.kill('SIGINT');
    let said = '';
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('Waiting for the calls')) heard();
      });
    }
    const [status]: (number | null)[] = await once(child, 'close');
    proxy.reset();
    assert.equal(status, 130, said);
    const [, added = '', untried = ''] = /^(\d+) added, 0 changed, 0 removed, then stopped\.\nNot begun: ([^.]*)\./m.exec(said) ?? [];
    const now = await mirrored();
    assert.equal(Number(added), now.length - before, said);
    const left = [...untried.matchAll(/add\s+(eni-[0-9a-f]+)/g)].map(([, id]) => id!);
    assert.ok(left.length > 0 && left.every((id) => !now.includes(id)), said);
    assert.match(said, /stopped by SIGINT: nothing was half done, and the same command goes on from here\./);
    assert.equal((await vpcMirror(proxy.endpoint, ['apply', '-c', file])).status, 0);
    assert.equal((await mirrored()).length, 12);
    await fleet.account.scale('shop', 3);
    assert.equal((await vpcMirror(proxy.endpoint, ['apply', '-c', file])).status, 0);
  });

  await t.test('nothing is picked: no session is removed unless that is said', async () => {
    const empty = description(t, { interfaces: { by_asg: ['nobody'] }, sessions });
    const { status, stderr } = await vpcMirror(proxy.endpoint, ['apply', '-c', empty]);
    assert.equal(status, 2);
    assert.match(
      stderr,
      /Nothing is picked in us-east-1: look at the selectors \(by_asg nobody found nothing\) and the region; with --allow-empty the 3 sessions of ours are removed\./,
    );
    assert.equal((await mirrored()).length, 3);
    assert.equal((await vpcMirror(proxy.endpoint, ['apply', '-c', empty, '--allow-empty'])).status, 0);
    assert.deepEqual(await mirrored(), []);
  });

  await t.test('an id that is wrong is said, not that nothing is picked', async () => {
    const wrong = description(t, { interfaces: { by_id: { web: 'eni-0123456789abcdef0' } }, sessions });
    const { status, stderr } = await vpcMirror(proxy.endpoint, ['plan', '-c', wrong]);
    assert.equal(status, 2);
    assert.match(stderr, /by_id\["web"\]: there is no interface eni-0123456789abcdef0 in this account and region/);
  });

  await t.test('a filter and a target that are not there: a sentence each, exit 2', async () => {
    const wrong = description(t, {
      interfaces: { by_asg: ['shop'] },
      sessions: { traffic_mirror_filter_id: 'tmf-0123456789abcdef0', traffic_mirror_target_id: 'tmt-0123456789abcdef0' },
    });
    const { status, stderr } = await vpcMirror(proxy.endpoint, ['plan', '-c', wrong]);
    assert.equal(status, 2);
    assert.match(stderr, /sessions\.traffic_mirror_filter_id: there is no tmf-0123456789abcdef0 in us-east-1/);
    assert.match(stderr, /sessions\.traffic_mirror_target_id: there is no tmt-0123456789abcdef0 in us-east-1/);
  });
});
