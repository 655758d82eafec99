import { LinkType } from '../capture/frame-source.ts';
import { decodeErspan } from './erspan.ts';
import { decodeEthernet } from './ethernet.ts';
import { decodeGeneve } from './geneve.ts';
import { decodeGre } from './gre.ts';
import { decodeIpPayload } from './ip-payload.ts';
import { decodeIpv4 } from './ipv4.ts';
import { decodeIpv6 } from './ipv6.ts';
import { decodeLinuxSll, decodeLinuxSll2 } from './linux-sll.ts';
import { decodeMpls } from './mpls.ts';
import { decodeNull, decodeRawIp } from './null-loopback.ts';
import { type Packet, Wrapping } from './packet.ts';
import { decodePppoe } from './pppoe.ts';
import type { Outcome, Step } from './step.ts';
import { decodeTcp } from './tcp.ts';
import { decodeUdp } from './udp.ts';
import { decodeVlan } from './vlan.ts';
import { decodeVxlan } from './vxlan.ts';

/**
 * Takes a captured frame apart down to the innermost IP packet, and fills `packet` with what it finds. Parameters as in
 * FrameSink.frame.
 *
 * 'segment': a TCP segment; when the capture cut the frame, `packet.missing` > 0 data bytes are not there.
 * 'fragment': part of an IP packet, at any depth; once it is whole, go on with decapsulatePayload.
 * Else: the counter of the reason why the frame goes no further.
 */
export function decapsulate(
  link: number, bytes: Uint8Array, start: number, end: number, originalLength: number, outerSource: number,
  packet: Packet,
): Outcome {
  begin(bytes, start, end, originalLength, outerSource, packet);
  return walk(firstHeader(link, packet), packet, true);
}

/**
 * The same without TCP: fills in the innermost addresses, tunnel and protocol. For filters, which look at the frame
 * themselves.
 */
export function walkToTransport(
  link: number, bytes: Uint8Array, start: number, end: number, originalLength: number, packet: Packet,
): void {
  begin(bytes, start, end, originalLength, 0, packet);
  walk(firstHeader(link, packet), packet, false);
}

function begin(
  bytes: Uint8Array, start: number, end: number, originalLength: number, outerSource: number, packet: Packet,
): void {
  packet.bytes = bytes;
  packet.payloadStart = start;
  packet.payloadEnd = end;
  packet.cut = Math.max(0, originalLength - (end - start));
  packet.missing = 0;
  packet.outerSource = outerSource;
  packet.vni = -1;
  packet.vlan = -1;
  packet.vlanTags = -1;
  packet.wrapping = Wrapping.none;
  packet.geneveVni = -1;
  packet.frameStart = -1;
  packet.frameEnd = 0;
  packet.depth = 0;
  packet.fragmentOffset = -1;
  packet.ipDoubts = 0;
  packet.wasCounted = false;
  packet.wasOvertaken = false;
  packet.isToGroup = false;
}

/**
 * Goes on behind the IP headers of a packet that was put together from fragments: `bytes[start..end)` is its whole
 * payload. Addresses, VNI and depth are those that `packet` holds from its last fragment.
 */
export function decapsulatePayload(
  protocol: number, bytes: Uint8Array, start: number, end: number, packet: Packet,
): Outcome {
  packet.bytes = bytes;
  packet.payloadStart = start;
  packet.payloadEnd = end;
  packet.cut = 0;
  packet.missing = 0;
  packet.frameStart = -1;
  packet.frameEnd = 0;
  packet.protocol = protocol;
  // It may hold a tunnel, and that fragments again: this bounds how often.
  packet.depth++;
  return walk('ip_payload', packet, true);
}

function firstHeader(link: number, packet: Packet): Step {
  switch (link) {
    case LinkType.ethernet: return 'ethernet';
    case LinkType.vxlan:
      packet.depth++;
      return 'vxlan';
    case LinkType.geneve:
      packet.depth++;
      return 'geneve';
    case LinkType.linuxSll: return 'linux_sll';
    case LinkType.linuxSll2: return 'linux_sll2';
    case LinkType.raw: return 'raw_ip';
    case LinkType.ipv4: return 'ipv4';
    case LinkType.ipv6: return 'ipv6';
    case LinkType.null:
    case LinkType.loop: return 'null';
    default: return 'wire.link.unsupported';
  }
}

function walk(first: Step, packet: Packet, withTcp: boolean): Outcome {
  let step = first;
  for (;;) {
    if (packet.depth > packet.maxDepth) return 'wire.max_depth';
    switch (step) {
      case 'ip_payload': step = decodeIpPayload(packet); break;
      case 'tcp': step = withTcp ? decodeTcp(packet) : 'segment'; break;
      case 'ipv4': step = decodeIpv4(packet); break;
      case 'ethernet': step = decodeEthernet(packet); break;
      case 'vxlan': step = decodeVxlan(packet); break;
      case 'ipv6': step = decodeIpv6(packet); break;
      case 'udp': step = decodeUdp(packet); break;
      case 'vlan': step = decodeVlan(packet); break;
      case 'geneve': step = decodeGeneve(packet); break;
      case 'gre': step = decodeGre(packet); break;
      case 'erspan': step = decodeErspan(packet); break;
      case 'mpls': step = decodeMpls(packet); break;
      case 'pppoe': step = decodePppoe(packet); break;
      case 'linux_sll': step = decodeLinuxSll(packet); break;
      case 'linux_sll2': step = decodeLinuxSll2(packet); break;
      case 'null': step = decodeNull(packet); break;
      case 'raw_ip': step = decodeRawIp(packet); break;
      default: return step;
    }
  }
}
