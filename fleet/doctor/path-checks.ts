import { crossZoneShare } from '../sessions/zones.ts';
import { failed, MEND_NAME, ok, skipped, some, type Check, type Verdict } from './check.ts';
import { subnetsOf, type Facts } from './facts.ts';
import { healthyIds } from './target-health.ts';
import { aclLets, groupsLetIn } from './openings.ts';

const VXLAN = 4789;
const HEALTH = 9445;

/** From the mirror target to the rebuilders: listener, zones, security groups, network ACLs. */
const ALL: readonly Check[] = [
  {
    name: 'nlb.exists',
    judge: ({ nlb, rebuild }) =>
      rebuild.nlb_arn === null
        ? skipped('the description has no nlb_arn')
        : nlb === null
          ? failed(
              `${rebuild.nlb_arn} is not there`,
              'the load balancer of the rebuilders',
              MEND_NAME,
            )
          : nlb.balancer.State?.Code === 'active' || nlb.balancer.State?.Code === 'active_impaired'
            ? ok(`${nlb.balancer.LoadBalancerName} is active`)
            : failed(
                `${nlb.balancer.LoadBalancerName} is ${nlb.balancer.State?.Code}`,
                'active',
                nlb.balancer.State?.Reason ?? 'wait, or look at it in the console',
              ),
  },
  {
    name: 'nlb.listener',
    needs: ['nlb.exists'],
    judge: withNlb(({ listeners }, { rebuild }) => {
      const listener = listeners.find(
        ({ Port: port, Protocol: protocol }) => port === VXLAN && /UDP/.test(protocol ?? ''),
      );
      const arn = listener?.DefaultActions?.[0]?.TargetGroupArn;
      if (listener === undefined)
        return failed(
          'no listener for UDP 4789',
          'one: without it AWS drops mirrored packets without a word',
          'apply the Terraform again',
        );
      return rebuild.target_group_arn === null || arn === rebuild.target_group_arn
        ? ok('UDP 4789 goes to the rebuilders')
        : failed(
            `UDP 4789 goes to ${arn}`,
            rebuild.target_group_arn,
            'let the listener forward to the rebuilders\' target group',
          );
    }),
  },
  {
    name: 'nlb.zones',
    needs: ['nlb.exists'],
    judge: withNlb(
      (
        { balancer },
        {
          situation: {
            selection: { picked },
          },
          isCrossZone,
          rebuilders,
          health,
        },
      ) => {
        const zones = (balancer.AvailabilityZones ?? []).flatMap(({ ZoneName: zone }) => zone ?? []);
        const sourceZones = [...new Set(picked.map(({ eni }) => eni.availabilityZone))].sort();
        const outside = sourceZones.filter((zone) => !zones.includes(zone));
        const healthy = healthyIds(health.rebuilders);
        const served = rebuilders
          .filter(({ instanceId }) => healthy.has(instanceId))
          .map((eni) => eni.availabilityZone);
        // Where none is healthy at all, rebuilders.health says so.
        const empty = served.length === 0 ? [] : sourceZones.filter((zone) => !served.includes(zone));
        if (outside.length === 0 && empty.length > 0 && !isCrossZone)
          return failed(
            `no healthy rebuilder in ${some(empty)}, where there are sources, and not cross-zone`,
            'cross-zone load balancing, or a rebuilder in each zone of a source',
            'switch on cross-zone load balancing, of the load balancer and of its UDP target group',
          );
        return outside.length === 0 || isCrossZone
          ? ok(
              `in ${some(zones)}${isCrossZone ? ', cross-zone' : ''}; ${Math.round(crossZoneShare(picked, { zones, isCrossZone }) * 100)} % of the bytes cross zones`,
            )
          : failed(
              `not in ${some(outside)}, where there are sources, and not cross-zone`,
              'cross-zone load balancing, or a subnet in each zone of a source',
              'switch on cross-zone load balancing, of the load balancer and of its UDP target group',
            );
      },
    ),
  },
  {
    name: 'nlb.security-group',
    needs: ['nlb.exists'],
    judge: withNlb(({ balancer }, { situation, securityGroups }) => {
      const groups = (balancer.SecurityGroups ?? []).flatMap((id) => securityGroups.get(id) ?? []);
      if (groups.length === 0) return ok('has none');
      const shut = situation.selection.picked.filter(
        ({ eni }) =>
          !groupsLetIn(groups, { protocol: 'udp', port: VXLAN, peer: eni.privateIp, peerGroups: eni.securityGroupIds }),
      );
      return shut.length === 0
        ? ok('lets every source in')
        : failed(
            `does not let UDP 4789 of ${some(shut.map(({ eni }) => `${eni.id} (${eni.privateIp})`))} in`,
            'UDP 4789 from every source',
            'add their networks to mirrored_cidrs',
          );
    }),
  },
  {
    name: 'rebuilders.security-group',
    judge: withRebuilders((own, { situation }) => {
      const shut = situation.selection.picked.filter(
        ({ eni }) =>
          !own((groups) =>
            groupsLetIn(groups, {
              protocol: 'udp',
              port: VXLAN,
              peer: eni.privateIp,
              peerGroups: eni.securityGroupIds,
            }),
          ),
      );
      return shut.length === 0
        ? ok('lets every source in: a load balancer keeps their addresses')
        : failed(
            `does not let UDP 4789 of ${some(shut.map(({ eni }) => `${eni.id} (${eni.privateIp})`))} in`,
            'UDP 4789 from every source',
            'add their networks to mirrored_cidrs',
          );
    }),
  },
  {
    name: 'rebuilders.health-port',
    judge: withRebuilders((own, { nlb, situation }) => {
      const peerGroups = nlb?.balancer.SecurityGroups ?? [];
      if (nlb === null || peerGroups.length === 0)
        return skipped('the load balancer has no security group to look for');
      return own((groups) =>
        groupsLetIn(groups, {
          protocol: 'tcp',
          port: HEALTH,
          peer: situation.selection.picked[0]?.eni.privateIp ?? '0.0.0.0',
          peerGroups,
        }),
      )
        ? ok('lets the load balancer\'s health checks in')
        : failed(
            'does not let TCP 9445 of the load balancer in',
            'TCP 9445 from its security group: health checks',
            'apply the Terraform again',
          );
    }),
  },
  {
    name: 'nacl.sources',
    judge: ({ situation: { selection }, acls, rebuilders }) => {
      const peer = rebuilders[0]?.privateIp;
      if (peer === undefined) return skipped('no rebuilder, whose address would be needed');
      const shut = [...new Set(selection.picked.map(({ eni }) => eni.subnetId))].filter(
        (id) => !lets(acls.get(id), 'out', peer),
      );
      return shut.length === 0
        ? ok('let UDP 4789 out')
        : failed(
            `the network ACL of ${some(shut)} does not let UDP 4789 out`,
            'UDP 4789 out of the sources\' subnets',
            'add a rule to that network ACL',
          );
    },
  },
  {
    name: 'nacl.rebuilders',
    judge: ({ situation: { selection }, acls, rebuilders, nlb }) => {
      const subnets = [...new Set([...rebuilders.map((eni) => eni.subnetId), ...subnetsOf(nlb)])];
      const shut = subnets.filter((id) =>
        selection.picked.some(({ eni }) => eni.subnetId !== id && !lets(acls.get(id), 'in', eni.privateIp)),
      );
      return shut.length === 0
        ? ok('let UDP 4789 in')
        : failed(
            `the network ACL of ${some(shut)} does not let UDP 4789 of a source in`,
            'UDP 4789 from the sources',
            'add a rule to that network ACL',
          );
    },
  },
];

/**
 * Those of the way from the sources to the Network Load Balancer, which a Gateway Load Balancer endpoint does not take.
 */
const FROM_SOURCES = [
  'nlb.zones',
  'nlb.security-group',
  'rebuilders.security-group',
  'nacl.sources',
  'nacl.rebuilders',
];

export const PATH_CHECKS: readonly Check[] = ALL.map((check) =>
  FROM_SOURCES.includes(check.name)
    ? { ...check, judge: (facts) => throughEndpoint(facts) ?? check.judge(facts) }
    : check,
);

/** null = the target is no Gateway Load Balancer endpoint. */
export function throughEndpoint({ situation }: Facts): Verdict | null {
  const { GatewayLoadBalancerEndpointId: id } = situation.mirror.target;
  return id === undefined ? null : skipped(`the way is through ${id}, which is not looked at`);
}

function lets(
  acl: Facts['acls'] extends ReadonlyMap<string, infer A> ? A | undefined : never,
  direction: 'in' | 'out',
  peer: string,
): boolean {
  return acl === undefined || aclLets(acl, direction, { protocol: 'udp', port: VXLAN, peer });
}

function withNlb(judge: (nlb: NonNullable<Facts['nlb']>, facts: Facts) => Verdict): (facts: Facts) => Verdict {
  return (facts) => (facts.nlb === null ? skipped('no load balancer is named') : judge(facts.nlb, facts));
}

type Groups = Parameters<typeof groupsLetIn>[0];

/** `own(test)`: whether every rebuilder's groups pass the test. */
function withRebuilders(
  judge: (own: (test: (groups: Groups) => boolean) => boolean, facts: Facts) => Verdict,
): (facts: Facts) => Verdict {
  return (facts) =>
    facts.rebuilders.length === 0
      ? skipped('no rebuilder is there')
      : judge(
          (test) =>
            facts.rebuilders.every((eni) =>
              test(eni.securityGroupIds.flatMap((id) => facts.securityGroups.get(id) ?? [])),
            ),
          facts,
        );
}
