import type { Packet } from '../wire/packet.ts';

/** A host drops such a fragment, if the capture has its header as it came. */
export function lacksSum({ headerSum }: Packet): boolean {
  return headerSum === 'wrong' || headerSum === 'none';
}

export function mayBeDropped(packet: Packet): boolean {
  return packet.isDoubtful || lacksSum(packet);
}

/** Units of 16 bits: the text of a number would cost an object of its own, for each field of each fragment. */
export function hostKey({ vni, vlanTags, dst0, dst1, dst2, dst3 }: Packet): string {
  return String.fromCharCode(
    vni >>> 16, vni, vlanTags >>> 16, vlanTags,
    dst0 >>> 16, dst0, dst1 >>> 16, dst1, dst2 >>> 16, dst2, dst3 >>> 16, dst3,
  );
}

/** What a host may drop counts by itself. */
export function sourceKey(packet: Packet, isDropped: boolean): string {
  const { src0, src1, src2, src3 } = packet;
  return hostKey(packet) + String.fromCharCode(
    isDropped ? 1 : 0,
    src0 >>> 16, src0, src1 >>> 16, src1, src2 >>> 16, src2, src3 >>> 16, src3,
  );
}

/**
 * RFC 791: also the protocol; RFC 8200: not. Fragments that lack a right sum are put together by themselves, and so are
 * those that a host may drop, but with the others.
 */
export function datagramKey(packet: Packet, isDropped: boolean, isDoubtful: boolean): string {
  const { version, ipId, protocol } = packet;
  return sourceKey(packet, isDropped) + String.fromCharCode(
    version === 4 ? protocol : -1, isDoubtful ? 1 : 0, ipId >>> 16, ipId,
  );
}
