import type { IpPermission, NetworkAcl, SecurityGroup } from '@aws-sdk/client-ec2';
import { inCidr } from '../sessions/filter-rules.ts';

export interface Flow {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** The other end. */
  readonly peer: string;
  /** Security groups of the other end. */
  readonly peerGroups?: readonly string[];
}

const NUMBERS = { tcp: '6', udp: '17' } as const;

/** Whether one of the groups lets the flow in. A rule on a prefix list, whose networks are not here, is believed. */
export function groupsLetIn(groups: readonly SecurityGroup[], flow: Flow): boolean {
  return groups.some(({ IpPermissions: rules }) => (rules ?? []).some((rule) => ruleLets(rule, flow)));
}

function ruleLets(rule: IpPermission, { protocol, port, peer, peerGroups = [] }: Flow): boolean {
  const isProtocol = rule.IpProtocol === '-1' || rule.IpProtocol === protocol || rule.IpProtocol === NUMBERS[protocol];
  const isPort = rule.IpProtocol === '-1' || (port >= (rule.FromPort ?? 0) && port <= (rule.ToPort ?? 65_535));
  if (!isProtocol || !isPort) return false;
  return (
    (rule.PrefixListIds ?? []).length > 0 ||
    (rule.UserIdGroupPairs ?? []).some(({ GroupId: id }) => id !== undefined && peerGroups.includes(id)) ||
    [...(rule.IpRanges ?? [])].some(({ CidrIp: cidr }) => inCidr(peer, cidr ?? '')) ||
    [...(rule.Ipv6Ranges ?? [])].some(({ CidrIpv6: cidr }) => inCidr(peer, cidr ?? ''))
  );
}

/** Whether the network ACL lets the flow through: the lowest rule number that matches decides, and none is no. */
export function aclLets(acl: NetworkAcl, direction: 'in' | 'out', { protocol, port, peer }: Flow): boolean {
  const rules = (acl.Entries ?? [])
    .filter(({ Egress: egress }) => (egress ?? false) === (direction === 'out'))
    .toSorted((a, b) => (a.RuleNumber ?? 0) - (b.RuleNumber ?? 0));
  const first = rules.find(
    ({ Protocol: number, PortRange: range, CidrBlock: cidr, Ipv6CidrBlock: cidr6 }) =>
      (number === '-1' || number === NUMBERS[protocol]) &&
      inCidr(peer, cidr ?? cidr6 ?? '') &&
      (number === '-1' || range === undefined || (port >= (range.From ?? 0) && port <= (range.To ?? 65_535))),
  );
  return first?.RuleAction === 'allow';
}
