// The reconciler as Lambda runs it: the bundle, in a folder without node_modules, called with recorded events.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { unzipSync } from 'fflate';
import { occasionOf } from '../../fleet/reconcile/occasion.ts';
import { reconcilerZip } from '../../package/reconciler.ts';
import { folder } from '../command-line.ts';
import { emulatedFleet, type EmulatedFleet } from './emulated-fleet.ts';
import { play, SCENARIOS } from './scenarios.ts';
import { AWS } from './vpc-mirror.ts';

const EVENTS = readdirSync('test/fleet/events').map((name): unknown => JSON.parse(readFileSync(join('test/fleet/events', name), 'utf8')));
const RUNNER = readFileSync('test/fleet/run-lambda.mjs', 'utf8');

interface Answer {
  readonly occasion: string;
  readonly skipped?: string;
  readonly added?: number;
  readonly removed?: number;
}

test('the bundle is the same each time', async () => {
  assert.deepEqual(await reconcilerZip(), await reconcilerZip());
});

test('why it runs', () => {
  assert.deepEqual(EVENTS.map((event) => occasionOf(event).name).sort(), [
    'EC2 Instance Launch Successful', 'EC2 Instance State-change Notification: running', 'EC2 Instance State-change Notification: stopped',
    'EC2 Instance State-change Notification: terminated', 'schedule',
  ]);
  assert.deepEqual(occasionOf({ tf: { action: 'delete', prev_input: null } }), { name: 'terraform delete', timeMs: null, formerFilter: null });
  assert.deepEqual(occasionOf(null), { name: 'called by hand', timeMs: null, formerFilter: null });
  const update = { tf: { action: 'update', prev_input: { traffic_mirror_filter_id: 'tmf-0a' } } };
  assert.deepEqual(occasionOf(update), { name: 'terraform update', timeMs: null, formerFilter: 'tmf-0a' });
});

test('the reconciler', async (t) => {
  const dir = folder(t);
  for (const [name, data] of Object.entries(unzipSync(await reconcilerZip()))) writeFileSync(join(dir, name), data);
  writeFileSync(join(dir, 'run.mjs'), RUNNER);
  const start = (fleet: EmulatedFleet, description: object, events: readonly unknown[]): ChildProcess => {
    const env = { PATH: process.env['PATH'], ...AWS, AWS_ENDPOINT_URL: fleet.proxy.endpoint, DESCRIPTION: JSON.stringify(description) };
    const child = spawn(process.execPath, ['run.mjs', join(dir, 'index.mjs')], { cwd: dir, env, stdio: ['pipe', 'pipe', 'pipe'] });
    child.stdin.on('error', () => undefined);
    child.stdin.end(JSON.stringify(events));
    return child;
  };
  const run = async (fleet: EmulatedFleet, description: object, ...events: unknown[]): Promise<Answer[]> => {
    const child = start(fleet, description, events);
    let said = '';
    for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', (text: string) => { said += text; });
    const [status]: (number | null)[] = await once(child, 'close');
    assert.equal(status, 0, said);
    return JSON.parse(/^answers (.*)$/m.exec(said)![1]!);
  };

  let turn = 0;
  for (const scenario of SCENARIOS) {
    await t.test(scenario.name, async (t) => {
      const fleet = await emulatedFleet(t);
      if (fleet === undefined) return;
      const next = (): unknown => EVENTS[turn++ % EVENTS.length];
      await play(t, fleet, {
        run: async (description) => void await run(fleet, description, next()),
        start: (description) => start(fleet, description, [next()]),
      }, scenario);
    });
  }

  await t.test('terraform destroy: every session of ours goes, no late event makes one again, and terraform apply starts anew', async (t) => {
    const fleet = await emulatedFleet(t);
    if (fleet === undefined) return;
    const description = {
      region: 'us-east-1', interfaces: { by_asg: ['shop'] }, sessions: { traffic_mirror_filter_id: fleet.filterId, traffic_mirror_target_id: fleet.targetId },
    };
    const foreign = await fleet.foreign({ NetworkInterfaceId: fleet.ids['eni_shop_0']!, SessionNumber: 9 });
    const [made] = await run(fleet, description, { tf: { action: 'create' } });
    assert.deepEqual([made?.occasion, made?.added], ['terraform create', 2]);
    const [gone, late] = await run(fleet, description, { tf: { action: 'delete' } }, EVENTS[0]);
    assert.equal(gone?.removed, 2);
    assert.match(late?.skipped ?? '', /the filter is retired/);
    assert.deepEqual((await fleet.sessions()).map(({ id }) => id), [foreign]);
    assert.equal((await run(fleet, description, { tf: { action: 'update' } }))[0]?.added, 2);
  });

  await t.test('an event from before the last run asks AWS nothing', async (t) => {
    const fleet = await emulatedFleet(t);
    if (fleet === undefined) return;
    const description = {
      region: 'us-east-1', interfaces: { by_asg: ['shop'] }, sessions: { traffic_mirror_filter_id: fleet.filterId, traffic_mirror_target_id: fleet.targetId },
    };
    const old = { 'detail-type': 'EC2 Instance Launch Successful', time: '2020-01-01T00:00:00Z' };
    const [, second] = await run(fleet, description, { 'detail-type': 'Scheduled Event' }, old);
    assert.match(second?.skipped ?? '', /a run that began after it has seen it/);
  });

  await t.test('a session that cannot be written fails the run, so that the alarm is raised', async (t) => {
    const fleet = await emulatedFleet(t);
    if (fleet === undefined) return;
    fleet.proxy.answer = (action) => action === 'CreateTrafficMirrorSession' ? { status: 400, code: 'TrafficMirrorSessionLimitExceeded', message: 'full' } : undefined;
    const description = { interfaces: { by_asg: ['shop'] }, sessions: { traffic_mirror_filter_id: fleet.filterId, traffic_mirror_target_id: fleet.targetId } };
    await assert.rejects(run(fleet, description, EVENTS[0]), /TrafficMirrorSessionLimitExceeded/);
  });
});
