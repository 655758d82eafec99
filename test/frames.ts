import { Buffer } from 'node:buffer';
import { addressBytes, encodeEthernet, encodeIpv4, encodeTcp, encodeUdp, encodeVxlan, putUint16, putUint32 } from '../rebuilder/wire/encode.ts';
import type { Ipv4Header, TcpHeader } from '../rebuilder/wire/encode.ts';
import { EtherType } from '../rebuilder/wire/ethertype.ts';
import { TcpFlag } from '../rebuilder/wire/packet.ts';
import { Protocol } from '../rebuilder/wire/protocol.ts';

/** Frames for tests, on top of rebuilder/wire/encode.ts. Innermost first; each function returns new bytes. */

interface SegmentFields {
  seq?: number;
  ack?: number;
  /** Of TcpFlag; default PSH and ACK. */
  flags?: number;
  window?: number;
  tcpOptions?: Uint8Array;
  /** Further fields of an IPv4 header. */
  ip?: Partial<Ipv4Header>;
}

/** An IP packet with one TCP segment. `from` and `to` are `10.0.0.1:80` or `[2001:db8::1]:80`. */
export function tcpPacket(from: string, to: string, fields: SegmentFields = {}, data: Uint8Array | string = ''): Uint8Array {
  const source = endpoint(from);
  const destination = endpoint(to);
  const header: TcpHeader = {
    source: source.address,
    destination: destination.address,
    sourcePort: source.port,
    destinationPort: destination.port,
    sequence: fields.seq ?? 0,
    acknowledgement: fields.ack ?? 0,
    flags: fields.flags ?? (TcpFlag.psh | TcpFlag.ack),
  };
  if (fields.window !== undefined) header.window = fields.window;
  if (fields.tcpOptions !== undefined) header.options = fields.tcpOptions;
  const segment = encodeTcp(header, typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  return source.address.includes(':')
    ? ipv6({ source: source.address, destination: destination.address }, segment)
    : encodeIpv4({ source: source.address, destination: destination.address, ...fields.ip }, segment);
}

/** The same in an Ethernet frame. */
export function tcpFrame(from: string, to: string, fields: SegmentFields = {}, data: Uint8Array | string = ''): Uint8Array {
  return ipFrame(tcpPacket(from, to, fields, data));
}

/** An IP packet of either version in an Ethernet frame. */
export function ipFrame(packet: Uint8Array): Uint8Array {
  return encodeEthernet({ type: etherTypeOf(packet) }, packet);
}

/** A UDP datagram in an IP packet. */
export function udpPacket(from: string, to: string, payload: Uint8Array, ip: Partial<Ipv4Header> = {}): Uint8Array {
  const source = endpoint(from);
  const destination = endpoint(to);
  const addresses = { source: source.address, destination: destination.address };
  const datagram = encodeUdp({ ...addresses, sourcePort: source.port, destinationPort: destination.port }, payload);
  return source.address.includes(':')
    ? ipv6({ ...addresses, protocol: Protocol.udp }, datagram)
    : encodeIpv4({ ...addresses, protocol: Protocol.udp, ...ip }, datagram);
}

/** A frame as AWS mirrors it to a file: Ethernet, IPv4, UDP 4789, VXLAN around `frame`. */
export function vxlanFrame(vni: number, frame: Uint8Array, from = '10.9.0.1:40000', to = '10.9.0.2:4789'): Uint8Array {
  return ipFrame(udpPacket(from, to, encodeVxlan(vni, frame)));
}

/** One VLAN tag put into an Ethernet frame, outermost. */
export function vlan(id: number, frame: Uint8Array, type: number = EtherType.vlan): Uint8Array {
  return insert(frame, 12, Uint8Array.of(type >> 8, type, id >> 8, id));
}

/** MPLS labels put between the Ethernet header of `frame` and its payload. */
export function mpls(labels: readonly number[], frame: Uint8Array): Uint8Array {
  const stack = new Uint8Array(labels.length * 4);
  labels.forEach((label, i) => putUint32(stack, i * 4, ((label << 12) | (i === labels.length - 1 ? 0x100 : 0) | 64)));
  const labelled = insert(frame, 14, stack);
  putUint16(labelled, 12, EtherType.mpls);
  return labelled;
}

interface Ipv6Header {
  source: string;
  destination: string;
  /** Next header behind the extensions; default TCP. */
  protocol?: number;
  extensions?: readonly Ipv6Extension[];
  /** Instead of the true length. */
  payloadLength?: number;
}

export interface Ipv6Extension {
  /** Such as Protocol.hopByHop. */
  protocol: number;
  /** All bytes of the header; the first (next header) is filled in. */
  bytes: Uint8Array;
}

export function ipv6(header: Ipv6Header, payload: Uint8Array): Uint8Array {
  const extensions = header.extensions ?? [];
  const body = Buffer.concat([...extensions.map((extension) => extension.bytes), payload]);
  let at = 0;
  extensions.forEach((extension, i) => {
    body[at] = extensions[i + 1]?.protocol ?? header.protocol ?? Protocol.tcp;
    at += extension.bytes.length;
  });
  const packet = new Uint8Array(40 + body.length);
  packet[0] = 0x60;
  putUint16(packet, 4, header.payloadLength ?? body.length);
  packet[6] = extensions[0]?.protocol ?? header.protocol ?? Protocol.tcp;
  packet[7] = 64;
  packet.set(addressBytes(header.source), 8);
  packet.set(addressBytes(header.destination), 24);
  packet.set(body, 40);
  return packet;
}

/** The fragment extension header of IPv6; `offset` in bytes. */
export function ipv6Fragment(id: number, offset: number, moreFragments: boolean): Ipv6Extension {
  const bytes = new Uint8Array(8);
  putUint16(bytes, 2, offset | (moreFragments ? 1 : 0));
  putUint32(bytes, 4, id);
  return { protocol: Protocol.fragment, bytes };
}

/**
 * An extension header of one option that says nothing: padding, or where that would be too much (RFC 4942) an unknown
 * one to be skipped.
 */
export function ipv6Padding(protocol: number, length = 8): Ipv6Extension {
  const bytes = new Uint8Array(length);
  bytes[1] = length / 8 - 1;
  bytes[2] = length > 8 ? 0x1e : 1;
  bytes[3] = length - 4;
  return { protocol, bytes };
}

/**
 * An IP packet cut into fragments whose payloads have `size` bytes (a multiple of 8) but the last. IPv4 keeps its
 * header's options.
 */
export function fragments(packet: Uint8Array, size: number, id = 1): Uint8Array[] {
  const cut: Uint8Array[] = [];
  const headerLength = packet[0]! >> 4 === 4 ? (packet[0]! & 0x0f) << 2 : 40;
  const payload = packet.subarray(headerLength);
  for (let offset = 0; offset < payload.length; offset += size) {
    const part = payload.subarray(offset, offset + size);
    const moreFragments = offset + size < payload.length;
    if (packet[0]! >> 4 === 4) {
      cut.push(encodeIpv4({
        source: packet.subarray(12, 16).join('.'), destination: packet.subarray(16, 20).join('.'),
        protocol: packet[9]!, options: packet.subarray(20, headerLength), identification: id, fragmentOffset: offset,
        moreFragments,
      }, part));
    } else {
      const fragment = Buffer.concat([packet.subarray(0, 40), ipv6Fragment(id, offset, moreFragments).bytes, part]);
      fragment[40] = packet[6]!;
      fragment[6] = Protocol.fragment;
      fragment.writeUInt16BE(8 + part.length, 4);
      cut.push(fragment);
    }
  }
  return cut;
}

interface GeneveOption {
  optionClass: number;
  type: number;
  /** A multiple of 4 bytes. */
  data: Uint8Array;
}

/** A GENEVE header (RFC 8926) around an Ethernet frame, or around an IP packet when `protocol` says so. */
export function geneve(
  vni: number, payload: Uint8Array, options: readonly GeneveOption[] = [],
  protocol: number = EtherType.transparentEthernet,
): Uint8Array {
  const optionBytes = Buffer.concat(options.flatMap(({ optionClass, type, data }) =>
    [Uint8Array.of(optionClass >> 8, optionClass, type, data.length >> 2), data]));
  const header = new Uint8Array(8);
  header[0] = optionBytes.length >> 2;
  putUint16(header, 2, protocol);
  putUint32(header, 4, vni << 8);
  return Buffer.concat([header, optionBytes, payload]);
}

/** The three options of a Gateway Load Balancer. */
export function gatewayOptions(endpointId: bigint, attachmentId: bigint, flowCookie: number): GeneveOption[] {
  const data = Buffer.alloc(20);
  data.writeBigUInt64BE(endpointId, 0);
  data.writeBigUInt64BE(attachmentId, 8);
  data.writeUInt32BE(flowCookie, 16);
  return [
    { optionClass: 0x0108, type: 1, data: data.subarray(0, 8) },
    { optionClass: 0x0108, type: 2, data: data.subarray(8, 16) },
    { optionClass: 0x0108, type: 3, data: data.subarray(16, 20) },
  ];
}

interface GreFields {
  checksum?: number;
  key?: number;
  sequence?: number;
}

/** A GRE header (RFC 2784, 2890): put it into an IP packet with Protocol.gre. */
export function gre(protocol: number, payload: Uint8Array, fields: GreFields = {}): Uint8Array {
  const words: Uint8Array[] = [];
  let flags = 0;
  const word = (flag: number, value: number | undefined): void => {
    if (value === undefined) return;
    flags |= flag;
    const bytes = new Uint8Array(4);
    putUint32(bytes, 0, value);
    words.push(bytes);
  };
  word(0x8000, fields.checksum);
  word(0x2000, fields.key);
  word(0x1000, fields.sequence);
  return Buffer.concat([Uint8Array.of(flags >> 8, flags, protocol >> 8, protocol), ...words, payload]);
}

/** A mirrored frame in ERSPAN, with the GRE header of its type. */
export function erspan(type: 1 | 2 | 3, frame: Uint8Array, session = 1, subheader = false): Uint8Array {
  if (type === 1) return gre(EtherType.erspan, frame);
  const header = new Uint8Array(type === 2 ? 8 : subheader ? 20 : 12);
  header[0] = (type - 1) << 4;
  putUint16(header, 2, session & 0x3ff);
  if (subheader) header[11] = 1;
  return gre(type === 2 ? EtherType.erspan : EtherType.erspan3, Buffer.concat([header, frame]), { sequence: 7 });
}

/** An IP packet around `payload` between two tunnel ends. */
export function outerIpv4(protocol: number, payload: Uint8Array, source = '192.0.2.1', destination = '192.0.2.2'): Uint8Array {
  return encodeIpv4({ source, destination, protocol }, payload);
}

/** Linux cooked capture headers in front of an IP packet. */
export function linuxSll(packet: Uint8Array): Uint8Array {
  const header = new Uint8Array(16);
  putUint16(header, 2, 1);
  putUint16(header, 4, 6);
  putUint16(header, 14, etherTypeOf(packet));
  return Buffer.concat([header, packet]);
}

export function linuxSll2(packet: Uint8Array): Uint8Array {
  const header = new Uint8Array(20);
  putUint16(header, 0, etherTypeOf(packet));
  putUint32(header, 4, 2);
  putUint16(header, 8, 1);
  return Buffer.concat([header, packet]);
}

/** The four bytes of BSD loopback in front of an IP packet. */
export function loopback(packet: Uint8Array, order: 'big' | 'little' = 'little', family6 = 30): Uint8Array {
  const family = packet[0]! >> 4 === 4 ? 2 : family6;
  return Buffer.concat([order === 'little' ? Uint8Array.of(family, 0, 0, 0) : Uint8Array.of(0, 0, 0, family), packet]);
}

function endpoint(text: string): { address: string; port: number } {
  const colon = text.lastIndexOf(':');
  return { address: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}

function etherTypeOf(packet: Uint8Array): number {
  return packet[0]! >> 4 === 4 ? EtherType.ipv4 : EtherType.ipv6;
}

function insert(bytes: Uint8Array, at: number, inserted: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length + inserted.length);
  result.set(bytes.subarray(0, at), 0);
  result.set(inserted, at);
  result.set(bytes.subarray(at), at + inserted.length);
  return result;
}
