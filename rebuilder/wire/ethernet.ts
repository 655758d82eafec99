import { uint16 } from './big-endian.ts';
import { headerOf } from './ethertype.ts';
import type { Packet } from './packet.ts';
import type { Step } from './step.ts';

const HEADER_LENGTH = 14;
/** The bit of a destination that is a multicast or the broadcast address (IEEE 802.3 3.2.3). */
const GROUP_ADDRESS = 1;

/** Ethernet II. Padding up to 60 bytes and the frame check sequence are cut off later, by the IP length. */
export function decodeEthernet(packet: Packet): Step {
  const at = packet.payloadStart;
  if (packet.payloadEnd - at < HEADER_LENGTH) return 'wire.ethernet.pkt_too_small';
  packet.payloadStart = at + HEADER_LENGTH;
  packet.isToGroup = (packet.bytes[at]! & GROUP_ADDRESS) !== 0;
  return headerOf(uint16(packet.bytes, at + 12)) ?? 'wire.ethernet.unknown_type';
}
