// The frames of an operation of a game.
import { createHash } from 'node:crypto';
import { encodeEthernet, encodeTcp, putUint16, putUint32 } from '../../../rebuilder/wire/encode.ts';
import { fold, swap, WordSum } from '../../../rebuilder/wire/checksum.ts';
import { EtherType } from '../../../rebuilder/wire/ethertype.ts';
import { TcpFlag } from '../../../rebuilder/wire/packet.ts';
import { Protocol } from '../../../rebuilder/wire/protocol.ts';
import type { IpDefect, Op, Piece } from './game.ts';
import { MULTIPATH_PORT, SERVER_PORT } from './kernel.ts';

const ADDRESSES = {
  v4: { source: '10.0.0.9', destination: '10.0.0.1' },
  v6: { source: 'fd00::9', destination: 'fd00::1' },
} as const;

const ETHERNET_HEADER = 14;
const GROUP_ADDRESS = Uint8Array.of(1, 0, 0x5e, 0, 0, 1);
const LINK = { source: Uint8Array.of(2, 0, 0, 0, 0, 9), destination: Uint8Array.of(2, 0, 0, 0, 0, 1) };

const sums = new WordSum();

interface Numbers {
  clientIsn: number;
  serverNext: number;
  clientPort: number;
  ipId: number;
  /** Of Multipath TCP: the server's key, empty as long as it has not said it; null = that is not spoken. */
  serverKey: Uint8Array | null;
}

const KEY = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
/** RFC 8684 3.1. */
function firstDataOf(key: Uint8Array): bigint {
  return BigInt.asUintN(64, createHash('sha256').update(key).digest().readBigUInt64BE(24) + 1n);
}

/** What Multipath TCP says in a segment of the client's (RFC 8684 3.1, 3.3). */
function multipathOption({ flags, data, seq, place = seq }: Op, serverKey: Uint8Array): number[] {
  if ((flags & TcpFlag.syn) !== 0) return [30, 4, 1, 1];
  if (data === '') return serverKey.length === 0 ? [] : [30, 20, 1, 1, ...KEY, ...serverKey];
  const mapping = Buffer.alloc(22);
  mapping.writeBigUInt64BE(firstDataOf(serverKey));
  mapping.writeBigUInt64BE(BigInt.asUintN(64, firstDataOf(KEY) + BigInt(place)), 8);
  mapping.writeUInt32BE(seq + 1 >>> 0, 16);
  mapping.writeUInt16BE(data.length, 20);
  return [30, 26, 0x20, 0x0f, ...mapping];
}

export function framesOf(op: Op, v6: boolean, numbers: Numbers): Uint8Array[] {
  const segment = segmentOf(op, v6, numbers);
  const pieces = op.pieces ?? [{ offset: 0, length: segment.length, more: false }];
  const fragmented = op.pieces !== undefined;
  return pieces.map((piece) => {
    const payload = piece.bytes === undefined
      ? segment.slice(piece.offset, piece.offset + piece.length)
      : Uint8Array.from(Buffer.from(piece.bytes, 'latin1'));
    if (piece.xor !== undefined) payload.forEach((byte, i) => { payload[i] = byte ^ piece.xor!; });
    const frame = v6
      ? ipv6Frame(payload, piece, fragmented, op.ip, numbers.ipId)
      : ipv4Frame(payload, piece, fragmented, op.ip, numbers.ipId);
    if (piece.toGroup === true) frame.set(GROUP_ADDRESS);
    return op.ip === undefined ? frame : withDefect(frame, v6, payload, op.ip);
  });
}

function segmentOf(op: Op, v6: boolean, { clientIsn, serverNext, clientPort, serverKey }: Numbers): Uint8Array {
  const isSyn = (op.flags & TcpFlag.syn) !== 0;
  const options: number[] = [];
  if (isSyn) options.push(2, 4, 5, 180);
  if (isSyn && op.scale !== undefined) options.push(3, 3, op.scale, 1);
  if (op.timestamp !== undefined) {
    options.push(1, 1, 8, 10, ...[24, 16, 8, 0].map((bits) => op.timestamp! >> bits & 255), 0, 0, 0, 0);
  }
  if (op.md5 === true && options.length <= 20) options.push(19, 18, ...new Array<number>(16).fill(7), 1, 1);
  if (op.options !== undefined && options.length + op.options.length <= 40) options.push(...op.options);
  if (serverKey !== null) options.push(...multipathOption(op, serverKey));
  if (op.cookie !== undefined) options.push(34, 2 + op.cookie, ...new Array<number>(op.cookie).fill(9));
  while (options.length % 4 !== 0) options.push(1);
  const acknowledges = (op.flags & TcpFlag.ack) !== 0;
  const segment = encodeTcp({
    ...ADDRESSES[v6 ? 'v6' : 'v4'], sourcePort: clientPort,
    destinationPort: serverKey === null ? SERVER_PORT : MULTIPATH_PORT, flags: op.flags, window: op.window,
    sequence: (clientIsn + 1 + op.seq) >>> 0, acknowledgement: acknowledges ? (serverNext + op.ack) >>> 0 : 0,
    options: Uint8Array.from(options),
  }, Buffer.from(op.data, 'latin1'));
  if (op.urgent !== undefined) {
    putUint16(segment, 18, op.urgent);
    addToSum(segment, 16, op.urgent);
  }
  if (op.wrongSum === true) segment[16]! ^= 0x55;
  return segment;
}

/** RFC 1624: the sum's field after a word that was 0 has become `word`. */
function addToSum(bytes: Uint8Array, at: number, word: number): void {
  putUint16(bytes, at, ~fold((~((bytes[at]! << 8) | bytes[at + 1]!) & 0xffff) + word));
}

function ipv4Frame(
  payload: Uint8Array, piece: Piece, fragmented: boolean, defect: IpDefect | undefined, id: number,
): Uint8Array {
  const options = IPV4_OPTIONS[defect ?? 'none'] ?? [];
  const headerLength = 20 + options.length;
  const packet = new Uint8Array(headerLength + payload.length);
  packet[0] = 0x40 | headerLength >> 2;
  packet[1] = piece.ecn ?? 0;
  putUint16(packet, 2, packet.length);
  putUint16(packet, 4, id);
  putUint16(packet, 6, fragmented ? (piece.more ? 0x2000 : 0) | piece.offset >> 3 : 0);
  packet[8] = 64;
  packet[9] = Protocol.tcp;
  packet.set([10, 0, 0, 9, 10, 0, 0, 1], 12);
  packet.set(options, 20);
  putUint16(packet, 10, ~swap(sums.sum(packet, 0, headerLength)));
  if (defect === 'wrong header sum') packet[10]! ^= 0x21;
  if (defect === 'zero header sum') putUint16(packet, 10, 0);
  packet.set(payload, headerLength);
  return encodeEthernet(LINK, packet);
}

const IPV4_OPTIONS: Readonly<Record<string, readonly number[]>> = {
  'source route': [0x83, 7, 4, 10, 0, 0, 1, 0],
  'record route': [7, 7, 4, 0, 0, 0, 0, 0],
  'router alert': [0x94, 4, 0, 0],
  'security label': [0x86, 10, 0, 0, 0, 1, 1, 4, 0, 1, 0, 0],
  'option beyond the end': [7, 11, 4, 0],
};

/** The header of a fragment that is the whole packet (RFC 6946). */
const ATOMIC: readonly [protocol: number, ...bytes: number[]] = [Protocol.fragment, 0, 0, 0, 0, 0, 0, 0, 5];
const EXTENSIONS: Readonly<Partial<Record<IpDefect, readonly (readonly [protocol: number, ...bytes: number[]])[]>>> = {
  'second hop-by-hop': [[Protocol.hopByHop, 0, 0, 1, 4, 0, 0, 0, 0], [Protocol.hopByHop, 0, 0, 1, 4, 0, 0, 0, 0]],
  'segments left': [[Protocol.routing, 0, 2, 0, 1, 0, 0, 0, 0, ...new Array<number>(16).fill(1)]],
  'discard option': [[Protocol.destinationOptions, 0, 0, 0x5e, 4, 0, 0, 0, 0]],
  'hop-by-hop': [[Protocol.hopByHop, 0, 0, 5, 2, 0, 0, 0, 0]],
  'route that is done': [[Protocol.routing, 0, 2, 0, 0, 0, 0, 0, 0, ...new Array<number>(16).fill(1)]],
  'segment route that is done': [[Protocol.routing, 0, 2, 4, 0, 0, 0, 0, 0, ...new Array<number>(16).fill(1)]],
  'home address route': [[Protocol.routing, 0, 2, 2, 0, 0, 0, 0, 0, ...new Array<number>(16).fill(1)]],
  'skipped option': [[Protocol.destinationOptions, 0, 0, 0x1e, 4, 0, 0, 0, 0]],
  'much padding': [[Protocol.destinationOptions, 0, 1, 1, 6, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 0]],
  'hop-by-hop behind another': [[Protocol.destinationOptions, 0, 0, 1, 4, 0, 0, 0, 0], [Protocol.hopByHop, 0, 0, 1, 4, 0, 0, 0, 0]],
  'fragment header': [ATOMIC],
  'two fragment headers': [ATOMIC, ATOMIC],
  'many options': new Array<readonly [number, ...number[]]>(18).fill([Protocol.destinationOptions, 0, 0, 1, 4, 0, 0, 0, 0]),
};

function ipv6Frame(
  payload: Uint8Array, piece: Piece, fragmented: boolean, defect: IpDefect | undefined, id: number,
): Uint8Array {
  const headers = [...EXTENSIONS[defect ?? 'source route'] ?? []].map(([protocol, ...bytes]) => ({ protocol, bytes: Uint8Array.from(bytes) }));
  if (fragmented) {
    const bytes = new Uint8Array(8);
    putUint16(bytes, 2, piece.offset | (piece.more ? 1 : 0));
    putUint32(bytes, 4, id);
    headers.push({ protocol: Protocol.fragment, bytes });
  }
  headers.forEach(({ bytes }, i) => { bytes[0] = headers[i + 1]?.protocol ?? piece.nextHeader ?? Protocol.tcp; });
  const body = Buffer.concat([...headers.map(({ bytes }) => bytes), payload]);
  const packet = new Uint8Array(40 + body.length);
  packet[0] = 0x60;
  packet[1] = (piece.ecn ?? 0) << 4;
  putUint16(packet, 4, body.length);
  packet[6] = headers[0]?.protocol ?? Protocol.tcp;
  packet[7] = 64;
  packet.set([0xfd, ...new Array<number>(14).fill(0), 9, 0xfd, ...new Array<number>(14).fill(0), 1], 8);
  packet.set(body, 40);
  return encodeEthernet({ ...LINK, type: EtherType.ipv6 }, packet);
}

/** What is wrong with the frame around a packet, or with the length that its header says. */
function withDefect(frame: Uint8Array, v6: boolean, payload: Uint8Array, defect: IpDefect): Uint8Array {
  const packet = frame.slice(ETHERNET_HEADER);
  const setLength = (length: number): Uint8Array => {
    putUint16(packet, v6 ? 4 : 2, length);
    if (!v6) {
      putUint16(packet, 10, 0);
      putUint16(packet, 10, ~swap(sums.sum(packet, 0, 20)));
    }
    return encodeEthernet(v6 ? { ...LINK, type: EtherType.ipv6 } : LINK, packet);
  };
  switch (defect) {
    case 'long': return setLength(packet.length - (v6 ? 40 : 0) + 20);
    case 'no length': return setLength(0);
    case 'group address': return Uint8Array.from([...GROUP_ADDRESS, ...frame.subarray(6)]);
    case 'mapped': return mappedFrame(payload);
    case 'label': return encodeEthernet({ ...LINK, type: EtherType.mpls }, Uint8Array.of(0, 0, 0x11, 64, ...packet));
    default: return frame;
  }
}

/** A segment of an IPv4 connection in an IPv6 packet between the same hosts, mapped as in RFC 4291 2.5.5.2. */
function mappedFrame(payload: Uint8Array): Uint8Array {
  const packet = new Uint8Array(40 + payload.length);
  packet[0] = 0x60;
  putUint16(packet, 4, payload.length);
  packet.set([Protocol.tcp, 64], 6);
  packet.set([0xff, 0xff, 10, 0, 0, 9], 18);
  packet.set([0xff, 0xff, 10, 0, 0, 1], 34);
  packet.set(payload, 40);
  return encodeEthernet({ ...LINK, type: EtherType.ipv6 }, packet);
}
