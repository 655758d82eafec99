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
  destinationOptions: 60,
  etherIp: 97,
  mobility: 135,
  mpls: 137,
  hip: 139,
  shim6: 140,
} as const;
