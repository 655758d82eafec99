import { IpDoubt } from './ip-doubt.ts';
import type { Packet } from './packet.ts';

/** The largest packet that a client on the internet can send: an MTU of 1500 bytes. */
export const LARGEST_FROM_THE_INTERNET = 1500;

/**
 * An IP header without a length: the kernel of a capturing host leaves it out of what it merges, or leaves to its card
 * to cut, and the captured length is the true one. A packet that a mirror took from the wire, or one small enough to
 * have come over it, may have been sent so on purpose: hosts drop it.
 */
export function offloadedLength(packet: Packet, length: number): void {
  if (packet.vni >= 0 || length <= LARGEST_FROM_THE_INTERNET) packet.ipDoubts |= IpDoubt.length;
}
