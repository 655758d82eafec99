// What happens to a fleet, and what its sessions must be afterwards, whoever brings them in line: the command or the
// reconciler.
import assert from 'node:assert/strict';
import {
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  DescribeNetworkInterfacesCommand,
  DescribeTrafficMirrorFiltersCommand,
  DetachNetworkInterfaceCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import type { EmulatedFleet } from './emulated-fleet.ts';

/** Somebody who brings the sessions in line. */
interface Follower {
  /** Once, to the end. Throws if it fails. */
  run(description: object): Promise<void>;
  /** Once, in a process that can be killed. */
  start(description: object): ChildProcess;
}

interface Scenario {
  readonly name: string;
  /** Selectors of the description. */
  readonly interfaces: (ids: EmulatedFleet['ids']) => object;
  readonly sessions?: object;
  /** What happens. `again` brings the sessions in line, as it must be before and in between. */
  readonly happens: (
    fleet: EmulatedFleet,
    again: () => Promise<void>,
    start: () => ChildProcess,
    change: (sessions: object) => void,
  ) => Promise<void>;
  /** The interfaces that have a session of ours when all is done; default: those of the group `shop`. */
  readonly mirrored?: (fleet: EmulatedFleet) => Promise<(string | undefined)[]>;
  /** What else must hold. */
  readonly holds?: (fleet: EmulatedFleet) => Promise<void>;
}

const SHOP = (): object => ({ by_asg: ['shop'] });
const throttle = { status: 503, code: 'RequestLimitExceeded', message: 'Request limit exceeded.' };

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'scale-out by 3',
    interfaces: SHOP,
    happens: async ({ account }, again) => {
      await again();
      await account.scale('shop', 5);
    },
  },
  {
    name: 'scale-in by 2',
    interfaces: SHOP,
    happens: async ({ account }, again) => {
      await account.scale('shop', 5);
      await again();
      await account.scale('shop', 3);
    },
  },
  {
    name: 'an interface is replaced',
    interfaces: (ids) => ({ by_instance: [ids['instance_web']] }),
    happens: async ({ ec2, ids }, again) => {
      await again();
      const second = await ec2.send(
        new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [ids['eni_web_second']!] }),
      );
      await ec2.send(
        new DetachNetworkInterfaceCommand({ AttachmentId: second.NetworkInterfaces![0]!.Attachment!.AttachmentId! }),
      );
      const made = await ec2.send(
        new CreateNetworkInterfaceCommand({ SubnetId: ids['subnet_mixed']!, Description: 'third' }),
      );
      const id = made.NetworkInterface!.NetworkInterfaceId!;
      await ec2.send(
        new AttachNetworkInterfaceCommand({ NetworkInterfaceId: id, InstanceId: ids['instance_web']!, DeviceIndex: 1 }),
      );
    },
    mirrored: async ({ ec2, ids }) => {
      const found = await ec2.send(
        new DescribeNetworkInterfacesCommand({
          Filters: [{ Name: 'attachment.instance-id', Values: [ids['instance_web']!] }],
        }),
      );
      const enis = found.NetworkInterfaces!.map((eni) => eni.NetworkInterfaceId!);
      assert.ok(enis.length === 2 && !enis.includes(ids['eni_web_second']!));
      return enis;
    },
  },
  {
    name: 'an instance is stopped: its session, which would bill on, goes',
    interfaces: (ids) => ({ by_instance: [ids['instance_web'], ids['instance_target']] }),
    happens: async ({ ec2, ids }, again) => {
      await again();
      await ec2.send(new StopInstancesCommand({ InstanceIds: [ids['instance_target']!] }));
    },
    mirrored: ({ ids }) => Promise.resolve([ids['eni_web'], ids['eni_web_second']]),
  },
  {
    name: 'it runs again',
    interfaces: (ids) => ({ by_instance: [ids['instance_target']] }),
    happens: async ({ ec2, ids }, again) => {
      await ec2.send(new StopInstancesCommand({ InstanceIds: [ids['instance_target']!] }));
      await again();
      await ec2.send(new StartInstancesCommand({ InstanceIds: [ids['instance_target']!] }));
    },
    mirrored: ({ ids }) => Promise.resolve([ids['eni_target']]),
  },
  {
    name: 'AWS does not take the type: it is asked once, and its answer remembered',
    interfaces: (ids) => ({ by_instance: [ids['instance_web'], ids['instance_new']] }),
    happens: (_, again) => again(),
    mirrored: ({ ids }) => Promise.resolve([ids['eni_web'], ids['eni_web_second']]),
    holds: async ({ ec2, filterId }) => {
      const { TrafficMirrorFilters: filters } = await ec2.send(
        new DescribeTrafficMirrorFiltersCommand({ TrafficMirrorFilterIds: [filterId] }),
      );
      assert.equal(filters![0]!.Tags!.find(({ Key: key }) => key === 'vpc-mirror:refused')?.Value, 'm8i');
    },
  },
  {
    name: 'AWS does not take an interface that belongs to nobody\'s instance: it is asked once, too',
    interfaces: (ids) => ({ by_asg: ['shop'], by_id_without_instance: { idle: ids['eni_idle'] } }),
    happens: (_, again) => again(),
  },
  {
    name: 'the interface has three sessions already',
    interfaces: SHOP,
    happens: async ({ ids, foreign }, again) => {
      for (const number of [1, 5, 9]) await foreign({ NetworkInterfaceId: ids['eni_shop_0']!, SessionNumber: number });
      await again();
    },
    mirrored: ({ ids }) => Promise.resolve([ids['eni_shop_1']]),
  },
  {
    name: 'calls are throttled',
    interfaces: SHOP,
    happens: async ({ proxy }, again) => {
      proxy.answer = (action, nth) => (/Create|DescribeN/.test(action) && nth <= 3 ? throttle : undefined);
      await again();
      assert.ok(proxy.calls.get('CreateTrafficMirrorSession')! > 3);
    },
  },
  {
    name: 'a foreign session has our number on the same interface: it is left alone',
    interfaces: SHOP,
    happens: async ({ ids, foreign }, again) => {
      await foreign({ NetworkInterfaceId: ids['eni_shop_0']!, SessionNumber: 1 });
      await again();
    },
    holds: async ({ sessions, ids }) => {
      const here = (await sessions()).filter(({ networkInterfaceId }) => networkInterfaceId === ids['eni_shop_0']);
      assert.deepEqual(
        here.map(({ owner, sessionNumber }) => [owner, sessionNumber]).sort(),
        [
          ['vpc-mirror', 2],
          [null, 1],
        ].sort(),
      );
    },
  },
  {
    name: 'Terraform makes the same session: ours goes, its stays',
    interfaces: SHOP,
    sessions: { session_number: 2 },
    happens: async ({ ids, foreign, targetId }, again) => {
      await again();
      await foreign({ NetworkInterfaceId: ids['eni_shop_0']!, SessionNumber: 1, target: targetId });
    },
    mirrored: ({ ids }) => Promise.resolve([ids['eni_shop_1']]),
    holds: async ({ sessions }) => assert.equal((await sessions()).length, 2),
  },
  {
    name: 'a call is done and its answer lost',
    interfaces: SHOP,
    happens: async ({ proxy, account }, again) => {
      await account.scale('shop', 6);
      proxy.answer = (action, nth) =>
        action === 'CreateTrafficMirrorSession' && nth % 2 === 0 ? 'lost after it was done' : undefined;
      await again();
    },
  },
  {
    name: 'a crash between two calls',
    interfaces: SHOP,
    happens: async ({ proxy, account }, _, start) => {
      await account.scale('shop', 8);
      // Two are made, the others are on their way when it dies.
      let die = (): void => undefined;
      proxy.answer = (action, nth) => {
        if (action !== 'CreateTrafficMirrorSession' || nth <= 2) return undefined;
        die();
        return 'lost before it was done';
      };
      const child = start();
      die = () => void child.kill('SIGKILL');
      const [, signal]: (string | null)[] = await once(child, 'close');
      assert.equal(signal, 'SIGKILL');
    },
  },
  {
    name: 'two at once',
    interfaces: SHOP,
    happens: async ({ account }, again) => {
      await account.scale('shop', 8);
      await Promise.all([again(), again()]);
    },
  },
  {
    name: 'the description gets another VNI and packet length: in place',
    interfaces: SHOP,
    happens: async ({ sessions, proxy }, again, _, change) => {
      await again();
      const before = (await sessions()).map(({ id }) => id).sort();
      proxy.reset();
      change({ virtual_network_id: 1377, packet_length: 1500 });
      await again();
      assert.deepEqual((await sessions()).map(({ id }) => id).sort(), before);
      assert.deepEqual([proxy.writes(), proxy.calls.get('ModifyTrafficMirrorSession')], [2, 2]);
    },
    holds: async ({ sessions }) => {
      assert.deepEqual(
        (await sessions()).map((one) => [one.virtualNetworkId, one.packetLength]),
        [
          [1377, 1500],
          [1377, 1500],
        ],
      );
    },
  },
];

/** Runs a scenario, then once more, which heals, and a third time, which writes nothing. */
export async function play(
  t: TestContext,
  fleet: EmulatedFleet,
  follower: Follower,
  scenario: Scenario,
): Promise<void> {
  const description = {
    region: 'us-east-1',
    interfaces: scenario.interfaces(fleet.ids),
    sessions: {
      traffic_mirror_filter_id: fleet.filterId,
      traffic_mirror_target_id: fleet.targetId,
      ...scenario.sessions,
    },
  };
  fleet.proxy.reset();
  const change = (to: object): void => void Object.assign(description.sessions, to);
  await scenario.happens(
    fleet,
    () => follower.run(description),
    () => follower.start(description),
    change,
  );
  fleet.proxy.reset();
  await follower.run(description);
  const healed = fleet.proxy.writes();
  const expected = await (scenario.mirrored ?? ((one) => one.interfacesOfGroup('shop')))(fleet);
  assert.deepEqual(await fleet.mirrored(), [...expected].sort());
  await scenario.holds?.(fleet);
  fleet.proxy.reset();
  await follower.run(description);
  assert.equal(fleet.proxy.writes(), 0, 'the third run writes nothing');
  t.diagnostic(`${healed} writes to heal`);
}
