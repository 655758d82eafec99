import {
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  DescribeTargetGroupAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Account } from '../aws/account.ts';
import type { Picked } from '../enis/selection.ts';

/** Where a Network Load Balancer takes and gives packets. */
interface BalancerZones {
  readonly zones: readonly string[];
  readonly isCrossZone: boolean;
}

type Attributes = ReadonlyMap<string, string>;

const CROSS_ZONE = 'load_balancing.cross_zone.enabled';

/** @param targetGroup of the rebuilders; null = not known, and believed to leave the load balancer's own setting */
export async function balancerZones(
  account: Account,
  arn: string,
  targetGroup: string | null,
): Promise<BalancerZones> {
  const [{ LoadBalancers: balancers }, { Attributes: own }, override] = await Promise.all([
    account.elbv2.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] })),
    account.elbv2.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: arn })),
    targetGroup === null ? new Map<string, string>() : targetGroupAttributes(account, targetGroup),
  ]);
  return {
    zones: (balancers?.[0]?.AvailabilityZones ?? []).flatMap(({ ZoneName: zone }) => zone ?? []),
    isCrossZone: isCrossZone(attributeMap(own), override),
  };
}

/** A target group's own setting goes before the load balancer's ("Cross-zone load balancing for target groups"). */
export function isCrossZone(balancer: Attributes, targetGroup: Attributes): boolean {
  const override = targetGroup.get(CROSS_ZONE);
  return (override === 'true' || override === 'false' ? override : balancer.get(CROSS_ZONE)) === 'true';
}

export async function targetGroupAttributes(account: Account, arn: string): Promise<Attributes> {
  const command = new DescribeTargetGroupAttributesCommand({ TargetGroupArn: arn });
  return attributeMap((await account.elbv2.send(command)).Attributes);
}

export const attributeMap = (
  attributes: readonly { Key?: string | undefined; Value?: string | undefined }[] = [],
): Attributes => new Map(attributes.map(({ Key: key = '', Value: value = '' }) => [key, value]));

/**
 * How much of the mirrored bytes crosses zones, 0 to 1, if every source sends as much and every zone has as many
 * rebuilders.
 */
export function crossZoneShare(picked: readonly Picked[], { zones, isCrossZone }: BalancerZones): number {
  if (picked.length === 0) return 0;
  const shares = picked.map(({ eni }) =>
    !zones.includes(eni.availabilityZone) ? 1 : isCrossZone ? 1 - 1 / zones.length : 0,
  );
  return shares.reduce((sum, share) => sum + share, 0) / picked.length;
}
