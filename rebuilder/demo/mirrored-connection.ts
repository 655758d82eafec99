import { randomInt } from 'node:crypto';
import { TcpFlag } from '../wire/packet.ts';
import { encodeVxlanSegment, type End } from './vxlan-segment.ts';

/** Largest payload of a segment on Ethernet without options (RFC 9293 3.7.1). */
export const MAX_SEGMENT_BYTES = 1460;

type Side = 'client' | 'server';
interface Half { readonly end: End; seq: number; ipId: number; closed: boolean }

/** Writes down a real connection as the packets that would have carried it: handshake, data in segments, end. */
export class MirroredConnection {
  readonly #halves: Readonly<Record<Side, Half>>;
  readonly #vni: number;
  readonly #send: (datagram: Uint8Array) => void;

  constructor(vni: number, client: End, server: End, send: (datagram: Uint8Array) => void) {
    const half = (end: End): Half => ({ end, seq: randomInt(2 ** 32), ipId: randomInt(2 ** 16), closed: false });
    this.#vni = vni;
    this.#halves = { client: half(client), server: half(server) };
    this.#send = send;
    this.#emit('client', TcpFlag.syn);
    this.#emit('server', TcpFlag.syn | TcpFlag.ack);
    this.#emit('client', TcpFlag.ack);
  }

  data(from: Side, bytes: Uint8Array): void {
    if (this.#halves[from].closed) return;
    for (let at = 0; at < bytes.length; at += MAX_SEGMENT_BYTES) {
      const last = at + MAX_SEGMENT_BYTES >= bytes.length;
      this.#emit(from, TcpFlag.ack | (last ? TcpFlag.psh : 0), bytes.subarray(at, at + MAX_SEGMENT_BYTES));
    }
    this.#emit(other(from), TcpFlag.ack);
  }

  end(from: Side): void {
    if (this.#halves[from].closed) return;
    this.#emit(from, TcpFlag.fin | TcpFlag.ack);
    this.#halves[from].closed = true;
    this.#emit(other(from), TcpFlag.ack);
  }

  reset(from: Side): void {
    if (this.#halves.client.closed && this.#halves.server.closed) return;
    this.#emit(from, TcpFlag.rst | TcpFlag.ack);
    this.#halves.client.closed = true;
    this.#halves.server.closed = true;
  }

  #emit(from: Side, flags: number, payload: Uint8Array = new Uint8Array(0)): void {
    const half = this.#halves[from];
    const peer = this.#halves[other(from)];
    const ack = (flags & TcpFlag.ack) === 0 ? 0 : peer.seq;
    this.#send(encodeVxlanSegment(this.#vni, half.end, peer.end, half.ipId, half.seq, ack, flags, payload));
    half.ipId = (half.ipId + 1) & 0xffff;
    // SYN and FIN take a sequence number of their own (RFC 9293 3.4).
    half.seq = (half.seq + payload.length + ((flags & (TcpFlag.syn | TcpFlag.fin)) === 0 ? 0 : 1)) >>> 0;
  }
}

const other = (side: Side): Side => (side === 'client' ? 'server' : 'client');
