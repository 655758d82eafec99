import { OTHER_LINK, type Packet, Wrapping } from './packet.ts';
import type { Step } from './step.ts';

/**
 * One label of RFC 3032. The label does not name what follows the last one; its first four bits tell, as they do
 * routers that balance load (RFC 4928): 4 and 6 = IP, 0 = the control word of a pseudowire (RFC 4385) and an Ethernet
 * frame.
 */
export function decodeMpls(packet: Packet): Step {
  const { bytes, payloadStart: at, payloadEnd: end } = packet;
  if (end - at < 5) return 'wire.mpls.header_too_small';
  // Labels of the network that was captured; a mirrored machine takes none.
  if (packet.wrapping !== Wrapping.none) return 'wire.own_tunnel';
  packet.depth++;
  packet.vlanTags = OTHER_LINK;
  packet.payloadStart = at + 4;
  const bottomOfStack = (bytes[at + 2]! & 1) === 1;
  if (!bottomOfStack) return 'mpls';
  switch (bytes[at + 4]! >> 4) {
    case 4: return 'ipv4';
    case 6: return 'ipv6';
    case 0:
      if (end - at < 8) return 'wire.mpls.header_too_small';
      packet.payloadStart = at + 8;
      return 'ethernet';
    default: return 'wire.mpls.unknown_payload_type';
  }
}
