import { uint16 } from './big-endian.ts';
import { EtherType, headerOf } from './ethertype.ts';
import { enterTunnel } from './ip-payload.ts';
import { OTHER_LINK, type Packet, Wrapping } from './packet.ts';
import type { Step } from './step.ts';

const CHECKSUM = 0x8000;
const ROUTING = 0x4000;
const KEY = 0x2000;
const SEQUENCE = 0x1000;
const VERSION = 0x0007;

/**
 * GRE (RFC 2784, with the key and sequence number of RFC 2890) as mirrors use it: around Ethernet frames. Bare IP in
 * GRE is a tunnel of the machine's own. Version 1 is PPTP's (RFC 2637) and carries compressed PPP: not read.
 */
export function decodeGre(packet: Packet): Step {
  const { bytes, payloadStart: at } = packet;
  if (packet.payloadEnd - at < 4) return 'wire.gre.pkt_too_small';
  const flags = uint16(bytes, at);
  if ((flags & VERSION) !== 0) return 'wire.gre.wrong_version';
  // Source routes of RFC 1701: RFC 2784 2.3 has receivers discard them.
  if ((flags & ROUTING) !== 0) return 'wire.gre.version0_flags';
  let length = 4;
  if ((flags & CHECKSUM) !== 0) length += 4;
  if ((flags & KEY) !== 0) length += 4;
  if ((flags & SEQUENCE) !== 0) length += 4;
  if (packet.payloadEnd - at < length) return 'wire.gre.pkt_too_small';
  packet.payloadStart = at + length;
  const protocol = uint16(bytes, at + 2);
  enterTunnel(packet, Wrapping.mirrored);
  packet.vlanTags = OTHER_LINK;
  switch (protocol) {
    case EtherType.transparentEthernet: return 'ethernet';
    // ERSPAN type I is the bare frame behind a GRE header without a sequence number; types II and III have a header of
    // their own.
    case EtherType.erspan: return (flags & SEQUENCE) === 0 ? 'ethernet' : 'erspan';
    case EtherType.erspan3: return 'erspan';
    default: return headerOf(protocol) === null ? 'wire.gre.unknown_payload_type' : 'wire.own_tunnel';
  }
}
