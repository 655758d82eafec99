import type { CounterName } from '../ledger.ts';

/** A header that begins at `packet.payloadStart` and is still to be read. */
export type Header =
  | 'ethernet' | 'vlan' | 'mpls' | 'pppoe' | 'linux_sll' | 'linux_sll2' | 'null' | 'raw_ip'
  | 'ipv4' | 'ipv6' | 'ip_payload' | 'tcp' | 'udp' | 'vxlan' | 'geneve' | 'gre' | 'erspan';

/** How a walk through the headers ends: a TCP segment, an IP fragment, or the reason why the packet goes no further. */
export type Outcome = 'segment' | 'fragment' | Extract<CounterName, `wire.${string}`>;

/**
 * What a decoder returns. It has moved `packet.payloadStart` behind its own header (and `packet.payloadEnd` to the end
 * that its length field gives). Strings, not numbers: V8 keeps one copy of each literal, so a comparison is one of
 * pointers.
 */
export type Step = Header | Outcome;
