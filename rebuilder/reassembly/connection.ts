import { type Packet, TcpFlag } from '../wire/packet.ts';
import { HalfStream } from './half-stream.ts';
import { advance, distance } from './sequence.ts';
import type { StreamContext } from './stream-context.ts';
import type { StreamSink } from './stream-sink.ts';

/** What is made of a connection's two streams. */
export interface ConnectionHandler {
  /** A connection came into sight: sets the sinks of its two halves. Called once, before any byte. */
  open(connection: Connection): ConnectionOwner;
}

/** Who reads a connection's streams. */
export interface ConnectionOwner {
  /** Both streams have ended and the connection is forgotten. */
  closed(): void;
}

/** Which of a connection's two ends: `a` sent the first packet that was captured. */
export type End = 'a' | 'b';

/** A connection whose ends are both done is kept for this long, for what is still on its way (also after a FIN or RST that was forged). */
const LINGER_MS = 1000;

/** A TCP connection: two half streams, the addresses of their ends, and who opened it, when that was seen. */
export class Connection {
  // --- key: VNI and both ends, as the first packet has them
  readonly vni: number;
  readonly a0: number;
  readonly a1: number;
  readonly a2: number;
  readonly a3: number;
  readonly b0: number;
  readonly b1: number;
  readonly b2: number;
  readonly b3: number;
  readonly aPort: number;
  readonly bPort: number;
  readonly hash: number;
  /** Links of the flow table. */
  hashNext: Connection | null = null;
  older: Connection | null = null;
  newer: Connection | null = null;
  lastPacketMs: number;
  /** When the flow table last moved it to the end of its order of use. */
  touchedMs: number;
  /** The outer address the first packet came from. */
  readonly outerSource: number;
  readonly fromA: HalfStream;
  readonly fromB: HalfStream;
  /** Which end is the client, from its SYN or the other's SYN-ACK; null = joined in the middle. */
  client: End | null = null;
  readonly #owner: ConnectionOwner;
  #reset = false;
  /** Sequence number of a SYN that opens the connection anew, if its client means it. */
  #newIsn = 0;
  #newSyn: End | null = null;
  #isn = 0;
  #isnEnd: End | null = null;
  /** #isn was taken from a SYN-ACK, which may acknowledge data as well. */
  #isnAtMost = false;

  /** @param synIsn sequence number of a SYN from the packet's sender that was seen before the packet; null = none */
  constructor(packet: Packet, hash: number, context: StreamContext, handler: ConnectionHandler, nowMs: number, synIsn: number | null = null) {
    this.vni = packet.vni;
    this.a0 = packet.src0;
    this.a1 = packet.src1;
    this.a2 = packet.src2;
    this.a3 = packet.src3;
    this.aPort = packet.srcPort;
    this.b0 = packet.dst0;
    this.b1 = packet.dst1;
    this.b2 = packet.dst2;
    this.b3 = packet.dst3;
    this.bPort = packet.dstPort;
    this.hash = hash;
    this.outerSource = packet.outerSource;
    this.lastPacketMs = nowMs;
    this.touchedMs = nowMs;
    this.fromA = new HalfStream(context, NOWHERE);
    this.fromB = new HalfStream(context, NOWHERE);
    this.fromA.peer = this.fromB;
    this.fromB.peer = this.fromA;
    if ((packet.flags & TcpFlag.syn) !== 0) this.client = (packet.flags & TcpFlag.ack) !== 0 ? 'b' : 'a';
    if (synIsn !== null) this.client = 'a';
    this.#owner = handler.open(this);
    if (synIsn === null) return;
    this.#isn = synIsn;
    this.#isnEnd = 'a';
    this.fromA.startAt(advance(synIsn, 1));
  }

  /** Sequence number of the SYN that opens the connection anew, after packet() said 'reopened' for data that follows it; null = the packet is a SYN. */
  get reopenedBy(): number | null {
    return this.#newSyn === null ? null : this.#newIsn;
  }

  /**
   * One packet from `end`.
   * @returns 'reopened': it belongs to a new connection of the same addresses and ports; nothing was done with it
   */
  packet(packet: Packet, end: End, nowMs: number): 'taken' | 'refused' | 'reopened' {
    const half = end === 'a' ? this.fromA : this.fromB;
    if ((packet.flags & TcpFlag.syn) !== 0) {
      if (!this.#syn(packet, end, half)) return 'reopened';
    } else if (this.#newSyn !== null && this.#isOfNewConnection(packet, end, half)) {
      return 'reopened';
    }
    this.lastPacketMs = nowMs;
    const before = half.nextSeq;
    if (!half.segment(packet, nowMs)) return 'refused';
    if ((packet.flags & TcpFlag.rst) !== 0) this.#reset = true;
    if (half.nextSeq !== before && half.peer !== null) half.peer.peerAdvanced();
    return 'taken';
  }

  /** Both ends are done, as far as they can be seen. */
  get closing(): boolean {
    if (this.#reset) return true;
    return (this.fromA.finSeen || !this.fromA.seen) && (this.fromB.finSeen || !this.fromB.seen);
  }

  isOver(nowMs: number): boolean {
    return this.closing && nowMs - this.lastPacketMs >= LINGER_MS;
  }

  /** Nothing more is expected: what waits is given up, what is unfinished is emitted as it is. The client's half first: responses belong to requests. */
  end(nowMs: number): void {
    const first = this.client === 'b' ? this.fromB : this.fromA;
    const second = this.client === 'b' ? this.fromA : this.fromB;
    first.end(nowMs);
    second.end(nowMs);
    this.#owner.closed();
  }

  /** @returns false: a SYN for a new connection, the old one being done */
  #syn(packet: Packet, end: End, half: HalfStream): boolean {
    const acknowledges = (packet.flags & TcpFlag.ack) !== 0;
    const opener = acknowledges ? (end === 'a' ? 'b' : 'a') : end;
    // A SYN-ACK may acknowledge data that came with the SYN (RFC 7413).
    const isn = acknowledges ? (packet.ack - 1) | 0 : packet.seq;
    const ahead = acknowledges ? distance(isn, this.#isn) : this.#isnAtMost ? distance(this.#isn, isn) : 0;
    const same = isn === this.#isn || (ahead > 0 && ahead < 65_536);
    if (this.#isnEnd !== null && (!same || opener !== this.#isnEnd)) {
      if (this.closing || acknowledges) {
        this.#newSyn = null;
        return false;
      }
      // The server may ignore it (RFC 9293 3.10.7.4, challenge ACK): believed once data or the server's answer follows.
      this.#newIsn = isn;
      this.#newSyn = end;
      return true;
    }
    if (this.#isnEnd === null && half.started && !acknowledges) {
      if (this.closing || distance(half.nextSeq, advance(packet.seq, 1)) > 1 << 26 || distance(half.nextSeq, advance(packet.seq, 1)) < 0) return false;
    }
    if (this.#isnEnd === null || !acknowledges) {
      this.#isn = isn;
      this.#isnAtMost = acknowledges;
    }
    this.#isnEnd = opener;
    half.startAt(advance(packet.seq, 1));
    if (acknowledges && half.peer !== null && !half.peer.started) half.peer.startAt(packet.ack);
    return true;
  }

  #isOfNewConnection(packet: Packet, end: End, half: HalfStream): boolean {
    if (end !== this.#newSyn || packet.dataEnd === packet.dataStart) return false;
    const intoNew = distance(packet.seq, advance(this.#newIsn, 1));
    const intoOld = distance(packet.seq, half.nextSeq);
    return intoNew >= 0 && intoNew < 1 << 20 && (intoNew === 0 || intoOld < 0 || intoOld > 1 << 20);
  }
}

const NOWHERE: StreamSink = {
  data: () => {},
  gap: () => {},
  end: () => {},
  stall: () => false,
  unfinished: false,
  fork: () => null,
  discard: () => {},
};
