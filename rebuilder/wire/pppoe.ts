import { uint16 } from './big-endian.ts';
import { OTHER_LINK, type Packet, Wrapping } from './packet.ts';
import type { Step } from './step.ts';

const PPP_IPV4 = 0x0021;
const PPP_IPV6 = 0x0057;

/** A PPPoE session packet (RFC 2516): version and type 1, code 0, session, length; then the PPP protocol number. */
export function decodePppoe(packet: Packet): Step {
  const { bytes, payloadStart: at } = packet;
  if (packet.payloadEnd - at < 8) return 'wire.pppoe.pkt_too_small';
  if (packet.wrapping !== Wrapping.none) return 'wire.own_tunnel';
  packet.depth++;
  packet.vlanTags = OTHER_LINK;
  packet.payloadStart = at + 8;
  switch (uint16(bytes, at + 6)) {
    case PPP_IPV4: return 'ipv4';
    case PPP_IPV6: return 'ipv6';
    default: return 'wire.pppoe.not_ip';
  }
}
