import type { Packet } from '../wire/packet.ts';

/**
 * What the packets of one direction have shown, as bits: right checksums of segments and of IPv4 headers, an Ethernet
 * address that is a host's, and wrong checksums.
 */
export const Shown = { nothing: 0, segmentSum: 1, headerSum: 2, hostAddress: 4, wrongSum: 8 } as const;

/**
 * Does the receiver drop it for its checksums? In a direction that has shown right ones it drops what has a wrong or
 * missing one; where none was ever right, the capture has spoilt them (segmentation offload, replaced addresses).
 */
export function isSpoilt({ checksum, headerSum }: Packet, shown: number): boolean {
  return (checksum === 'wrong' && (shown & Shown.segmentSum) !== 0)
    || ((headerSum === 'none' || headerSum === 'wrong') && (shown & Shown.headerSum) !== 0);
}

export function shownBy({ checksum, headerSum, isToGroup }: Packet): number {
  return (checksum === 'correct' ? Shown.segmentSum : 0) | (headerSum === 'correct' ? Shown.headerSum : 0)
    | (isToGroup ? 0 : Shown.hostAddress) | (checksum === 'wrong' || headerSum === 'wrong' ? Shown.wrongSum : 0);
}
