/**
 * Why a host may have dropped a packet for what stands before TCP (bits of Packet.ipDoubts). Each is decided by another
 * rule, which a host has or has not: what one of them decides says nothing of the others.
 */
export const IpDoubt = {
  none: 0,
  /** A security label: CIPSO, CALIPSO. */
  label: 1,
  /** A length that no mirror and no offload explains. */
  length: 2,
  /** IPv6: more options in a header than Linux takes by default. */
  options: 4,
  /** IPv6: IOAM that is not aligned. */
  ioam: 8,
  /** IPv6: routes that are done, of type 2, 3 and 4. */
  homeAddressRoute: 16,
  rplRoute: 32,
  segmentRoute: 64,
  /** IPv6: a first fragment that has not all headers. */
  headers: 128,
  /** Some of its fragments may have been dropped, or lack a right sum. */
  fragments: 256,
  /** Its frame went to a group. */
  group: 512,
} as const;
