// An account with a mirror in it: filter and target are there, the sessions are for the command or the reconciler to
// make.
import {
  CreateTrafficMirrorFilterCommand,
  CreateTrafficMirrorFilterRuleCommand,
  CreateTrafficMirrorSessionCommand,
  CreateTrafficMirrorTargetCommand,
  DescribeNetworkInterfacesCommand,
  type CreateTrafficMirrorSessionCommandInput,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import type { TestContext } from 'node:test';
import { openAccount, type Account as FleetAccount } from '../../fleet/aws/account.ts';
import { readSessions, type Session } from '../../fleet/sessions/session.ts';
import { emulatedAws, type Account } from '../terraform/lab.ts';
import { Proxy } from './proxy.ts';
import { AWS } from './vpc-mirror.ts';

export interface EmulatedFleet {
  readonly account: Account;
  /** What account.py made, by word. */
  readonly ids: Readonly<Record<string, string>>;
  /** Straight to the account, for what happens in it. */
  readonly ec2: EC2Client;
  /** Between the account and whoever is tested. */
  readonly proxy: Proxy;
  /** Of the code that is tested, in this process; its calls go through the proxy. */
  readonly tested: FleetAccount;
  readonly filterId: string;
  readonly targetId: string;
  /** All sessions of the account, not through the proxy. */
  sessions(): Promise<Session[]>;
  /** Interfaces with a session of the owner `vpc-mirror`, sorted. */
  mirrored(): Promise<string[]>;
  interfacesOfGroup(group: string): Promise<string[]>;
  /** Makes a session of somebody else's. */
  foreign(
    session: Pick<CreateTrafficMirrorSessionCommandInput, 'NetworkInterfaceId' | 'SessionNumber'> & { target?: string },
  ): Promise<string>;
}

export async function emulatedFleet(t: TestContext): Promise<EmulatedFleet | undefined> {
  const account = await emulatedAws(t);
  return account === undefined ? undefined : fleetIn(t, account);
}

async function fleetIn(t: TestContext, account: Account): Promise<EmulatedFleet> {
  const { ids } = account;
  const proxy = await Proxy.start(t, account.endpoint);
  Object.assign(process.env, AWS);
  const direct = await openAccount({ endpoint: account.endpoint });
  const tested = await openAccount({ endpoint: proxy.endpoint });
  const { ec2 } = direct;

  const filterId = (await ec2.send(new CreateTrafficMirrorFilterCommand({}))).TrafficMirrorFilter!
    .TrafficMirrorFilterId!;
  await ec2.send(
    new CreateTrafficMirrorFilterRuleCommand({
      TrafficMirrorFilterId: filterId,
      TrafficDirection: 'ingress',
      RuleNumber: 100,
      RuleAction: 'accept',
      Protocol: 6,
      SourceCidrBlock: '0.0.0.0/0',
      DestinationCidrBlock: '0.0.0.0/0',
      DestinationPortRange: { FromPort: 80, ToPort: 80 },
    }),
  );
  const target = async (arn: string): Promise<string> =>
    (await ec2.send(new CreateTrafficMirrorTargetCommand({ NetworkLoadBalancerArn: arn }))).TrafficMirrorTarget!
      .TrafficMirrorTargetId!;
  const targetId = await target(ids['lb_mirror']!);
  let elsewhere: string | undefined;

  const sessions = (): Promise<Session[]> => readSessions(direct);
  return {
    account,
    ids,
    ec2,
    proxy,
    tested,
    filterId,
    targetId,
    sessions,
    mirrored: async () =>
      (await sessions())
        .filter(({ owner }) => owner === 'vpc-mirror')
        .map(({ networkInterfaceId }) => networkInterfaceId)
        .sort(),
    interfacesOfGroup: async (group) => {
      const { NetworkInterfaces: all } = await ec2.send(new DescribeNetworkInterfacesCommand({}));
      const members = await account.members(group);
      return (all ?? [])
        .filter((eni) => members.includes(eni.Attachment?.InstanceId ?? ''))
        .map((eni) => eni.NetworkInterfaceId!)
        .sort();
    },
    foreign: async ({ target: to, ...wanted }) => {
      elsewhere ??= await target(ids['lb_spare']!);
      const made = await ec2.send(
        new CreateTrafficMirrorSessionCommand({
          TrafficMirrorFilterId: filterId,
          TrafficMirrorTargetId: to ?? elsewhere,
          ...wanted,
        }),
      );
      return made.TrafficMirrorSession!.TrafficMirrorSessionId!;
    },
  };
}
