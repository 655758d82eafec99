// Plans as a pure function: quotas, loops, double views, shares and prices that an emulated account would take long to
// show.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrafficMirrorFilter } from '@aws-sdk/client-ec2';
import type { Instance } from '../../fleet/aws/instances.ts';
import { parseDescription } from '../../fleet/description/description.ts';
import type { Picked, Selection } from '../../fleet/enis/selection.ts';
import { monthlyCost } from '../../fleet/sessions/cost.ts';
import { doubleViews } from '../../fleet/sessions/double-views.ts';
import { mistakesOf, reasonAgainst } from '../../fleet/enis/reason.ts';
import { selectorsSchema } from '../../fleet/enis/selectors.ts';
import { accepts, acceptsFromSomewhere, namedPorts } from '../../fleet/sessions/filter-rules.ts';
import { rivalsSentence } from '../../fleet/sessions/ownership.ts';
import { kindOf, planSessions, SESSIONS_PER_ACCOUNT } from '../../fleet/sessions/plan.ts';
import type { Session } from '../../fleet/sessions/session.ts';
import { crossZoneShare } from '../../fleet/sessions/zones.ts';

const { sessions: settings } = parseDescription(
  'sessions: {traffic_mirror_filter_id: tmf-0a, traffic_mirror_target_id: tmt-0a}',
  'test',
);
assert.ok(settings !== undefined);
const options = { settings, refusedKinds: new Set<string>() };

function picked(n: number, zone = 'us-east-1a', instance: Partial<Instance> = {}): Picked {
  const ip = `10.0.${n >> 8}.${n & 255}`;
  return {
    key: `eni-${n}`,
    why: 'by_asg shop',
    note: null,
    instance: {
      id: `i-${n}`,
      instanceType: 'm5.large',
      state: 'running',
      availabilityZone: zone,
      autoScalingGroup: 'shop',
      tags: new Map(),
      ...instance,
    },
    eni: {
      id: `eni-${n}`,
      description: '',
      interfaceType: 'interface',
      vpcId: 'vpc-0a',
      subnetId: 'subnet-0a',
      availabilityZone: zone,
      privateIp: ip,
      privateIps: [ip],
      securityGroupIds: [],
      isAttached: true,
      instanceId: `i-${n}`,
      instanceOwnerId: '123456789012',
      deviceIndex: 0,
      tags: new Map(),
    },
  };
}

const session = (n: number, more: Partial<Session> = {}): Session => ({
  id: `tms-${n}`,
  networkInterfaceId: `eni-${n}`,
  targetId: 'tmt-0a',
  filterId: 'tmf-0a',
  sessionNumber: 1,
  virtualNetworkId: 7,
  packetLength: 8500,
  owner: 'vpc-mirror',
  ...more,
});

const selection = (...all: Picked[]): Selection => ({ picked: all, refused: [], unmatched: [], mistakes: [] });

test('the account\'s quota: what fits is added, the rest is said before anything is written', () => {
  const foreign = Array.from({ length: SESSIONS_PER_ACCOUNT - 1 }, (_, n) => session(n + 100, { owner: null }));
  const plan = planSessions(selection(picked(1), picked(2), picked(3)), foreign, options);
  assert.deepEqual(
    plan.add.map((one) => one.picked.eni.id),
    ['eni-1'],
  );
  assert.deepEqual(
    plan.blocked.map(({ reason }) => reason),
    Array(2).fill('the account has 9999 sessions, and AWS allows 10,000'),
  );
});

test('what goes makes room', () => {
  const full = Array.from({ length: SESSIONS_PER_ACCOUNT }, (_, n) =>
    session(n + 100, { owner: n === 0 ? 'vpc-mirror' : null }),
  );
  const plan = planSessions(selection(picked(1)), full, options);
  assert.deepEqual(
    [plan.add.length, plan.remove.map(({ reason }) => reason), plan.blocked.length],
    [1, ['eni-100 is no longer picked'], 0],
  );
});

test('a rebuilder or a node is never mirrored, tagged or not; a session on one goes', () => {
  const { rebuild } = parseDescription(
    'rebuild: {autoscaling_group_name: rebuilders, nodes_autoscaling_group_name: nodes}',
    'test',
  );
  const loop = selection(
    picked(1, 'us-east-1a', { autoScalingGroup: 'rebuilders' }),
    picked(2, 'us-east-1a', { autoScalingGroup: 'nodes' }),
    picked(3),
  );
  const plan = planSessions(loop, [session(1)], { ...options, rebuild });
  assert.deepEqual(
    plan.add.map((one) => one.picked.eni.id),
    ['eni-3'],
  );
  assert.match(plan.remove[0]!.reason, /a rebuilder or node of this mirror: it would mirror the mirror/);
  assert.equal(plan.blocked.length, 2);
});

test('of two sessions of ours on an interface the one with the lower number stays', () => {
  const plan = planSessions(selection(picked(1)), [session(1, { id: 'tms-b', sessionNumber: 2 }), session(1)], options);
  assert.deepEqual(
    [plan.keep.map(({ id }) => id), plan.remove.map((one) => one.session.id), plan.add.length],
    [['tms-1'], ['tms-b'], 0],
  );
});

test('an interface that two entries of by_id name has one session', () => {
  const { add, warnings } = planSessions(
    selection({ ...picked(1), key: 'a', why: 'by_id a' }, { ...picked(1), key: 'b', why: 'by_id b' }),
    [],
    options,
  );
  assert.deepEqual(add.map(({ picked: one }) => one.key), ['a']);
  assert.deepEqual(warnings, ['by_id b also selects eni-1, which is already selected; it gets one session']);
});

test('another owner\'s sessions are left alone, whatever they do', () => {
  const plan = planSessions(
    selection(picked(1)),
    [session(5, { owner: 'other' }), session(6, { owner: null })],
    options,
  );
  assert.deepEqual([plan.add.length, plan.change.length, plan.remove.length], [1, 0, 0]);
});

test('our tag on a session through another filter is another deployment\'s: left alone, and told', () => {
  const theirs = [session(1, { filterId: 'tmf-0b', targetId: 'tmt-0b' }), session(9, { filterId: 'tmf-0b' })];
  const plan = planSessions(selection(picked(1)), theirs, options);
  assert.deepEqual([plan.add.length, plan.change, plan.remove, plan.rivals], [1, [], [], theirs]);
  assert.equal(plan.add[0]!.sessionNumber, 2);
  assert.match(
    rivalsSentence(plan.rivals, settings),
    /^2 sessions with our tag \(vpc-mirror:owner = vpc-mirror\) go through another filter \(tmf-0b\): .*apply --former-filter tmf-0b\.$/,
  );
  const former = planSessions(selection(picked(1)), theirs, { ...options, formerFilters: new Set(['tmf-0b']) });
  assert.deepEqual(
    [former.add.length, former.change[0]?.to, former.remove.length, former.rivals.length],
    [0, { targetId: 'tmt-0a', filterId: 'tmf-0a' }, 1, 0],
  );
});

test('of two reconcilers\' sessions to one target the lower number stays: not each gives way to the other', () => {
  const mine = session(1);
  const theirs = session(1, { id: 'tms-b', owner: 'other', filterId: 'tmf-0b', sessionNumber: 2 });
  assert.deepEqual(planSessions(selection(picked(1)), [mine, theirs], options).keep, [mine]);
  const other = { ...settings, owner: 'other', traffic_mirror_filter_id: 'tmf-0b' };
  const gives = planSessions(selection(picked(1)), [mine, theirs], { ...options, settings: other });
  assert.deepEqual([gives.keep, gives.remove.map(({ session: one }) => one.id)], [[], ['tms-b']]);
});

for (const [name, wanted, taken, number] of [
  ['the wanted one', 5, [4, 6], 5],
  ['the next above it', 5, [5, 6], 7],
  ['the largest', 32_766, [1], 32_766],
  ['at the end of AWS\'s numbers the next below', 32_766, [32_766, 32_765], 32_764],
] as const) {
  test(`a session number that is free: ${name}`, () => {
    const others = taken.map((sessionNumber) => session(1, { owner: null, targetId: 'tmt-0b', sessionNumber }));
    const plan = planSessions(selection(picked(1)), others, {
      ...options,
      settings: { ...settings, session_number: wanted },
    });
    assert.equal(plan.add[0]!.sessionNumber, number);
  });
}

test('an interface without an instance has a kind that a tag can hold, whatever AWS tells of it', () => {
  const bare = { ...picked(1), instance: undefined };
  const kind = (eni: object): string => kindOf({ ...bare, eni: { ...bare.eni, instanceId: '', ...eni } });
  assert.deepEqual(
    [{ instanceOwnerId: 'amazon-elb' }, { instanceOwnerId: '', interfaceType: 'lambda' }, { isAttached: false }].map(kind),
    ['amazon-elb', 'lambda', 'unattached'],
  );
});

test('an instance that is shutting down is no source: its interface goes with it', () => {
  const { eni, instance } = picked(1, 'us-east-1a', { state: 'shutting-down' });
  const selectors = selectorsSchema.parse({});
  assert.equal(reasonAgainst(eni, instance, selectors, false), 'its instance i-1 is shutting down');
  assert.deepEqual(mistakesOf('web', eni, instance, selectors), [
    'by_id["web"]: the instance i-1 of eni-1 is shutting down, and the interface goes with it: take the entry out.',
  ]);
});

test('stopped_instances: keep keeps the session of a stopped instance', () => {
  const stopped = selection(picked(1, 'us-east-1a', { state: 'stopped' }));
  assert.equal(planSessions(stopped, [session(1)], options).remove.length, 1);
  assert.equal(
    planSessions(stopped, [session(1)], { ...options, settings: { ...settings, stopped_instances: 'keep' } }).keep
      .length,
    1,
  );
});

const rule = (
  RuleNumber: number,
  RuleAction: 'accept' | 'reject',
  more = {},
): NonNullable<TrafficMirrorFilter['IngressFilterRules']>[number] => ({
  RuleNumber,
  RuleAction,
  Protocol: 6,
  SourceCidrBlock: '0.0.0.0/0',
  DestinationCidrBlock: '0.0.0.0/0',
  ...more,
});
const port = (from: number, to = from): object => ({ DestinationPortRange: { FromPort: from, ToPort: to } });
const packet = {
  direction: 'ingress',
  protocol: 6,
  source: '10.0.0.1',
  sourcePort: 40_000,
  destination: '10.0.0.2',
  destinationPort: 80,
} as const;

for (const [name, rules, expected] of [
  ['a port', [rule(1, 'accept', port(80))], true],
  ['another port', [rule(1, 'accept', port(8080))], false],
  ['a range', [rule(1, 'accept', port(1, 100))], true],
  ['a lower number that rejects', [rule(2, 'accept'), rule(1, 'reject', port(80))], false],
  ['a higher number that rejects', [rule(1, 'accept'), rule(2, 'reject')], true],
  ['another protocol', [rule(1, 'accept', { Protocol: 17 })], false],
  ['any protocol', [rule(1, 'accept', { Protocol: 0 })], true],
  ['another network', [rule(1, 'accept', { SourceCidrBlock: '10.1.0.0/16' })], false],
  ['IPv6', [rule(1, 'accept', { SourceCidrBlock: '::/0', DestinationCidrBlock: '::/0' })], false],
  ['no rule', [], false],
] as const) {
  test(`a filter takes a request: ${name}`, () =>
    assert.equal(accepts({ IngressFilterRules: [...rules] }, packet), expected));
}

test('ports are those of TCP: a rule for UDP names none, one without a port names 80', () => {
  const IngressFilterRules = [
    rule(1, 'accept', { Protocol: 17, ...port(53) }),
    rule(2, 'reject', port(22)),
    rule(3, 'accept', port(8080, 8081)),
    rule(4, 'accept', { Protocol: 0 }),
  ];
  assert.deepEqual(namedPorts({ IngressFilterRules }, 'ingress'), [8080, 8081, 80]);
});

test('a port is mirrored if some client\'s packets to it are: a rule may name the load balancers\' networks alone', () => {
  const filter = { IngressFilterRules: [rule(1, 'accept', { SourceCidrBlock: '192.168.7.0/24', ...port(80) })] };
  assert.ok(acceptsFromSomewhere(filter, '10.0.0.2', 80));
  assert.ok(!acceptsFromSomewhere(filter, '10.0.0.2', 81));
  assert.ok(!acceptsFromSomewhere({}, '10.0.0.2', 80));
});

test('a request between two picked interfaces is seen twice if it is mirrored where it leaves, too', () => {
  const both = [picked(1), picked(2)];
  const ingress = { IngressFilterRules: [rule(1, 'accept', port(80))] };
  assert.deepEqual(doubleViews(both, ingress), []);
  // Answers are mirrored by their source port, and are no second view.
  assert.deepEqual(
    doubleViews(both, {
      ...ingress,
      EgressFilterRules: [rule(1, 'accept', { SourcePortRange: { FromPort: 80, ToPort: 80 } })],
    }),
    [],
  );
  assert.match(
    doubleViews(both, { ...ingress, EgressFilterRules: [rule(1, 'accept')] })[0]!,
    /^a request of eni-2 to port 80 of eni-1 is mirrored where it leaves and where it arrives/,
  );
  assert.deepEqual(doubleViews([picked(1)], { ...ingress, EgressFilterRules: [rule(1, 'accept')] }), []);
});

test('a load balancer\'s own interface beside its targets', () => {
  const balancer = { ...picked(9), instance: undefined };
  const own = {
    ...balancer,
    eni: { ...balancer.eni, instanceId: '', instanceOwnerId: 'amazon-elb', description: 'ELB app/shop/0a' },
  };
  assert.match(doubleViews([picked(1), own], {})[0]!, /^eni-9 is a load balancer's \(ELB app\/shop\/0a\)/);
  assert.deepEqual(doubleViews([own], {}), []);
});

test('the share of bytes that crosses zones', () => {
  const sources = [picked(1, 'a'), picked(2, 'b'), picked(3, 'c'), picked(4, 'c')];
  assert.equal(crossZoneShare(sources.slice(0, 2), { zones: ['a', 'b'], isCrossZone: false }), 0);
  assert.equal(crossZoneShare(sources.slice(0, 2), { zones: ['a', 'b'], isCrossZone: true }), 0.5);
  // A zone that the load balancer is not in: every byte crosses.
  assert.equal(crossZoneShare(sources, { zones: ['a', 'b'], isCrossZone: true }), 0.75);
});

test('ten sessions are $109.50 a month, and 1 TB through the load balancer, half across zones, $16', () => {
  assert.deepEqual(monthlyCost(10, { gigabytes: 1000, crossZoneShare: 0.5 }), { sessions: 109.5, traffic: 16 });
  assert.equal(monthlyCost(10, null).traffic, null);
});
