import { paginateDescribeTrafficMirrorSessions, type TrafficMirrorSession } from '@aws-sdk/client-ec2';
import type { Account } from '../aws/account.ts';
import { tagOf } from '../aws/tags.ts';

/** The tag that says whose a session is; we change and remove only those with our own value of it. */
export const OWNER_TAG = 'vpc-mirror:owner';

export interface Session {
  readonly id: string;
  readonly networkInterfaceId: string;
  readonly targetId: string;
  readonly filterId: string;
  readonly sessionNumber: number;
  /** null only for what AWS has not filled in. */
  readonly virtualNetworkId: number | null;
  readonly packetLength: number | null;
  /** Value of the tag vpc-mirror:owner; null = made by somebody else, such as Terraform. */
  readonly owner: string | null;
}

/** All sessions of the account and region, ours and others'. */
export async function readSessions(account: Account): Promise<Session[]> {
  const found: Session[] = [];
  for await (const page of paginateDescribeTrafficMirrorSessions({ client: account.ec2, pageSize: 1000 }, {})) {
    found.push(...(page.TrafficMirrorSessions ?? []).map(session));
  }
  return found;
}

function session(from: TrafficMirrorSession): Session {
  return {
    id: from.TrafficMirrorSessionId ?? '',
    networkInterfaceId: from.NetworkInterfaceId ?? '',
    targetId: from.TrafficMirrorTargetId ?? '',
    filterId: from.TrafficMirrorFilterId ?? '',
    sessionNumber: from.SessionNumber ?? 0,
    virtualNetworkId: from.VirtualNetworkId ?? null,
    packetLength: from.PacketLength ?? null,
    owner: tagOf(from.Tags, OWNER_TAG) ?? null,
  };
}
