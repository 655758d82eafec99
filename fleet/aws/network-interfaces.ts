import {
  paginateDescribeNetworkInterfaces,
  type Filter,
  type NetworkInterface as Described,
} from '@aws-sdk/client-ec2';
import type { Account } from './account.ts';
import { inChunks } from './chunks.ts';
import { ownTags } from './tags.ts';

/** An interface, in words that Terraform's data source uses too. */
export interface NetworkInterface {
  readonly id: string;
  readonly description: string;
  /** `interface`, or what kind of AWS service's it is: `nat_gateway`, `lambda`, `branch` … */
  readonly interfaceType: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly availabilityZone: string;
  /** Empty in an IPv6-only subnet. */
  readonly privateIp: string;
  readonly privateIps: readonly string[];
  readonly securityGroupIds: readonly string[];
  readonly isAttached: boolean;
  /** Empty if it belongs to no instance of this account. */
  readonly instanceId: string;
  /** The account, or the AWS service, whose instance it is attached to. */
  readonly instanceOwnerId: string;
  readonly deviceIndex: number;
  /** Without those of AWS (`aws:…`). */
  readonly tags: ReadonlyMap<string, string>;
}

/** Most that DescribeNetworkInterfaces gives at a time. */
const PAGE = 1000;

/** All interfaces that match the filters. */
export async function networkInterfaces(account: Account, filters: readonly Filter[]): Promise<NetworkInterface[]> {
  const found: NetworkInterface[] = [];
  for await (const page of paginateDescribeNetworkInterfaces(
    { client: account.ec2, pageSize: PAGE },
    { Filters: [...filters] },
  )) {
    found.push(...(page.NetworkInterfaces ?? []).map(networkInterface));
  }
  return found;
}

/** All interfaces with one of these values, however many values. */
export async function networkInterfacesBy(
  account: Account,
  filter: string,
  values: readonly string[],
): Promise<NetworkInterface[]> {
  return inChunks(values, (chunk) => networkInterfaces(account, [{ Name: filter, Values: chunk }]));
}

function networkInterface(from: Described): NetworkInterface {
  const attachment = from.Attachment;
  return {
    id: from.NetworkInterfaceId ?? '',
    description: from.Description ?? '',
    interfaceType: from.InterfaceType ?? 'interface',
    vpcId: from.VpcId ?? '',
    subnetId: from.SubnetId ?? '',
    availabilityZone: from.AvailabilityZone ?? '',
    privateIp: from.PrivateIpAddress ?? '',
    privateIps: (from.PrivateIpAddresses ?? []).flatMap(({ PrivateIpAddress: ip }) => ip ?? []),
    securityGroupIds: (from.Groups ?? []).flatMap(({ GroupId: id }) => id ?? []),
    isAttached: attachment?.AttachmentId !== undefined,
    instanceId: attachment?.InstanceId ?? '',
    instanceOwnerId: attachment?.InstanceOwnerId ?? '',
    deviceIndex: attachment?.DeviceIndex ?? 0,
    tags: ownTags(from.TagSet),
  };
}
