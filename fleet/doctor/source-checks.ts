import { parse } from 'yaml';
import { acceptsFromSomewhere, namedPorts } from '../sessions/filter-rules.ts';
import { rivalsSentence } from '../sessions/ownership.ts';
import { failed, ok, skipped, some, type Check } from './check.ts';
import type { Facts } from './facts.ts';
import { throughEndpoint } from './path-checks.ts';

const APPLY = 'run vpc-mirror apply, or look at the reconciler\'s alarm and log';

/** From the interfaces to the mirror target: who is picked, with what session, filter and VNI. */
export const SOURCE_CHECKS: readonly Check[] = [
  {
    name: 'sources.selected',
    judge: ({
      situation: {
        selection: { picked, unmatched, mistakes },
      },
    }) => {
      const wrong = [...unmatched.map((entry) => `${entry} found nothing`), ...mistakes];
      if (wrong.length > 0)
        return failed(
          some(wrong),
          'every selector finds an interface that AWS mirrors',
          'correct the name or remove the entry; check that this is the right region',
        );
      return picked.length === 0
        ? failed('no interface is picked', 'one at least', 'give a selector under interfaces')
        : ok(`${picked.length} interfaces are picked`);
    },
  },
  {
    name: 'sources.mirrorable',
    judge: ({ situation: { plan } }) =>
      plan.blocked.length === 0
        ? ok('nothing stands in the way of a session')
        : failed(
            some(plan.blocked.map(({ picked, reason }) => `${picked.eni.id}: ${reason}`)),
            'every picked interface can have a session',
            'make room, or exclude the interface (excluded_network_interface_ids)',
          ),
  },
  {
    name: 'sessions.present',
    judge: ({ situation: { plan } }) =>
      plan.add.length === 0
        ? ok(`${plan.keep.length + plan.change.length + plan.elsewhere.length} sessions`)
        : failed(
            `no session on ${some(plan.add.map(({ picked }) => picked.eni.id))}`,
            'a session on every picked interface',
            APPLY,
          ),
  },
  {
    name: 'sessions.stale',
    judge: ({ situation: { plan } }) =>
      plan.remove.length === 0
        ? ok('none that should go')
        : failed(
            some(plan.remove.map(({ session, reason }) => `${session.id}: ${reason}`)),
            'no session that only costs money',
            APPLY,
          ),
  },
  {
    name: 'sessions.owner',
    judge: ({ situation: { plan, settings } }) =>
      plan.rivals.length === 0
        ? ok(`no other deployment has our tag (${settings.owner})`)
        : failed(
            rivalsSentence(plan.rivals, settings),
            'an owner for each deployment in an account',
            'until then each leaves the other\'s sessions alone, and its reconciler fails loudly',
          ),
  },
  {
    name: 'sessions.settings',
    judge: ({ situation: { plan } }) =>
      plan.change.length === 0
        ? ok('as described')
        : failed(
            some(plan.change.map(({ session, what }) => `${session.id} should have ${what}`)),
            'target, filter, VNI and packet length as described',
            APPLY,
          ),
  },
  {
    name: 'sessions.first',
    judge: ({ situation: { sessions, plan } }) => {
      const ours = [...plan.keep, ...plan.change.map(({ session }) => session), ...plan.elsewhere];
      const hidden = ours.flatMap((own) =>
        sessions
          .filter(
            (one) =>
              one.networkInterfaceId === own.networkInterfaceId &&
              one.targetId !== own.targetId &&
              one.sessionNumber < own.sessionNumber,
          )
          .map((one) => `${one.id} (number ${one.sessionNumber}) before ours on ${own.networkInterfaceId}`),
      );
      return hidden.length === 0
        ? ok('no other session sees the packets first')
        : failed(
            some(hidden),
            'ours has the lowest number: AWS gives a packet to one session only',
            'give the other session a higher number, or ours a lower one (session_number)',
          );
    },
  },
  {
    name: 'sessions.vni',
    judge: ({ situation: { plan }, rebuild }) => {
      let wanted: number[] | null;
      try {
        wanted = vniFilter(rebuild.config_yaml);
      } catch {
        return failed(
          'config_yaml is no YAML',
          'the rebuilders\' configuration',
          'take Terraform\'s output vpc_mirror again',
        );
      }
      if (wanted === null) return skipped('the description has no config_yaml');
      if (wanted.length === 0) return ok('the rebuilders take any VNI');
      const wrong = [...plan.keep, ...plan.elsewhere].filter(
        ({ virtualNetworkId: vni }) => vni === null || !wanted.includes(vni),
      );
      return wrong.length === 0
        ? ok(`the sessions' VNIs are in vni_filter (${some(wanted.map(String))})`)
        : failed(
            some(wrong.map(({ id, virtualNetworkId }) => `${id} has VNI ${virtualNetworkId}`)),
            `one of vni_filter: ${wanted.join(', ')}`,
            'set virtual_network_id of the sessions, or vni_filter of the rebuilders',
          );
    },
  },
  {
    name: 'filter.ports',
    judge: ({ situation: { mirror }, listening }) => {
      const named = namedPorts(mirror.filter, 'ingress');
      if (named.length === 0)
        return failed(
          `${mirror.filter.TrafficMirrorFilterId} accepts no TCP that comes in`,
          'a rule for each port on which plain HTTP comes',
          'give filter_rules, or mirrored_ports',
        );
      const missed = plain({ listening }).flatMap(({ targetGroup, servers }) =>
        servers
          .filter(({ privateIp }) => !acceptsFromSomewhere(mirror.filter, privateIp, targetGroup.Port ?? 80))
          .map(({ id, privateIp }) => ({ targetGroup, where: `${id} (${privateIp})` })),
      );
      const groups = [...new Set(missed.map(({ targetGroup }) => targetGroup))];
      const servers = (group: (typeof groups)[number]): string =>
        some(missed.filter(({ targetGroup }) => targetGroup === group).map(({ where }) => where));
      return missed.length === 0
        ? ok(`accepts port ${some(named.map(String))}`)
        : failed(
            some(
              groups.map(
                (one) => `${one.TargetGroupName} sends to port ${one.Port}, which no rule accepts at ${servers(one)}`,
              ),
            ),
            'a rule for each port that listens, for every mirrored server',
            'add the port to filter_rules, or mirrored_ports',
          );
    },
  },
  {
    name: 'filter.plaintext',
    judge: ({ listening }) => {
      const encrypted = listening
        .map(({ targetGroup }) => targetGroup)
        .filter(({ Protocol: protocol }) => protocol === 'HTTPS' || protocol === 'TLS');
      return encrypted.length === 0
        ? ok('no target group of the mirrored instances is encrypted')
        : failed(
            some(encrypted.map((one) => `${one.TargetGroupName} speaks ${one.Protocol} on port ${one.Port}`)),
            'plain HTTP at the mirrored interface: packets show what is on the wire',
            'mirror behind the hop that ends TLS, or let that hop mirror (docs/choosing.md)',
          );
    },
  },
  {
    name: 'target.balancer',
    judge: (facts) => {
      const { rebuild, situation } = facts;
      const { target } = situation.mirror;
      if (rebuild.nlb_arn === null) return skipped('the description has no nlb_arn');
      return (
        throughEndpoint(facts) ??
        (target.NetworkLoadBalancerArn === rebuild.nlb_arn
          ? ok(`${target.TrafficMirrorTargetId} is the rebuilders' load balancer`)
          : failed(
              `${target.TrafficMirrorTargetId} leads to ${target.NetworkLoadBalancerArn ?? target.Type}`,
              rebuild.nlb_arn,
              'apply the Terraform again, so that the target is that of the rebuilders',
            ))
      );
    },
  },
];

const plain = ({ listening }: Pick<Facts, 'listening'>): Facts['listening'] =>
  listening.filter(({ targetGroup: { Protocol: protocol } }) => protocol === 'HTTP' || protocol === 'TCP');

/** `tcp_stream.from_vxlan.vni_filter` of the rebuilders' configuration; null = no configuration. */
function vniFilter(yaml: string | null): number[] | null {
  if (yaml === null) return null;
  const step = (value: unknown, key: string): unknown =>
    typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined;
  const list = step(step(step(parse(yaml), 'tcp_stream'), 'from_vxlan'), 'vni_filter');
  return Array.isArray(list) ? list.map(Number) : [];
}
