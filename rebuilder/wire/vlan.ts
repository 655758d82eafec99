import { uint16 } from './big-endian.ts';
import { EtherType, headerOf } from './ethertype.ts';
import { OTHER_LINK, type Packet } from './packet.ts';
import type { Step } from './step.ts';

const PRIORITY_ONLY = 0;

/**
 * One tag of IEEE 802.1Q (or the outer one of QinQ, 802.1ad): priority and VLAN id, then the EtherType of what follows.
 */
export function decodeVlan(packet: Packet): Step {
  const { bytes, payloadStart: at } = packet;
  if (packet.payloadEnd - at < 4) return 'wire.vlan.header_too_small';
  packet.vlan = uint16(bytes, at) & 0x0fff;
  // A tag of VLAN 0 has a priority and names no network (IEEE 802.1Q 9.6).
  if (packet.vlan !== PRIORITY_ONLY) {
    packet.depth++;
    packet.vlanTags = packet.vlanTags < 0 ? packet.vlan : ((packet.vlanTags & 0x0fff) << 12) | packet.vlan;
  } else if (isUnknownToHosts(uint16(bytes, at - 2))) {
    packet.vlanTags = OTHER_LINK;
  }
  packet.payloadStart = at + 4;
  return headerOf(uint16(bytes, at + 2)) ?? 'wire.vlan.unknown_type';
}

/** EtherTypes of tags that some switches write for one another: hosts drop what has one, as they do labels. */
function isUnknownToHosts(etherType: number): boolean {
  return etherType === EtherType.oldServiceVlan || etherType === EtherType.olderServiceVlan;
}
