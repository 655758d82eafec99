/**
 * Why a host may have dropped a packet for what stands before TCP (bits of Packet.ipDoubts). Each is decided by another
 * rule, which a host has or has not: what one of them decides says nothing of the others. The bits below are those of
 * what TCP says (Doubt in receiver.ts).
 */
export const IpDoubt = {
  /** A security label: CIPSO, CALIPSO. */
  label: 1 << 7,
  /** A length that no mirror and no offload explains. */
  length: 1 << 8,
  /** IPv6: more options in a header than Linux takes by default. */
  optionCount: 1 << 9,
  /** IPv6: IOAM that is not aligned. */
  ioam: 1 << 10,
  /** IPv6: routes that are done, of type 2, 3 and 4. */
  homeAddressRoute: 1 << 11,
  rplRoute: 1 << 12,
  segmentRoute: 1 << 13,
  /** IPv6: a first fragment that has not all headers. */
  headers: 1 << 14,
  /** Some of its fragments may have been dropped, or lack a right sum. */
  fragments: 1 << 15,
  /** Its frame went to a group. */
  group: 1 << 16,
} as const;
