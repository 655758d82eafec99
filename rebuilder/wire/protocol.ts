/** IANA protocol numbers that are looked at. */
export const Protocol = {
  hopByHop: 0,
  ipv4: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  routing: 43,
  fragment: 44,
  gre: 47,
  authentication: 51,
  icmpv6: 58,
  /** No next header (RFC 8200 4.7). */
  nothing: 59,
  destinationOptions: 60,
  etherIp: 97,
  mpls: 137,
} as const;
