import ipaddr from 'ipaddr.js';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { decapsulate } from '../../rebuilder/wire/decapsulate.ts';
import { Packet } from '../../rebuilder/wire/packet.ts';
import type { Outcome } from '../../rebuilder/wire/step.ts';

/** Decodes a frame that was captured whole (or cut to `captured` bytes), standing somewhere inside a larger buffer. */
export function decode(
  frame: Uint8Array, packet = new Packet(), link: number = LinkType.ethernet, captured = frame.length,
): Outcome {
  const buffer = new Uint8Array(captured + 7).fill(0x45);
  buffer.set(frame.subarray(0, captured), 3);
  return decapsulate(link, buffer, 3, 3 + captured, frame.length, 0, packet);
}

/** What a packet says, in words that a test can compare. */
export function summary(packet: Packet): string {
  return `${endpoint(packet.src0, packet.src1, packet.src2, packet.src3, packet.srcPort)} > `
    + `${endpoint(packet.dst0, packet.dst1, packet.dst2, packet.dst3, packet.dstPort)} ${dataOf(packet)}`;
}

/** The TCP payload as latin1. */
export function dataOf(packet: Packet): string {
  return Buffer.from(packet.bytes.subarray(packet.dataStart, packet.dataEnd)).toString('latin1');
}

export function payloadOf(packet: Packet): Uint8Array {
  return new Uint8Array(packet.bytes.subarray(packet.payloadStart, packet.payloadEnd));
}

function endpoint(a: number, b: number, c: number, d: number, port: number): string {
  const bytes = [a, b, c, d].flatMap((word) => [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff]);
  const address = ipaddr.process(ipaddr.fromByteArray(bytes).toString());
  return address.kind() === 'ipv4' ? `${address}:${port}` : `[${address}]:${port}`;
}
