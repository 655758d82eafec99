import { int32, uint16, uint24 } from './big-endian.ts';
import { EtherType, headerOf } from './ethertype.ts';
import { type Packet, Wrapping } from './packet.ts';
import type { Step } from './step.ts';

const HEADER_LENGTH = 8;
const CONTROL_PACKET = 0x80;

/**
 * GENEVE (RFC 8926 3.4). Options are skipped by their length, critical ones too: we observe a tunnel, and no option changes how the payload
 * that follows is laid out.
 */
export function decodeGeneve(packet: Packet): Step {
  const { bytes, payloadStart: at, payloadEnd: end } = packet;
  if (end - at < HEADER_LENGTH) return 'wire.geneve.pkt_too_small';
  const first = bytes[at]!;
  if (first >> 6 !== 0) return 'wire.geneve.wrong_version';
  if ((bytes[at + 1]! & CONTROL_PACKET) !== 0) return 'wire.geneve.control_packet';
  const optionsEnd = at + HEADER_LENGTH + ((first & 0x3f) << 2);
  if (optionsEnd > end) return 'wire.geneve.trunc_options';
  packet.vni = uint24(bytes, at + 4);
  packet.wrapping = Wrapping.geneve;
  packet.geneveVni = packet.vni;
  packet.geneveOptionsStart = at + HEADER_LENGTH;
  packet.geneveOptionsEnd = optionsEnd;
  packet.payloadStart = optionsEnd;
  const protocol = uint16(bytes, at + 2);
  packet.frameStart = optionsEnd;
  packet.frameEnd = end;
  packet.frameIsEthernet = protocol === EtherType.transparentEthernet;
  if (protocol === EtherType.transparentEthernet) return 'ethernet';
  return headerOf(protocol) ?? 'wire.geneve.unknown_payload_type';
}

/** What a Gateway Load Balancer says about a packet in options of class 0x0108. */
export interface AwsGeneveMetadata {
  /** Id of the Gateway Load Balancer endpoint (16 hex digits, as in `vpce-…`); empty = not given. */
  endpointId: string;
  /** Id of the attachment; empty = not given. */
  attachmentId: string;
  /** Must be returned unchanged by an appliance that answers; a signed 32-bit number. */
  flowCookie: number;
}

const AWS_CLASS = 0x0108;
const ENDPOINT_ID = 1;
const ATTACHMENT_ID = 2;
const FLOW_COOKIE = 3;

/** Reads AWS's options; null = there are none (or they are cut). Allocates: for logs and once a flow, not for each packet. */
export function readAwsMetadata(bytes: Uint8Array, optionsStart: number, optionsEnd: number): AwsGeneveMetadata | null {
  let metadata: AwsGeneveMetadata | null = null;
  for (let at = optionsStart; at + 4 <= optionsEnd;) {
    const dataStart = at + 4;
    const dataEnd = dataStart + ((bytes[at + 3]! & 0x1f) << 2);
    if (dataEnd > optionsEnd) break;
    if (uint16(bytes, at) === AWS_CLASS) {
      metadata ??= { endpointId: '', attachmentId: '', flowCookie: 0 };
      const type = bytes[at + 2]! & 0x7f;
      const length = dataEnd - dataStart;
      if (type === ENDPOINT_ID && length === 8) metadata.endpointId = hex(bytes, dataStart, dataEnd);
      if (type === ATTACHMENT_ID && length === 8) metadata.attachmentId = hex(bytes, dataStart, dataEnd);
      if (type === FLOW_COOKIE && length === 4) metadata.flowCookie = int32(bytes, dataStart);
    }
    at = dataEnd;
  }
  return metadata;
}

function hex(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('hex');
}
