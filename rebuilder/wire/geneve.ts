import { uint16, uint24 } from './big-endian.ts';
import { EtherType, headerOf } from './ethertype.ts';
import { type Packet, Wrapping } from './packet.ts';
import type { Step } from './step.ts';

const HEADER_LENGTH = 8;
const CONTROL_PACKET = 0x80;

/**
 * GENEVE (RFC 8926 3.4). Options are skipped by their length, critical ones too: we observe a tunnel, and no option
 * changes how the payload that follows is laid out.
 */
export function decodeGeneve(packet: Packet): Step {
  const { bytes, payloadStart: at, payloadEnd: end } = packet;
  if (end - at < HEADER_LENGTH) return 'wire.geneve.pkt_too_small';
  const first = bytes[at]!;
  if (first >> 6 !== 0) return 'wire.geneve.wrong_version';
  if ((bytes[at + 1]! & CONTROL_PACKET) !== 0) return 'wire.geneve.control_packet';
  const optionsEnd = at + HEADER_LENGTH + ((first & 0x3f) << 2);
  if (optionsEnd > end) return 'wire.geneve.trunc_options';
  packet.vni = uint24(bytes, at + 4);
  packet.wrapping = Wrapping.geneve;
  packet.geneveVni = packet.vni;
  packet.payloadStart = optionsEnd;
  const protocol = uint16(bytes, at + 2);
  packet.frameStart = optionsEnd;
  packet.frameEnd = end;
  packet.frameIsEthernet = protocol === EtherType.transparentEthernet;
  if (protocol === EtherType.transparentEthernet) return 'ethernet';
  return headerOf(protocol) ?? 'wire.geneve.unknown_payload_type';
}
