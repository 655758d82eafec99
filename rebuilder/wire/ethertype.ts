import type { Header } from './step.ts';

/** EtherTypes that lead to an IP packet; GRE and GENEVE name their payload by the same numbers. */
export const EtherType = {
  ipv4: 0x0800,
  transparentEthernet: 0x6558,
  vlan: 0x8100,
  ipv6: 0x86dd,
  mpls: 0x8847,
  mplsMulticast: 0x8848,
  pppoeSession: 0x8864,
  serviceVlan: 0x88a8,
  erspan: 0x88be,
  erspan3: 0x22eb,
  oldServiceVlan: 0x9100,
  olderServiceVlan: 0x9200,
} as const;

/** The header an EtherType announces; null = none that can hold IP (ARP, LLDP, a length of IEEE 802.3, …). */
export function headerOf(etherType: number): Header | null {
  switch (etherType) {
    case EtherType.ipv4: return 'ipv4';
    case EtherType.ipv6: return 'ipv6';
    case EtherType.vlan:
    case EtherType.serviceVlan:
    case EtherType.oldServiceVlan:
    case EtherType.olderServiceVlan: return 'vlan';
    case EtherType.mpls:
    case EtherType.mplsMulticast: return 'mpls';
    case EtherType.pppoeSession: return 'pppoe';
    default: return null;
  }
}
