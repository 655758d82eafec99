import type { Packet } from './packet.ts';
import type { Step } from './step.ts';

const TYPE_2_LENGTH = 8;
const TYPE_3_LENGTH = 12;
const SUBHEADER_LENGTH = 8;

/**
 * The header of a switch's mirror port carried over IP (draft-foschiano-erspan-03): version 1 = type II, version 2 =
 * type III, whose last bit announces a platform-specific subheader. The mirrored frame follows.
 */
export function decodeErspan(packet: Packet): Step {
  const { bytes, payloadStart: at, payloadEnd: end } = packet;
  if (end - at < TYPE_2_LENGTH) return 'wire.erspan.header_too_small';
  let length: number;
  switch (bytes[at]! >> 4) {
    case 1:
      length = TYPE_2_LENGTH;
      break;
    case 2:
      length = TYPE_3_LENGTH;
      if (end - at >= TYPE_3_LENGTH && (bytes[at + 11]! & 1) === 1) length += SUBHEADER_LENGTH;
      break;
    default: return 'wire.erspan.unsupported_version';
  }
  if (end - at < length) return 'wire.erspan.header_too_small';
  packet.payloadStart = at + length;
  return 'ethernet';
}
