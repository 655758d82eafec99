// More interfaces than a page of AWS's holds: reading takes a bounded number of calls, writing one call a session and
// none the second time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateSubnetCommand, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { emulatedFleet } from './emulated-fleet.ts';
import { description, vpcMirror } from './vpc-mirror.ts';

/** Pages hold 1,000, filters 200 ids. `MANY=2000` takes a minute more, most of it in the emulation. */
const MANY = Number(process.env['MANY'] ?? 1100);
const BATCH = 550;

test(`${MANY} interfaces`, async (t) => {
  const fleet = await emulatedFleet(t);
  if (fleet === undefined) return;
  const { ec2, ids, proxy, filterId, targetId, mirrored } = fleet;
  const large = await ec2.send(
    new CreateSubnetCommand({ VpcId: ids['vpc']!, CidrBlock: '10.0.64.0/20', AvailabilityZone: 'us-east-1a' }),
  );
  for (let made = 0; made < MANY; made += BATCH) {
    await ec2.send(
      new RunInstancesCommand({
        ImageId: ids['image'],
        InstanceType: 'm5.large',
        MinCount: Math.min(BATCH, MANY - made),
        MaxCount: Math.min(BATCH, MANY - made),
        SubnetId: large.Subnet!.SubnetId!,
        TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'app', Value: 'many' }] }],
      }),
    );
  }
  const file = description(t, {
    interfaces: { by_tags: { many: { tags: { app: 'many' } } } },
    sessions: { traffic_mirror_filter_id: filterId, traffic_mirror_target_id: targetId },
  });
  const run = async (...args: string[]): Promise<string> => {
    proxy.reset();
    const begun = performance.now();
    const { status, stdout, stderr } = await vpcMirror(proxy.endpoint, [...args, '-c', file]);
    t.diagnostic(
      `${args.join(' ')}: ${((performance.now() - begun) / 1000).toFixed(1)} s, ${proxy.count(/./) - proxy.writes()} reads, ${proxy.writes()} writes`,
    );
    assert.equal(status, 0, stderr);
    // Ids in filters of 200, pages of 1,000, and what does not depend on how many there are.
    const bound = 6 + Math.ceil(MANY / 200) + 2 * Math.ceil(MANY / 1000);
    assert.ok(proxy.count(/^Describe/) <= bound, JSON.stringify([...proxy.calls]));
    return stdout;
  };

  await t.test('plan shows a table that can be read', async () => {
    const stdout = await run('plan');
    assert.equal(proxy.writes(), 0);
    assert.match(stdout, new RegExp(`^add +${MANY - 40} more +see --json$`, 'm'));
    assert.ok(stdout.split('\n').length < 60);
  });
  await t.test('apply makes each session with one call', async () => {
    await run('apply');
    assert.equal(proxy.writes(), MANY);
    assert.equal((await mirrored()).length, MANY);
  });
  await t.test('apply again writes nothing', async () => {
    await run('apply');
    assert.equal(proxy.writes(), 0);
  });
});
