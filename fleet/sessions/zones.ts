import {
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Account } from '../aws/account.ts';
import type { Picked } from '../enis/selection.ts';

/** Where a Network Load Balancer takes and gives packets. */
export interface BalancerZones {
  readonly zones: readonly string[];
  readonly isCrossZone: boolean;
}

export async function balancerZones(account: Account, arn: string): Promise<BalancerZones> {
  const [{ LoadBalancers: balancers }, { Attributes: attributes }] = await Promise.all([
    account.elbv2.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] })),
    account.elbv2.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: arn })),
  ]);
  return {
    zones: (balancers?.[0]?.AvailabilityZones ?? []).flatMap(({ ZoneName: zone }) => zone ?? []),
    isCrossZone:
      attributes?.some(
        ({ Key: key, Value: value }) => key === 'load_balancing.cross_zone.enabled' && value === 'true',
      ) ?? false,
  };
}

/** How much of the mirrored bytes crosses zones, 0 to 1, if every source sends as much and every zone has as many rebuilders. */
export function crossZoneShare(picked: readonly Picked[], { zones, isCrossZone }: BalancerZones): number {
  if (picked.length === 0) return 0;
  const shares = picked.map(({ eni }) =>
    !zones.includes(eni.availabilityZone) ? 1 : isCrossZone ? 1 - 1 / zones.length : 0,
  );
  return shares.reduce((sum, share) => sum + share, 0) / picked.length;
}
