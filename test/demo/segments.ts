import assert from 'node:assert/strict';
import { TcpFlag } from '../../rebuilder/wire/packet.ts';

export interface Segment {
  readonly vni: number;
  readonly srcPort: number;
  readonly dstPort: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly payload: Buffer;
}

/**
 * The fields of a VXLAN datagram with Ethernet, IPv4 and TCP headers without options: read apart from the rebuilder's
 * own decoders.
 */
export function segmentOf(datagram: Uint8Array): Segment {
  const bytes = Buffer.from(datagram);
  const tcp = 8 + 14 + 20;
  assert.equal(bytes.readUInt16BE(8 + 12), 0x0800);
  assert.equal(bytes.readUInt16BE(8 + 14 + 2), bytes.length - 8 - 14, 'IPv4 total length');
  return {
    vni: bytes.readUIntBE(4, 3),
    srcPort: bytes.readUInt16BE(tcp),
    dstPort: bytes.readUInt16BE(tcp + 2),
    seq: bytes.readUInt32BE(tcp + 4),
    ack: bytes.readUInt32BE(tcp + 8),
    flags: bytes[tcp + 13]!,
    payload: bytes.subarray(tcp + 20),
  };
}

/** The bytes of both directions of one connection; asserts that each sequence number is where the last one ended. */
export function halves(segments: readonly Segment[], serverPort: number): { toServer: Buffer; toClient: Buffer } {
  const half = (pick: (segment: Segment) => boolean): Buffer => {
    let next: number | null = null;
    return Buffer.concat(segments.filter(pick).map((segment) => {
      if (next !== null) assert.equal(segment.seq, next);
      next =
        (segment.seq + segment.payload.length + ((segment.flags & (TcpFlag.syn | TcpFlag.fin)) === 0 ? 0 : 1)) >>> 0;
      return segment.payload;
    }));
  };
  return {
    toServer: half(({ dstPort }) => dstPort === serverPort),
    toClient: half(({ srcPort }) => srcPort === serverPort),
  };
}
