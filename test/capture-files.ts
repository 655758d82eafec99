import { Buffer } from 'node:buffer';
import { LinkType } from '../rebuilder/capture/frame-source.ts';

/** Capture files written in memory: pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng). */

export interface CapturedFrame {
  bytes: Uint8Array;
  /** Milliseconds since the epoch; default 0. */
  timeMs?: number;
  /** Bytes on the wire; default: all are in `bytes`. */
  originalLength?: number;
  /** pcapng: number of the interface within the section; default 0. */
  interface?: number;
}

type ByteOrder = 'big' | 'little';

export interface PcapOptions {
  order?: ByteOrder;
  resolution?: 'microseconds' | 'nanoseconds';
  linkType?: number;
  snapLength?: number;
}

export function pcapFile(frames: readonly CapturedFrame[], options: PcapOptions = {}): Buffer {
  const { order = 'little', resolution = 'microseconds', linkType = LinkType.ethernet, snapLength = 262144 } = options;
  const words = writer(order);
  const perMs = resolution === 'microseconds' ? 1e3 : 1e6;
  const magic = resolution === 'microseconds' ? 0xa1b2c3d4 : 0xa1b23c4d;
  const parts: Uint8Array[] = [
    words.u32(magic),
    words.u16(2),
    words.u16(4),
    words.u32(0),
    words.u32(0),
    words.u32(snapLength),
    words.u32(linkType),
  ];
  for (const frame of frames) {
    const { seconds, rest } = split(frame.timeMs ?? 0, perMs);
    const { length } = frame.bytes;
    parts.push(
      words.u32(seconds),
      words.u32(rest),
      words.u32(length),
      words.u32(frame.originalLength ?? length),
      frame.bytes,
    );
  }
  return Buffer.concat(parts);
}

interface Interface {
  linkType?: number;
  snapLength?: number;
  /** Value of if_tsresol: n = 10^-n seconds, with the top bit 2^-n; default: no such option (microseconds). */
  resolution?: number;
  /** Value of if_tsoffset, seconds. */
  offset?: number;
}

interface PcapngOptions {
  order?: ByteOrder;
  interfaces?: readonly Interface[];
  /** How frames are stored: enhanced (default), simple, or the obsolete packet block. */
  block?: 'enhanced' | 'simple' | 'obsolete';
}

/** One section; several may be joined into one file. */
export function pcapngSection(frames: readonly CapturedFrame[], options: PcapngOptions = {}): Buffer {
  const { order = 'little', interfaces = [{}], block = 'enhanced' } = options;
  const words = writer(order);
  const sectionHeader = [
    words.u32(0x1a2b3c4d),
    words.u16(1),
    words.u16(0),
    words.u32(0xffffffff),
    words.u32(0xffffffff),
  ];
  const parts: Uint8Array[] = [pcapngBlock(0x0a0d0d0a, sectionHeader, order)];
  for (const { linkType = LinkType.ethernet, snapLength = 0, resolution, offset } of interfaces) {
    const options = [
      ...(resolution === undefined ? [] : [words.u16(9), words.u16(1), Uint8Array.of(resolution, 0, 0, 0)]),
      ...(offset === undefined ? [] : [words.u16(14), words.u16(8), words.u64(BigInt(offset))]),
      words.u16(0), words.u16(0),
    ];
    parts.push(pcapngBlock(1, [words.u16(linkType), words.u16(0), words.u32(snapLength), ...options], order));
  }
  for (const frame of frames) {
    const id = frame.interface ?? 0;
    const { resolution = 6, offset = 0 } = interfaces[id] ?? {};
    const unitsPerSecond = (resolution & 0x80) !== 0 ? 2 ** (resolution & 0x7f) : 10 ** resolution;
    const units = BigInt(Math.round(((frame.timeMs ?? 0) / 1000 - offset) * unitsPerSecond));
    const lengths = [words.u32(frame.bytes.length), words.u32(frame.originalLength ?? frame.bytes.length)];
    const time = [words.u32(Number(units >> 32n)), words.u32(Number(units & 0xffffffffn))];
    const padding = new Uint8Array(-frame.bytes.length & 3);
    if (block === 'enhanced') parts.push(pcapngBlock(6, [words.u32(id), ...time, ...lengths, frame.bytes, padding], order));
    else if (block === 'simple') parts.push(pcapngBlock(3, [lengths[1]!, frame.bytes, padding], order));
    else parts.push(pcapngBlock(2, [words.u16(id), words.u16(0), ...time, ...lengths, frame.bytes, padding], order));
  }
  return Buffer.concat(parts);
}

/** Any block, its length before and after the body. */
export function pcapngBlock(type: number, body: readonly Uint8Array[], order: ByteOrder = 'little'): Buffer {
  const words = writer(order);
  const length = words.u32(12 + body.reduce((sum, part) => sum + part.length, 0));
  return Buffer.concat([words.u32(type), length, ...body, length]);
}

function split(timeMs: number, perMs: number): { seconds: number; rest: number } {
  const seconds = Math.floor(timeMs / 1000);
  return { seconds, rest: Math.round((timeMs - seconds * 1000) * perMs) };
}

function writer(
  order: ByteOrder,
): { u16(value: number): Buffer; u32(value: number): Buffer; u64(value: bigint): Buffer } {
  const little = order === 'little';
  return {
    u16(value) {
      const bytes = Buffer.alloc(2);
      if (little) bytes.writeUInt16LE(value); else bytes.writeUInt16BE(value);
      return bytes;
    },
    u32(value) {
      const bytes = Buffer.alloc(4);
      if (little) bytes.writeUInt32LE(value >>> 0); else bytes.writeUInt32BE(value >>> 0);
      return bytes;
    },
    u64(value) {
      const bytes = Buffer.alloc(8);
      if (little) bytes.writeBigInt64LE(value); else bytes.writeBigInt64BE(value);
      return bytes;
    },
  };
}
