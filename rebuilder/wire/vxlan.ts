import { uint24 } from './big-endian.ts';
import { type Packet, Wrapping } from './packet.ts';
import type { Step } from './step.ts';

const HEADER_LENGTH = 8;
const VNI_IS_VALID = 0x08;

/** VXLAN (RFC 7348 5): the I flag must be set, reserved bits are ignored on receipt; an Ethernet frame follows. */
export function decodeVxlan(packet: Packet): Step {
  const { bytes, payloadStart: at } = packet;
  if (packet.payloadEnd - at < HEADER_LENGTH) return 'wire.vxlan.pkt_too_small';
  if ((bytes[at]! & VNI_IS_VALID) === 0) return 'wire.vxlan.invalid_header';
  packet.vni = uint24(bytes, at + 4);
  packet.wrapping = Wrapping.mirrored;
  packet.payloadStart = at + HEADER_LENGTH;
  packet.frameStart = packet.payloadStart;
  packet.frameEnd = packet.payloadEnd;
  packet.frameIsEthernet = true;
  return 'ethernet';
}
