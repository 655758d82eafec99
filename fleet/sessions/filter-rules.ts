import type { TrafficMirrorFilter, TrafficMirrorFilterRule } from '@aws-sdk/client-ec2';
import ipaddr from 'ipaddr.js';

/** What a rule looks at, from the view of the packet. */
export interface Packet {
  readonly direction: 'ingress' | 'egress';
  /** IP protocol number: 6 = TCP. */
  readonly protocol: number;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}

const TCP = 6;

/**
 * Whether the filter mirrors the packet: the lowest rule number that matches decides, and none is no ("Traffic Mirror
 * filters").
 */
export function accepts(filter: TrafficMirrorFilter, packet: Packet): boolean {
  const rules = (packet.direction === 'ingress' ? filter.IngressFilterRules : filter.EgressFilterRules) ?? [];
  const first = rules
    .toSorted((a, b) => (a.RuleNumber ?? 0) - (b.RuleNumber ?? 0))
    .find((rule) => matches(rule, packet));
  return first?.RuleAction === 'accept';
}

/**
 * TCP ports that a rule of this direction names as the destination, at most `limit` of each range; 80 for one that
 * names none.
 */
export function namedPorts(filter: TrafficMirrorFilter, direction: Packet['direction'], limit = 4): number[] {
  const rules = (direction === 'ingress' ? filter.IngressFilterRules : filter.EgressFilterRules) ?? [];
  return [
    ...new Set(
      rules.flatMap(({ DestinationPortRange: range, RuleAction: action, Protocol: protocol }) => {
        if (action !== 'accept' || !isOf(protocol, TCP)) return [];
        const from = range?.FromPort ?? 80;
        return Array.from({ length: Math.min(limit, (range?.ToPort ?? from) - from + 1) }, (_, i) => from + i);
      }),
    ),
  ];
}

function matches(rule: TrafficMirrorFilterRule, packet: Packet): boolean {
  const inRange = (
    range: { FromPort?: number | undefined; ToPort?: number | undefined } | undefined,
    port: number,
  ): boolean => range?.FromPort === undefined || (port >= range.FromPort && port <= (range.ToPort ?? range.FromPort));
  return (
    isOf(rule.Protocol, packet.protocol) &&
    inCidr(packet.source, rule.SourceCidrBlock ?? '') &&
    inCidr(packet.destination, rule.DestinationCidrBlock ?? '') &&
    inRange(rule.SourcePortRange, packet.sourcePort) &&
    inRange(rule.DestinationPortRange, packet.destinationPort)
  );
}

/** Whether a rule of this protocol looks at packets of that one; none, or 0, is all of them. */
const isOf = (rule: number | undefined, protocol: number): boolean =>
  rule === undefined || rule === 0 || rule === protocol;

/** Whether some client can reach that TCP port of the server by a packet that the filter mirrors as it comes in. */
export function acceptsFromSomewhere(
  filter: TrafficMirrorFilter,
  destination: string,
  destinationPort: number,
): boolean {
  const networks = (filter.IngressFilterRules ?? []).flatMap(({ SourceCidrBlock: cidr }) => cidr?.split('/')[0] ?? []);
  return networks.some((source) =>
    accepts(filter, { direction: 'ingress', protocol: TCP, source, sourcePort: 40_000, destination, destinationPort }),
  );
}

/** Whether the address is in the block; never if one is IPv4 and the other IPv6, or either is not valid. */
export function inCidr(address: string, cidr: string): boolean {
  if (!ipaddr.isValid(address) || !ipaddr.isValidCIDR(cidr)) return false;
  const parsed = ipaddr.parse(address);
  const [network, bits] = ipaddr.parseCIDR(cidr);
  return parsed.kind() === network.kind() && parsed.match(network, bits);
}
