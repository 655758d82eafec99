// The doctor on a healthy deployment, then with one thing broken at a time: the check of that thing says so, and no
// other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AttachLoadBalancerTargetGroupsCommand,
  CreateOrUpdateTagsCommand,
  DeleteTagsCommand,
  DetachLoadBalancerTargetGroupsCommand,
  ResumeProcessesCommand,
  SuspendProcessesCommand,
} from '@aws-sdk/client-auto-scaling';
import { PutMetricAlarmCommand, PutMetricDataCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateNetworkAclEntryCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateTrafficMirrorFilterCommand,
  CreateTrafficMirrorSessionCommand,
  CreateTrafficMirrorTargetCommand,
  DeleteNetworkAclEntryCommand,
  DeleteTrafficMirrorSessionCommand,
  DescribeNetworkAclsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeTrafficMirrorFiltersCommand,
  ModifyNetworkInterfaceAttributeCommand,
  ModifyTrafficMirrorFilterRuleCommand,
  ModifyTrafficMirrorSessionCommand,
  RevokeSecurityGroupIngressCommand,
  RunInstancesCommand,
  type IpPermission,
} from '@aws-sdk/client-ec2';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  DeleteListenerCommand,
  DeleteLoadBalancerCommand,
  DeregisterTargetsCommand,
  ModifyLoadBalancerAttributesCommand,
  ModifyTargetGroupAttributesCommand,
  RegisterTargetsCommand,
  type CreateListenerCommandInput,
  type TargetHealthStateEnum,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { openAccount, type Account } from '../../fleet/aws/account.ts';
import { parseDescription } from '../../fleet/description/description.ts';
import { examine, type Finding } from '../../fleet/doctor/check.ts';
import { doctorText } from '../../fleet/doctor-command.ts';
import { CHECKS, doctor } from '../../fleet/doctor/doctor.ts';
import { readFacts } from '../../fleet/doctor/facts.ts';
import { follow, look } from '../../fleet/sessions/follow.ts';
import { readSessions } from '../../fleet/sessions/session.ts';
import type { StatusReport } from '../../fleet/status/status.ts';
import { emulatedFleet, type EmulatedFleet } from './emulated-fleet.ts';
import { description, vpcMirror } from './vpc-mirror.ts';

const DEPLOYMENT = [{ Name: 'deployment', Value: 'vpc-mirror' }];
const VXLAN_DENIED = {
  Protocol: '17',
  RuleAction: 'deny',
  CidrBlock: '0.0.0.0/0',
  PortRange: { From: 4789, To: 4789 },
} as const;
const udp = (cidr: string): IpPermission => ({
  IpProtocol: 'udp',
  FromPort: 4789,
  ToPort: 4789,
  IpRanges: [{ CidrIp: cidr }],
});

/** A whole deployment in the emulated account, and hands on everything that can break. */
class Deployment {
  readonly fleet: EmulatedFleet;
  readonly aws: Account;
  readonly arns: Record<string, string> = {};
  readonly groups: Record<string, string> = {};
  rebuilderEnis: string[] = [];
  targetId = '';

  constructor(fleet: EmulatedFleet, aws: Account) {
    this.fleet = fleet;
    this.aws = aws;
  }

  get description(): { readonly interfaces: object; readonly sessions: object; readonly rebuild: object } {
    const {
      fleet: { filterId },
      targetId,
      arns,
    } = this;
    return {
      interfaces: { by_asg: ['shop'] },
      sessions: { traffic_mirror_filter_id: filterId, traffic_mirror_target_id: targetId, virtual_network_id: 1377 },
      rebuild: {
        autoscaling_group_name: 'rebuilders',
        nlb_arn: arns['nlb'],
        target_group_arn: arns['vxlan'],
        alb_arn: arns['alb'],
        detection_target_group_arn: arns['nodes'],
        raw_target_group_arn: arns['raw'],
        ext_proc_target_group_arn: arns['native'],
        nodes_autoscaling_group_name: 'scaled',
        config_yaml: 'tcp_stream: {from_vxlan: {vni_filter: [1377]}}',
      },
    };
  }

  async build(): Promise<void> {
    const {
      aws: { ec2, elbv2, autoScaling, cloudWatch },
      fleet: { ids, interfacesOfGroup },
      arns,
      groups,
    } = this;
    const subnets = [ids['subnet_apps']!, ids['subnet_mixed']!];
    for (const name of ['nlb', 'rebuilder']) {
      groups[name] = (
        await ec2.send(new CreateSecurityGroupCommand({ GroupName: name, Description: name, VpcId: ids['vpc'] }))
      ).GroupId!;
      await ec2.send(
        new AuthorizeSecurityGroupIngressCommand({ GroupId: groups[name], IpPermissions: [udp('10.0.0.0/16')] }),
      );
    }
    await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({ GroupId: groups['rebuilder'], IpPermissions: [this.health] }),
    );
    for (const [name, Type] of [
      ['nlb', 'network'],
      ['alb', 'application'],
    ] as const) {
      const made = await elbv2.send(
        new CreateLoadBalancerCommand({
          Name: name,
          Type,
          Subnets: subnets,
          Scheme: 'internal',
          ...(name === 'nlb' ? { SecurityGroups: [groups['nlb']!] } : {}),
        }),
      );
      arns[name] = made.LoadBalancers![0]!.LoadBalancerArn!;
    }
    for (const [name, Protocol, Port] of [
      ['vxlan', 'UDP', 4789],
      ['nodes', 'HTTP', 8445],
      ['raw', 'TCP', 8445],
      ['native', 'TCP', 5080],
    ] as const) {
      const made = await elbv2.send(
        new CreateTargetGroupCommand({
          Name: name,
          Protocol,
          Port,
          VpcId: ids['vpc'],
          TargetType: 'instance',
          HealthCheckProtocol: 'HTTP',
          HealthCheckPort: '9445',
        }),
      );
      arns[name] = made.TargetGroups![0]!.TargetGroupArn!;
    }
    for (const name of ['vxlan', 'nodes', 'raw', 'native']) await this.listen(name);
    await elbv2.send(
      new ModifyLoadBalancerAttributesCommand({
        LoadBalancerArn: arns['nlb'],
        Attributes: [{ Key: 'load_balancing.cross_zone.enabled', Value: 'true' }],
      }),
    );
    await this.albAttribute('routing.http.desync_mitigation_mode', 'monitor');
    await autoScaling.send(
      new AttachLoadBalancerTargetGroupsCommand({
        AutoScalingGroupName: 'rebuilders',
        TargetGroupARNs: [arns['vxlan']!],
      }),
    );
    for (const name of ['nodes', 'raw', 'native']) await this.register(name, 'instance_target');
    this.rebuilderEnis = await interfacesOfGroup('rebuilders');
    for (const id of this.rebuilderEnis)
      await ec2.send(
        new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: id, Groups: [groups['rebuilder']!] }),
      );
    this.targetId = (
      await ec2.send(new CreateTrafficMirrorTargetCommand({ NetworkLoadBalancerArn: arns['nlb'] }))
    ).TrafficMirrorTarget!.TrafficMirrorTargetId!;
    await cloudWatch.send(
      new PutMetricAlarmCommand({
        AlarmName: 'vpc-mirror-no-rebuilder',
        AlarmDescription: 'No rebuilder is healthy',
        MetricName: 'm',
        Namespace: 'n',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'LessThanThreshold',
        Statistic: 'Minimum',
      }),
    );
    await this.alarm('OK');
    await this.metric('rebuilder_packets_in_total', 1000);
    await this.metric('rebuilder_endpoint_up', 1);
    await this.apply();
  }

  get health(): IpPermission {
    return { IpProtocol: 'tcp', FromPort: 9445, ToPort: 9445, UserIdGroupPairs: [{ GroupId: this.groups['nlb'] }] };
  }

  async apply(): Promise<void> {
    const parsed = parseDescription(JSON.stringify(this.description), 'test');
    const { failed } = await follow(
      this.aws,
      parsed,
      await look(this.aws, parsed, { allowEmpty: true, tryAgain: false }),
    );
    assert.deepEqual(failed, []);
  }

  examine(change: object = {}): Promise<Finding[]> {
    return doctor(this.aws, parseDescription(JSON.stringify({ ...this.description, ...change }), 'test'));
  }

  async listen(group: string): Promise<void> {
    const [balancer, Protocol, Port] = {
      vxlan: ['nlb', 'UDP', 4789],
      nodes: ['alb', 'HTTP', 8445],
      raw: ['nlb', 'TCP', 8445],
      native: ['nlb', 'TCP', 5080],
    }[group]! as [string, CreateListenerCommandInput['Protocol'], number];
    const made = await this.aws.elbv2.send(
      new CreateListenerCommand({
        LoadBalancerArn: this.arns[balancer],
        Protocol,
        Port,
        DefaultActions: [{ Type: 'forward', TargetGroupArn: this.arns[group] }],
      }),
    );
    this.arns[`listener_${group}`] = made.Listeners![0]!.ListenerArn!;
  }

  unlisten = (group: string): Promise<unknown> =>
    this.aws.elbv2.send(new DeleteListenerCommand({ ListenerArn: this.arns[`listener_${group}`] }));

  register = (group: string, word: string): Promise<unknown> =>
    this.aws.elbv2.send(
      new RegisterTargetsCommand({ TargetGroupArn: this.arns[group], Targets: [{ Id: this.fleet.ids[word]! }] }),
    );

  deregister = (group: string, word: string): Promise<unknown> =>
    this.aws.elbv2.send(
      new DeregisterTargetsCommand({ TargetGroupArn: this.arns[group], Targets: [{ Id: this.fleet.ids[word]! }] }),
    );

  albAttribute = (Key: string, Value: string): Promise<unknown> =>
    this.aws.elbv2.send(
      new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn: this.arns['alb'], Attributes: [{ Key, Value }] }),
    );

  crossZone = (Value: string): Promise<unknown> =>
    this.aws.elbv2.send(
      new ModifyLoadBalancerAttributesCommand({
        LoadBalancerArn: this.arns['nlb'],
        Attributes: [{ Key: 'load_balancing.cross_zone.enabled', Value }],
      }),
    );

  alarm = (StateValue: 'OK' | 'ALARM'): Promise<unknown> =>
    this.aws.cloudWatch.send(
      new SetAlarmStateCommand({ AlarmName: 'vpc-mirror-no-rebuilder', StateValue, StateReason: 'test' }),
    );

  metric = (MetricName: string, Value: number, deployment = DEPLOYMENT): Promise<unknown> =>
    this.aws.cloudWatch.send(
      new PutMetricDataCommand({
        Namespace: 'VpcMirror',
        MetricData: [{ MetricName, Value, Dimensions: deployment, Timestamp: new Date() }],
      }),
    );

  /** What AWS says of the mirrored packets of an instance. */
  mirrored = (instance: string, packets: number, skipped: number): Promise<unknown> =>
    this.aws.cloudWatch.send(
      new PutMetricDataCommand({
        Namespace: 'AWS/EC2',
        MetricData: [
          ['NetworkPacketsMirrorIn', packets] as const,
          ['NetworkPacketsSkipMirrorIn', skipped] as const,
        ].map(([MetricName, Value]) => ({
          MetricName,
          Value,
          Dimensions: [{ Name: 'InstanceId', Value: instance }],
          Timestamp: new Date(),
        })),
      }),
    );

  open = (group: string, rule: IpPermission): Promise<unknown> =>
    this.aws.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: this.groups[group], IpPermissions: [rule] }));

  shut = (group: string, rule: IpPermission): Promise<unknown> =>
    this.aws.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: this.groups[group], IpPermissions: [rule] }));

  groupTag = (Key: string, Value: string, ResourceId = 'rebuilders'): Promise<unknown> =>
    this.aws.autoScaling.send(
      new CreateOrUpdateTagsCommand({
        Tags: [{ ResourceId, ResourceType: 'auto-scaling-group', Key, Value, PropagateAtLaunch: false }],
      }),
    );

  noGroupTag = (Key: string, ResourceId = 'rebuilders'): Promise<unknown> =>
    this.aws.autoScaling.send(
      new DeleteTagsCommand({ Tags: [{ ResourceId, ResourceType: 'auto-scaling-group', Key }] }),
    );

  /** Lets the group `shop` register in a new target group. */
  async attach(name: string, Protocol: 'HTTP' | 'HTTPS', Port: number): Promise<void> {
    const made = await this.aws.elbv2.send(
      new CreateTargetGroupCommand({
        Name: name,
        Protocol,
        Port,
        VpcId: this.fleet.ids['vpc'],
        TargetType: 'instance',
      }),
    );
    this.arns[name] = made.TargetGroups![0]!.TargetGroupArn!;
    await this.aws.autoScaling.send(
      new AttachLoadBalancerTargetGroupsCommand({ AutoScalingGroupName: 'shop', TargetGroupARNs: [this.arns[name]] }),
    );
  }

  async detach(name: string): Promise<void> {
    await this.aws.autoScaling.send(
      new DetachLoadBalancerTargetGroupsCommand({ AutoScalingGroupName: 'shop', TargetGroupARNs: [this.arns[name]!] }),
    );
  }

  async retarget(target: string): Promise<void> {
    for (const one of await readSessions(this.aws)) {
      await this.aws.ec2.send(
        new ModifyTrafficMirrorSessionCommand({ TrafficMirrorSessionId: one.id, TrafficMirrorTargetId: target }),
      );
    }
  }

  /** A mirrored instance in a zone that the load balancer is not in, which does or does not serve all zones. */
  async otherZone(isBroken: boolean): Promise<void> {
    const {
      aws: { ec2 },
      fleet: { ids },
    } = this;
    if (isBroken) {
      const subnet = await ec2.send(
        new CreateSubnetCommand({ VpcId: ids['vpc']!, CidrBlock: '10.0.99.0/24', AvailabilityZone: 'us-east-1c' }),
      );
      const made = await ec2.send(
        new RunInstancesCommand({
          ImageId: ids['image'],
          InstanceType: 'm5.large',
          MinCount: 1,
          MaxCount: 1,
          SubnetId: subnet.Subnet!.SubnetId!,
        }),
      );
      this.arns['instance_far'] = made.Instances![0]!.InstanceId!;
      const parsed = parseDescription(
        JSON.stringify({
          ...this.description,
          interfaces: { by_asg: ['shop'], by_instance: [this.arns['instance_far']] },
        }),
        'test',
      );
      await follow(this.aws, parsed, await look(this.aws, parsed, { allowEmpty: false, tryAgain: false }));
    }
    await this.crossZone(isBroken ? 'false' : 'true');
    if (!isBroken) await this.apply();
  }

  async session(): Promise<string> {
    return (await readSessions(this.aws)).find(({ owner }) => owner === 'vpc-mirror')!.id;
  }

  /** Of the UDP target group, whose word goes before the load balancer's. */
  groupCrossZone = (Value: string): Promise<unknown> =>
    this.aws.elbv2.send(
      new ModifyTargetGroupAttributesCommand({
        TargetGroupArn: this.arns['vxlan'],
        Attributes: [{ Key: 'load_balancing.cross_zone.enabled', Value }],
      }),
    );

  addressOf = async (word: string): Promise<string> => {
    const ids = [this.fleet.ids[word]!];
    const { NetworkInterfaces: found } = await this.aws.ec2.send(
      new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: ids }),
    );
    return found![0]!.PrivateIpAddress!;
  };

  destination = (cidr: string): Promise<unknown> => this.rule({ DestinationCidrBlock: cidr });
  protocol = (number: number): Promise<unknown> => this.rule({ Protocol: number });

  /** Changes the one rule of the filter. */
  async rule(change: { readonly DestinationCidrBlock?: string; readonly Protocol?: number }): Promise<void> {
    const { TrafficMirrorFilters: filters } = await this.aws.ec2.send(
      new DescribeTrafficMirrorFiltersCommand({ TrafficMirrorFilterIds: [this.fleet.filterId] }),
    );
    const id = filters![0]!.IngressFilterRules![0]!.TrafficMirrorFilterRuleId!;
    await this.aws.ec2.send(new ModifyTrafficMirrorFilterRuleCommand({ TrafficMirrorFilterRuleId: id, ...change }));
  }

  /** All subnets of the emulated VPC share one network ACL. */
  async acl(egress: boolean, shut: boolean): Promise<void> {
    const { NetworkAcls: acls } = await this.aws.ec2.send(
      new DescribeNetworkAclsCommand({ Filters: [{ Name: 'vpc-id', Values: [this.fleet.ids['vpc']!] }] }),
    );
    const rule = { NetworkAclId: acls![0]!.NetworkAclId!, RuleNumber: 50, Egress: egress };
    if (shut) await this.aws.ec2.send(new CreateNetworkAclEntryCommand({ ...rule, ...VXLAN_DENIED }));
    else await this.aws.ec2.send(new DeleteNetworkAclEntryCommand(rule));
  }
}

interface Broken {
  /** The check that must say so. */
  readonly check: string;
  readonly what: string;
  readonly breaks?: (it: Deployment) => Promise<unknown>;
  readonly mends?: (it: Deployment) => Promise<unknown>;
  /** Changes of the description instead. */
  readonly change?: (it: Deployment) => object;
  readonly says: RegExp;
}

const rebuild = (it: Deployment, change: object): object => ({ rebuild: { ...it.description.rebuild, ...change } });

const BROKEN: readonly Broken[] = [
  {
    check: 'sources.selected',
    what: 'a group\'s name is misspelled',
    change: () => ({ interfaces: { by_asg: ['shop', 'shpo'] } }),
    says: /by_asg shpo found nothing/,
  },
  {
    check: 'sources.mirrorable',
    what: 'a rebuilder is picked',
    change: () => ({ interfaces: { by_asg: ['shop', 'rebuilders'], excluded_tags: {} } }),
    says: /would mirror the mirror/,
  },
  {
    check: 'sessions.present',
    what: 'a session was deleted by hand',
    breaks: async (it) =>
      it.aws.ec2.send(new DeleteTrafficMirrorSessionCommand({ TrafficMirrorSessionId: await it.session() })),
    mends: (it) => it.apply(),
    says: /no session on eni-/,
  },
  {
    check: 'sessions.stale',
    what: 'an interface is no longer picked',
    change: (it) => ({
      interfaces: { by_asg: ['shop'], excluded_network_interface_ids: [it.fleet.ids['eni_shop_0']] },
    }),
    says: /is no longer picked/,
  },
  {
    check: 'sessions.owner',
    what: 'another deployment has our owner',
    breaks: async (it) => {
      const { TrafficMirrorFilter: filter } = await it.aws.ec2.send(new CreateTrafficMirrorFilterCommand({}));
      const { TrafficMirrorSession: session } = await it.aws.ec2.send(
        new CreateTrafficMirrorSessionCommand({
          NetworkInterfaceId: it.fleet.ids['eni_web'],
          SessionNumber: 1,
          TrafficMirrorFilterId: filter!.TrafficMirrorFilterId,
          TrafficMirrorTargetId: it.fleet.targetId,
          TagSpecifications: [
            { ResourceType: 'traffic-mirror-session', Tags: [{ Key: 'vpc-mirror:owner', Value: 'vpc-mirror' }] },
          ],
        }),
      );
      it.arns['rival'] = session!.TrafficMirrorSessionId!;
    },
    mends: (it) =>
      it.aws.ec2.send(new DeleteTrafficMirrorSessionCommand({ TrafficMirrorSessionId: it.arns['rival'] })),
    says: /1 session with our tag \(vpc-mirror:owner = vpc-mirror\) goes through another filter/,
  },
  {
    check: 'sessions.settings',
    what: 'a session cuts packets',
    breaks: async (it) =>
      it.aws.ec2.send(
        new ModifyTrafficMirrorSessionCommand({ TrafficMirrorSessionId: await it.session(), PacketLength: 100 }),
      ),
    mends: (it) => it.apply(),
    says: /should have packetLength 8500/,
  },
  {
    check: 'sessions.first',
    what: 'another session has a lower number',
    change: (it) => ({ sessions: { ...it.description.sessions, session_number: 5 } }),
    breaks: async (it) => {
      for (const one of (await readSessions(it.aws)).filter(({ owner }) => owner === 'vpc-mirror'))
        await it.aws.ec2.send(
          new ModifyTrafficMirrorSessionCommand({ TrafficMirrorSessionId: one.id, SessionNumber: 5 }),
        );
      it.arns['foreign'] = await it.fleet.foreign({
        NetworkInterfaceId: it.fleet.ids['eni_shop_0']!,
        SessionNumber: 1,
      });
    },
    mends: async (it) => {
      await it.aws.ec2.send(new DeleteTrafficMirrorSessionCommand({ TrafficMirrorSessionId: it.arns['foreign'] }));
      await it.apply();
    },
    says: /tms-\w+ \(number 1\) before ours/,
  },
  {
    check: 'sessions.vni',
    what: 'the rebuilders take another VNI',
    change: (it) => rebuild(it, { config_yaml: 'tcp_stream: {from_vxlan: {vni_filter: [7]}}' }),
    says: /has VNI 1377 .*one of vni_filter: 7/,
  },
  {
    check: 'sessions.vni',
    what: 'the configuration in the description is broken',
    change: (it) => rebuild(it, { config_yaml: 'tcp_stream: {' }),
    says: /config_yaml is no YAML/,
  },
  {
    check: 'nodes.health',
    what: 'the target group of nodes behind an endpoint of the user\'s own is gone',
    change: (it) =>
      rebuild(it, { alb_arn: null, detection_target_group_arn: it.arns['nodes']!.replace(/.$/, (last) => last === '0' ? '1' : '0') }),
    says: /targetgroup\S+ is not there/,
  },
  {
    check: 'filter.ports',
    what: 'a target group sends to a port that no rule accepts',
    breaks: (it) => it.attach('app8080', 'HTTP', 8080),
    mends: (it) => it.detach('app8080'),
    says: /app8080 sends to port 8080, which no rule accepts at eni-/,
  },
  {
    check: 'filter.ports',
    what: 'the rules name one of the servers only',
    breaks: async (it) => {
      await it.attach('app80', 'HTTP', 80);
      await it.destination(`${await it.addressOf('eni_shop_0')}/32`);
    },
    mends: async (it) => {
      await it.detach('app80');
      await it.destination('0.0.0.0/0');
    },
    says: /app80 sends to port 80, which no rule accepts at eni-\w+ \(10\.0\.\d+\.\d+\)/,
  },
  {
    check: 'filter.ports',
    what: 'the only rule is for UDP',
    breaks: (it) => it.protocol(17),
    mends: (it) => it.protocol(6),
    says: /accepts no TCP that comes in/,
  },
  {
    check: 'filter.plaintext',
    what: 'a target group speaks TLS',
    breaks: (it) => it.attach('app443', 'HTTPS', 443),
    mends: (it) => it.detach('app443'),
    says: /app443 speaks HTTPS on port 443/,
  },
  {
    check: 'target.balancer',
    what: 'the target leads to another load balancer',
    change: (it) => ({ sessions: { ...it.description.sessions, traffic_mirror_target_id: it.fleet.targetId } }),
    breaks: (it) => it.retarget(it.fleet.targetId),
    mends: (it) => it.retarget(it.targetId),
    says: /leads to arn:.*mirror/,
  },
  {
    check: 'nlb.listener',
    what: 'the UDP listener is gone',
    breaks: (it) => it.unlisten('vxlan'),
    mends: (it) => it.listen('vxlan'),
    says: /no listener for UDP 4789/,
  },
  {
    check: 'nlb.zones',
    what: 'a source\'s zone is not the load balancer\'s',
    breaks: (it) => it.otherZone(true),
    mends: (it) => it.otherZone(false),
    change: (it) => ({ interfaces: { by_asg: ['shop'], by_instance: [it.arns['instance_far']] } }),
    says: /not in us-east-1c, where there are sources/,
  },
  {
    check: 'nlb.zones',
    what: 'a source\'s zone has no rebuilder, and the UDP target group does not serve other zones',
    breaks: (it) => it.groupCrossZone('false'),
    mends: (it) => it.groupCrossZone('use_load_balancer_configuration'),
    says: /no healthy rebuilder in us-east-1[ab], where there are sources, and not cross-zone/,
  },
  {
    check: 'nlb.security-group',
    what: 'the load balancer lets nobody in',
    breaks: (it) => it.shut('nlb', udp('10.0.0.0/16')),
    mends: (it) => it.open('nlb', udp('10.0.0.0/16')),
    says: /does not let UDP 4789 of eni-\w+ \(10\.0\.0\.\d+\).* in/,
  },
  {
    check: 'rebuilders.security-group',
    what: 'the rebuilders let only half of the network in',
    breaks: async (it) => [
      await it.shut('rebuilder', udp('10.0.0.0/16')),
      await it.open('rebuilder', udp('10.0.4.0/24')),
    ],
    mends: async (it) => [
      await it.shut('rebuilder', udp('10.0.4.0/24')),
      await it.open('rebuilder', udp('10.0.0.0/16')),
    ],
    says: /does not let UDP 4789 of eni-/,
  },
  {
    check: 'rebuilders.health-port',
    what: 'health checks are shut out',
    breaks: (it) => it.shut('rebuilder', it.health),
    mends: (it) => it.open('rebuilder', it.health),
    says: /does not let TCP 9445 of the load balancer in/,
  },
  {
    check: 'nacl.sources',
    what: 'a network ACL lets nothing out',
    breaks: (it) => it.acl(true, true),
    mends: (it) => it.acl(true, false),
    says: /does not let UDP 4789 out/,
  },
  {
    check: 'nacl.rebuilders',
    what: 'a network ACL lets nothing in',
    breaks: (it) => it.acl(false, true),
    mends: (it) => it.acl(false, false),
    says: /does not let UDP 4789 of a source in/,
  },
  {
    check: 'rebuilders.capacity',
    what: 'the group does not launch',
    breaks: (it) =>
      it.aws.autoScaling.send(
        new SuspendProcessesCommand({ AutoScalingGroupName: 'rebuilders', ScalingProcesses: ['Launch'] }),
      ),
    mends: (it) =>
      it.aws.autoScaling.send(
        new ResumeProcessesCommand({ AutoScalingGroupName: 'rebuilders', ScalingProcesses: ['Launch'] }),
      ),
    says: /Launch of rebuilders suspended/,
  },
  {
    check: 'rebuilders.activity',
    what: 'the last launch failed',
    breaks: (it) => it.groupTag('lab:activity', 'Failed'),
    mends: (it) => it.noGroupTag('lab:activity'),
    says: /last activity failed: You have requested more vCPU/,
  },
  {
    check: 'rebuilders.refresh',
    what: 'the last refresh failed',
    breaks: (it) => it.groupTag('lab:refresh', 'RollbackFailed'),
    mends: (it) => it.noGroupTag('lab:refresh'),
    says: /last instance refresh: RollbackFailed/,
  },
  {
    check: 'rebuilders.health',
    what: 'a rebuilder is out of its target group',
    breaks: (it) => it.deregister('vxlan', 'instance_rebuilders_0'),
    mends: (it) => it.register('vxlan', 'instance_rebuilders_0'),
    says: /no rebuilders are registered|is unused/,
  },
  {
    check: 'alb.listener',
    what: 'the ALB does not listen',
    breaks: (it) => it.unlisten('nodes'),
    mends: (it) => it.listen('nodes'),
    says: /no listener on port 8445/,
  },
  {
    check: 'alb.attributes',
    what: 'the ALB refuses ambiguous requests',
    breaks: (it) => it.albAttribute('routing.http.desync_mitigation_mode', 'strictest'),
    mends: (it) => it.albAttribute('routing.http.desync_mitigation_mode', 'monitor'),
    says: /desync_mitigation_mode = strictest/,
  },
  {
    check: 'nodes.health',
    what: 'no node is registered',
    breaks: (it) => it.deregister('nodes', 'instance_target'),
    mends: (it) => it.register('nodes', 'instance_target'),
    says: /no nodes are registered|is unused/,
  },
  {
    check: 'raw.listener',
    what: 'the raw path does not listen',
    breaks: (it) => it.unlisten('raw'),
    mends: (it) => it.listen('raw'),
    says: /no listener for TCP 8445/,
  },
  {
    check: 'raw.health',
    what: 'no node is on the raw path',
    breaks: (it) => it.deregister('raw', 'instance_target'),
    mends: (it) => it.register('raw', 'instance_target'),
    says: /raw path are registered|is unused/,
  },
  {
    check: 'nodes.capacity',
    what: 'broken nodes are not replaced',
    breaks: (it) =>
      it.aws.autoScaling.send(
        new SuspendProcessesCommand({ AutoScalingGroupName: 'scaled', ScalingProcesses: ['ReplaceUnhealthy'] }),
      ),
    mends: (it) =>
      it.aws.autoScaling.send(
        new ResumeProcessesCommand({ AutoScalingGroupName: 'scaled', ScalingProcesses: ['ReplaceUnhealthy'] }),
      ),
    says: /ReplaceUnhealthy of scaled suspended/,
  },
  {
    check: 'nodes.activity',
    what: 'the last launch of a node failed',
    breaks: (it) => it.groupTag('lab:activity', 'Failed', 'scaled'),
    mends: (it) => it.noGroupTag('lab:activity', 'scaled'),
    says: /last activity failed: You have requested more vCPU/,
  },
  {
    check: 'nodes.refresh',
    what: 'a new image of the nodes did not get healthy, which no apply waited for',
    breaks: (it) => it.groupTag('lab:refresh', 'Failed', 'scaled'),
    mends: (it) => it.noGroupTag('lab:refresh', 'scaled'),
    says: /last instance refresh: Failed/,
  },
  {
    check: 'ext-proc.listener',
    what: 'the way to the native nodes does not listen',
    breaks: (it) => it.unlisten('native'),
    mends: (it) => it.listen('native'),
    says: /no listener for TCP 5080/,
  },
  {
    check: 'ext-proc.health',
    what: 'no native node is registered',
    breaks: (it) => it.deregister('native', 'instance_target'),
    mends: (it) => it.register('native', 'instance_target'),
    says: /native nodes are registered|is unused/,
  },
  {
    check: 'alarms',
    what: 'an alarm is raised',
    breaks: (it) => it.alarm('ALARM'),
    mends: (it) => it.alarm('OK'),
    says: /vpc-mirror-no-rebuilder: No rebuilder is healthy/,
  },
  {
    check: 'agent',
    what: 'the agent is silent',
    change: (it) => rebuild(it, { name_prefix: 'silent' }),
    says: /no metric of the rebuilders in 15 minutes/,
  },
  {
    check: 'packets',
    what: 'nothing arrives',
    breaks: (it) => it.metric('rebuilder_endpoint_up', 1, [{ Name: 'deployment', Value: 'quiet' }]),
    change: (it) => rebuild(it, { name_prefix: 'quiet' }),
    says: /no mirrored packet in 15 minutes/,
  },
  // Last: it does not come back.
  {
    check: 'nlb.exists',
    what: 'the load balancer was deleted',
    breaks: (it) => it.aws.elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: it.arns['nlb'] })),
    says: /is not there/,
  },
];

test('the doctor', async (t) => {
  const fleet = await emulatedFleet(t);
  if (fleet === undefined) return;
  const it = new Deployment(fleet, await openAccount({ endpoint: fleet.account.endpoint }));
  await it.build();
  const wrong = (findings: readonly Finding[]): string[] =>
    findings.filter(({ state }) => state === 'failed').map(({ check, found }) => `${check}: ${found}`);

  await t.test('a healthy deployment is all green: every check has looked', async () => {
    const findings = await it.examine();
    assert.deepEqual(
      findings.filter(({ state }) => state !== 'ok'),
      [],
    );
    assert.equal(findings.length, CHECKS.length);
  });

  await t.test(
    'for people: a line each, what was found, expected and how to fix it; exit 1; nothing is written',
    async () => {
      fleet.proxy.reset();
      const healthy = await vpcMirror(fleet.proxy.endpoint, ['doctor', '-c', description(t, it.description)]);
      assert.equal(healthy.status, 0, healthy.stdout);
      const broken = await vpcMirror(fleet.proxy.endpoint, [
        'doctor',
        '-c',
        description(t, { ...it.description, interfaces: { by_asg: ['shop', 'shpo'] } }),
      ]);
      assert.equal(broken.status, 1);
      assert.match(broken.stdout, /^FAIL +sources\.selected +by_asg shpo found nothing$/m);
      assert.match(broken.stdout, /expected: every selector finds.*\n[^]*fix: correct the name/);
      for (const line of broken.stdout.split('\n')) assert.ok(line.length <= 80, line);
      assert.equal(fleet.proxy.writes(), 0);
    },
  );

  await t.test('a Gateway Load Balancer endpoint as target: what is not on its way is not judged', async () => {
    const facts = await readFacts(it.aws, parseDescription(JSON.stringify(it.description), 'test'));
    const { situation } = facts;
    const target = { TrafficMirrorTargetId: it.targetId, GatewayLoadBalancerEndpointId: 'vpce-0123456789abcdef0' };
    const findings = examine(
      { ...facts, securityGroups: new Map(), situation: { ...situation, mirror: { ...situation.mirror, target } } },
      CHECKS,
    );
    const left = findings.filter(({ found }) => /vpce-0123456789abcdef0, which is not looked at/.test(found));
    assert.deepEqual(
      left.map(({ check, state }) => `${check} ${state}`),
      ['target.balancer', 'nlb.zones', 'nlb.security-group', 'rebuilders.security-group', 'nacl.sources', 'nacl.rebuilders'].map(
        (check) => `${check} skipped`,
      ),
    );
  });

  await t.test('targets on their way out or in are no fault beside healthy ones; a sick one, or none left, is', async () => {
    const facts = await readFacts(it.aws, parseDescription(JSON.stringify(it.description), 'test'));
    const judged = (...states: TargetHealthStateEnum[]): string => {
      const nodes = states.map((State, i) => ({ Target: { Id: `i-${i}` }, TargetHealth: { State, Reason: 'Target.Timeout' } as const }));
      const { found, state } = examine({ ...facts, health: { ...facts.health, nodes } }, CHECKS).find(
        ({ check }) => check === 'nodes.health',
      )!;
      return `${state}: ${found}`;
    };
    assert.deepEqual(
      [
        judged('healthy', 'draining', 'healthy', 'unhealthy.draining'),
        judged('healthy', 'initial'),
        judged('draining', 'draining'),
        judged('initial'),
        judged('healthy', 'unhealthy', 'draining'),
      ],
      [
        'ok: 2 healthy, 1 draining, 1 unhealthy.draining',
        'ok: 1 healthy, 1 initial',
        'failed: no nodes are registered (2 draining)',
        'failed: i-0 is initial (Target.Timeout)',
        'failed: i-1 is unhealthy (Target.Timeout)',
      ],
    );
  });

  await t.test('no line is longer than 80, with ARNs as long as AWS makes them; nothing of them is lost', () => {
    const arn = `arn:aws-us-gov:elasticloadbalancing:us-gov-west-1:123456789012:targetgroup/${'n'.repeat(32)}/0123456789abcdef`;
    const text = doctorText([
      { check: 'rebuilders.security-group', state: 'failed', found: `leads to ${arn}`, expected: arn, mend: 'x'.repeat(200) },
    ]);
    for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
    assert.equal(text.replace(/\s/g, '').split(arn).length, 3);
  });

  await t.test('status: one screen, of what CloudWatch knows', async () => {
    const [sends, silent] = await fleet.account.members('shop');
    await it.mirrored(sends!, 4000, 0);
    await it.mirrored(silent!, 0, 12);
    await it.metric('rebuilder_requests_in_total', 120);
    await it.metric('rebuilder_requests_out_total', 117);
    await it.metric('rebuilder_requests_lost_total', 3);
    const file = description(t, it.description);
    fleet.proxy.reset();
    const json = await vpcMirror(fleet.proxy.endpoint, ['status', '-c', file, '--since', '30m', '--json']);
    assert.equal(json.status, 0, json.stderr);
    const report: StatusReport = JSON.parse(json.stdout);
    assert.equal(Date.parse(report.until) - Date.parse(report.since), 30 * 60_000);
    assert.deepEqual(
      report.sources.map((one) => [one.instance_id, one.packets, one.skipped, one.session_id !== null]).sort(),
      [
        [sends, 4000, 0, true],
        [silent, 0, 12, true],
      ].sort(),
    );
    const { in: rebuilt, out, lost, first_lost: first, last_lost: last } = report.requests;
    assert.deepEqual([rebuilt, out, lost, first], [120, 117, 3, last]);
    assert.ok(Date.parse(last!) > Date.parse(report.since));
    assert.deepEqual([report.exchanges, report.alarms], [null, []]);
    const { stdout } = await vpcMirror(fleet.proxy.endpoint, ['status', '-c', file]);
    assert.match(stdout, /^us-east-1, since \d\d-\d\d \d\d:\d\d UTC$/m);
    assert.match(stdout, /^sources +2 picked, 2 with a session; 1 silent, 1 with packets left out$/m);
    assert.match(stdout.replace(/\s+/g, ' '), /requests 120 rebuilt \(last [^)]*\), 117 delivered \(last [^)]*\), 3 lost \(from /);
    assert.match(stdout.split('\n').find((line) => line.startsWith('eni-'))!, new RegExp(` ${silent} +0 +12 +-$`));
    const lines = stdout.trimEnd().split('\n');
    assert.ok(lines.length <= 24 && lines.every(({ length }) => length <= 80), stdout);
    assert.equal(fleet.proxy.writes(), 0);
    const wrongTime = await vpcMirror(fleet.proxy.endpoint, ['status', '-c', file, '--since', '2 weeks']);
    assert.deepEqual([wrongTime.status, /--since 2 weeks: give a time/.test(wrongTime.stderr)], [2, true]);
  });

  for (const { check, what, breaks, mends, change, says } of BROKEN) {
    await t.test(`${check}: ${what}`, async () => {
      await breaks?.(it);
      const findings = await it.examine(change?.(it));
      await mends?.(it);
      assert.deepEqual(
        wrong(findings).map((line) => line.split(':')[0]),
        [check],
        wrong(findings).join('\n'),
      );
      const finding = findings.find((one) => one.check === check)!;
      assert.ok(finding.state === 'failed' && finding.expected !== '' && finding.mend !== '');
      assert.match(`${finding.found} ${finding.expected}`, says);
    });
  }

  await t.test('every check has a broken setup', () =>
    assert.deepEqual(
      CHECKS.map(({ name }) => name).filter((name) => !BROKEN.some(({ check }) => check === name)),
      [],
    ),
  );
});
