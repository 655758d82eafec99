import ipaddr from 'ipaddr.js';
import { fold, swap, WordSum } from './checksum.ts';
import { EtherType } from './ethertype.ts';
import { Protocol } from './protocol.ts';

/**
 * The way back: headers written around a payload, innermost first. The demo's software mirror and the tests send with
 * it. Each function returns new bytes, with correct checksums.
 */

interface EthernetHeader {
  /** Six bytes; default: a locally administered address. */
  source?: Uint8Array;
  destination?: Uint8Array;
  /** EtherType; default IPv4. */
  type?: number;
}

export interface Ipv4Header {
  source: string;
  destination: string;
  /** Default TCP. */
  protocol?: number;
  identification?: number;
  ttl?: number;
  dontFragment?: boolean;
  moreFragments?: boolean;
  /** Bytes, a multiple of 8. */
  fragmentOffset?: number;
  /** Padded with zeros to a multiple of 4 bytes. */
  options?: Uint8Array;
  /** Instead of the true length: offload leaves 0. */
  totalLength?: number;
}

interface Ports {
  /** Addresses for the pseudo-header. */
  source: string;
  destination: string;
  sourcePort: number;
  destinationPort: number;
}

export interface TcpHeader extends Ports {
  sequence: number;
  acknowledgement?: number;
  /** Of TcpFlag; default ACK. */
  flags?: number;
  window?: number;
  /** Padded with zeros to a multiple of 4 bytes. */
  options?: Uint8Array;
}

const NO_OPTIONS = new Uint8Array(0);
const DEFAULT_SOURCE = Uint8Array.of(2, 0, 0, 0, 0, 1);
const DEFAULT_DESTINATION = Uint8Array.of(2, 0, 0, 0, 0, 2);
const wordSum = new WordSum();

export function encodeEthernet(header: EthernetHeader, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(14 + payload.length);
  frame.set(header.destination ?? DEFAULT_DESTINATION, 0);
  frame.set(header.source ?? DEFAULT_SOURCE, 6);
  putUint16(frame, 12, header.type ?? EtherType.ipv4);
  frame.set(payload, 14);
  return frame;
}

export function encodeVxlan(vni: number, frame: Uint8Array): Uint8Array {
  const datagram = new Uint8Array(8 + frame.length);
  datagram[0] = 0x08;
  putUint32(datagram, 4, vni << 8);
  datagram.set(frame, 8);
  return datagram;
}

export function encodeIpv4(header: Ipv4Header, payload: Uint8Array): Uint8Array {
  const options = header.options ?? NO_OPTIONS;
  const headerLength = 20 + padded(options);
  const packet = new Uint8Array(headerLength + payload.length);
  packet[0] = 0x40 | (headerLength >> 2);
  putUint16(packet, 2, header.totalLength ?? packet.length);
  putUint16(packet, 4, header.identification ?? 0);
  const flags = (header.dontFragment ? 0x4000 : 0) | (header.moreFragments ? 0x2000 : 0);
  putUint16(packet, 6, flags | ((header.fragmentOffset ?? 0) >> 3));
  packet[8] = header.ttl ?? 64;
  packet[9] = header.protocol ?? Protocol.tcp;
  packet.set(addressBytes(header.source), 12);
  packet.set(addressBytes(header.destination), 16);
  packet.set(options, 20);
  putUint16(packet, 10, ~swap(wordSum.sum(packet, 0, headerLength)));
  packet.set(payload, headerLength);
  return packet;
}

export function encodeUdp(ports: Ports, payload: Uint8Array): Uint8Array {
  const datagram = new Uint8Array(8 + payload.length);
  putUint16(datagram, 0, ports.sourcePort);
  putUint16(datagram, 2, ports.destinationPort);
  putUint16(datagram, 4, datagram.length);
  datagram.set(payload, 8);
  // A sum of zero is sent as its other form (RFC 768), since 0 means "none".
  putUint16(datagram, 6, transportChecksum(ports, Protocol.udp, datagram) || 0xffff);
  return datagram;
}

export function encodeTcp(header: TcpHeader, data: Uint8Array): Uint8Array {
  const options = header.options ?? NO_OPTIONS;
  const headerLength = 20 + padded(options);
  const segment = new Uint8Array(headerLength + data.length);
  putUint16(segment, 0, header.sourcePort);
  putUint16(segment, 2, header.destinationPort);
  putUint32(segment, 4, header.sequence);
  putUint32(segment, 8, header.acknowledgement ?? 0);
  segment[12] = headerLength << 2;
  segment[13] = header.flags ?? 0x10;
  putUint16(segment, 14, header.window ?? 0xffff);
  segment.set(options, 20);
  segment.set(data, headerLength);
  putUint16(segment, 16, transportChecksum(header, Protocol.tcp, segment));
  return segment;
}

/** Checksum over the pseudo-header (RFC 9293 3.1, RFC 8200 8.1) and the segment, whose own field is 0. */
function transportChecksum(ports: Ports, protocol: number, segment: Uint8Array): number {
  let sum = protocol + segment.length;
  for (const address of [addressBytes(ports.source), addressBytes(ports.destination)]) {
    for (let i = 0; i < address.length; i += 2) sum += (address[i]! << 8) | address[i + 1]!;
  }
  return ~fold(sum + swap(wordSum.sum(segment, 0, segment.length))) & 0xffff;
}

/** 4 or 16 bytes of an address in text form. */
export function addressBytes(address: string): Uint8Array {
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  if (four !== null) return Uint8Array.of(Number(four[1]), Number(four[2]), Number(four[3]), Number(four[4]));
  return Uint8Array.from(ipaddr.parse(address).toByteArray());
}

export function putUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}

export function putUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 24;
  bytes[at + 1] = value >> 16;
  bytes[at + 2] = value >> 8;
  bytes[at + 3] = value;
}

function padded(options: Uint8Array): number {
  return (options.length + 3) & ~3;
}
