import { uint16 } from './big-endian.ts';
import { enterTunnel } from './ip-payload.ts';
import { type Packet, Wrapping } from './packet.ts';
import type { Step } from './step.ts';

const HEADER_LENGTH = 8;
const VXLAN_PORT = 4789;
const GENEVE_PORT = 6081;

/**
 * UDP (RFC 768) matters only as the carrier of VXLAN and GENEVE, on their ports: any other payload is ordinary traffic.
 */
export function decodeUdp(packet: Packet): Step {
  const { bytes, payloadStart: at, payloadEnd: end } = packet;
  if (end - at < HEADER_LENGTH) return 'wire.udp.pkt_too_small';
  const port = uint16(bytes, at + 2);
  const tunnel = port === VXLAN_PORT || packet.vxlanPorts.includes(port) ? 'vxlan'
    : port === GENEVE_PORT || packet.genevePorts.includes(port) ? 'geneve' : null;
  if (tunnel === null) return 'wire.udp.not_a_tunnel';
  if (packet.wrapping >= (tunnel === 'vxlan' ? Wrapping.mirrored : Wrapping.geneve)) return 'wire.own_tunnel';

  const length = uint16(bytes, at + 4);
  // 0 = not yet known when the packet was captured (offload). A length beyond the end means a cut packet: the inner IP
  // header will show it.
  if (length !== 0 && length < HEADER_LENGTH) return 'wire.udp.hlen_invalid';
  if (length !== 0 && at + length < end) packet.payloadEnd = at + length;
  packet.payloadStart = at + HEADER_LENGTH;
  enterTunnel(packet, packet.wrapping);
  return tunnel;
}
