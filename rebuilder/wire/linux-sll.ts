import { uint16 } from './big-endian.ts';
import { headerOf } from './ethertype.ts';
import type { Packet } from './packet.ts';
import type { Step } from './step.ts';

const SLL_LENGTH = 16;
const SLL2_LENGTH = 20;

/**
 * Linux "cooked" capture, as `tcpdump -i any` writes it (https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html):
 * EtherType at 14.
 */
export function decodeLinuxSll(packet: Packet): Step {
  return cooked(packet, SLL_LENGTH, 14);
}

/** Version 2 of the same, with the interface index: EtherType at 0. */
export function decodeLinuxSll2(packet: Packet): Step {
  return cooked(packet, SLL2_LENGTH, 0);
}

function cooked(packet: Packet, length: number, typeOffset: number): Step {
  const at = packet.payloadStart;
  if (packet.payloadEnd - at < length) return 'wire.sll.pkt_too_small';
  packet.payloadStart = at + length;
  return headerOf(uint16(packet.bytes, at + typeOffset)) ?? 'wire.sll.unknown_type';
}
