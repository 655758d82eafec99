import { type Packet, TcpFlag } from '../wire/packet.ts';
import { HalfStream } from './half-stream.ts';
import { MAX_WINDOW_BYTES, NEAR_BYTES } from './missing-bytes.ts';
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
/** … and when it is not certain that they are. */
const LINGER_UNPROVEN_MS = 120_000;
/** A VLAN that is not known yet. */
const ANY_VLAN = -2;

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
  /** VLAN tags of each direction (Packet.vlanTags); ANY_VLAN = no packet was seen. */
  #aTags = ANY_VLAN;
  #bTags = ANY_VLAN;
  /** Links of the flow table. */
  hashNext: Connection | null = null;
  older: Connection | null = null;
  newer: Connection | null = null;
  lastPacketMs: number;
  /** Did it bring data? A flood of SYNs is the first to make room. */
  hasData = false;
  /** When the flow table last moved it to the end of its order of use. */
  touchedMs: number;
  /** The outer address the first packet came from. */
  readonly outerSource: number;
  readonly fromA: HalfStream;
  readonly fromB: HalfStream;
  /** Opened by a SYN that nobody proved, beside a connection that may go on: what is read of it is another reading. */
  isCandidate: boolean;
  /** It began as a candidate: its bytes are not counted where they are read. */
  readonly beganAside: boolean;
  /** Which end is the client, from its SYN or the other's SYN-ACK; null = joined in the middle. */
  client: End | null = null;
  readonly #owner: ConnectionOwner;
  readonly #context: StreamContext;
  readonly #handler: ConnectionHandler;
  #reset = false;
  /** When an RST ended it that its receiver takes; Infinity = none did. What is sent later may be read by nobody. */
  resetMs = Infinity;
  /** Who opened it, and the sequence number of that SYN. */
  #opener: End | null = null;
  #isn = 0;
  /** Sequence number of the SYN-ACK; null = it was not seen. */
  #answerIsn: number | null = null;
  /** Only a SYN-ACK has said so. */
  #isClaimed = false;
  /** Sequence number of a SYN that opens the connection anew, if its client means it and its server takes it. */
  #newIsn = 0;
  #newSyn: End | null = null;
  /** The connection that this SYN opened, read beside this one until the server tells which it is. */
  #candidate: Connection | null = null;

  /** @param synIsn sequence number of a SYN that was seen before the packet, which follows or answers it; null = none */
  constructor(
    packet: Packet, hash: number, context: StreamContext, handler: ConnectionHandler, nowMs: number, synIsn: number | null = null, isCandidate = false,
  ) {
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
    this.#aTags = packet.vlanTags;
    this.outerSource = packet.outerSource;
    this.lastPacketMs = nowMs;
    this.touchedMs = nowMs;
    this.isCandidate = isCandidate;
    this.beganAside = isCandidate;
    this.#context = context;
    this.#handler = handler;
    this.fromA = new HalfStream(context, NOWHERE);
    this.fromB = new HalfStream(context, NOWHERE);
    this.fromA.peer = this.fromB;
    this.fromB.peer = this.fromA;
    if ((packet.flags & TcpFlag.syn) !== 0) this.client = (packet.flags & TcpFlag.ack) !== 0 ? 'b' : 'a';
    if (synIsn !== null) this.client ??= 'a';
    this.#owner = handler.open(this);
    if (synIsn === null) return;
    this.#isn = synIsn;
    this.#opener = this.client;
    (this.client === 'b' ? this.fromB : this.fromA).startAt(advance(synIsn, 1));
  }

  /** Of the VLAN that its packets were in? A tag on one direction only is how some switches mirror; two different ones are two networks. */
  isInVlan(tags: number, end: End): boolean {
    const known = end === 'a' ? this.#aTags : this.#bTags;
    const other = known === ANY_VLAN ? (end === 'a' ? this.#bTags : this.#aTags) : known;
    if (other !== tags && other >= 0 && tags >= 0) return false;
    if (known < 0) {
      if (end === 'a') this.#aTags = tags;
      else this.#bTags = tags;
    }
    return true;
  }

  /** Sequence number of the SYN that opens the connection anew, after packet() said 'reopened' for data that follows it; null = the packet is a SYN. */
  get reopenedBy(): number | null {
    return this.#newSyn === null ? null : this.#newIsn;
  }

  /** The connection that takes its place after packet() said 'reopened', if it was read before. */
  takeCandidate(): Connection | null {
    const candidate = this.#candidate;
    this.#candidate = null;
    if (candidate !== null) candidate.isCandidate = false;
    return candidate;
  }

  /**
   * One packet from `end`.
   * @returns 'reopened': it belongs to a new connection of the same addresses and ports; nothing was done with it
   */
  packet(packet: Packet, end: End, nowMs: number): 'taken' | 'refused' | 'reopened' {
    const half = end === 'a' ? this.fromA : this.fromB;
    if ((packet.flags & TcpFlag.syn) !== 0) {
      if (!this.#syn(packet, end, half, nowMs)) return 'reopened';
      this.lastPacketMs = nowMs;
      return 'taken';
    }
    if (this.#newSyn !== null) {
      const place = this.#besides(packet, end, half, nowMs);
      if (place === 'proven') return 'reopened';
      if (place === 'only there') return 'taken';
    }
    this.lastPacketMs = nowMs;
    if ((packet.flags & TcpFlag.rst) !== 0) {
      this.#refuseData(packet);
      half.seen = true;
      half.peer?.refused(packet.seq);
      if (half.expects(packet.seq) && half.accepts(packet) && !this.#reset) {
        this.#reset = true;
        this.resetMs = nowMs;
        half.unproven.fromDoubt(half.nextSeq);
      }
      return 'taken';
    }
    const before = half.nextSeq;
    if (!half.segment(packet, nowMs)) return 'refused';
    if (half.nextSeq !== before && half.peer !== null) half.peer.peerAdvanced();
    return 'taken';
  }

  /** Both ends are done, as far as they can be seen. */
  get closing(): boolean {
    if (this.#reset) return true;
    return (this.fromA.finSeen || !this.fromA.seen) && (this.fromB.finSeen || !this.fromB.seen);
  }

  /** Where it ends is not certain: it is read in more than one way, or an RST came in the middle of a message and its receiver is not seen. */
  get isContested(): boolean {
    if (this.fromA.isContested || this.fromB.isContested) return true;
    return this.#reset && this.fromA.seen !== this.fromB.seen && (this.fromA.unfinished || this.fromB.unfinished);
  }

  isOver(nowMs: number): boolean {
    const unproven = this.isContested;
    return this.closing && nowMs - this.lastPacketMs >= (unproven ? LINGER_UNPROVEN_MS : LINGER_MS);
  }

  /** Nothing more is expected: what waits is given up, what is unfinished is emitted as it is. The client's half first: responses belong to requests. */
  end(nowMs: number): void {
    const first = this.client === 'b' ? this.fromB : this.fromA;
    const second = this.client === 'b' ? this.fromA : this.fromB;
    first.end(nowMs);
    second.end(nowMs);
    this.#owner.closed();
    this.#candidate?.end(nowMs);
    this.#candidate = null;
  }

  /** A fault was found in it: what it holds is given back, and not looked at again. */
  abandon(): void {
    this.fromA.abandon();
    this.fromB.abandon();
    this.#candidate?.abandon();
    this.#candidate = null;
  }

  #refuseData(packet: Packet): void {
    const length = packet.dataEnd - packet.dataStart;
    if (length === 0) return;
    this.#context.ledger.count('tcp.refused_segments');
    this.#context.ledger.count('tcp.refused_bytes', length);
  }

  /** @returns false: a SYN for a new connection, the old one being done or the server having said so */
  #syn(packet: Packet, end: End, half: HalfStream, nowMs: number): boolean {
    const acknowledges = (packet.flags & TcpFlag.ack) !== 0;
    const taken = acknowledges ? this.#synAck(packet, end, half, nowMs) : this.#openingSyn(packet, end, half, nowMs);
    if (taken && acknowledges) this.#refuseData(packet);
    return taken;
  }

  #openingSyn(packet: Packet, end: End, half: HalfStream, nowMs: number): boolean {
    const isn = packet.seq;
    // What waits to be known for the beginning is not of a connection that begins far from it.
    if (this.#opener === null && !half.mayBeginAt(advance(isn, 1))) half.pickUp();
    const before = distance(half.nextSeq, advance(isn, 1));
    // Also when data of it were captured first.
    if (this.#opener === null && (!half.started || (before >= 0 && before < NEAR_BYTES))) {
      this.#opener = end;
      this.#isn = isn;
      half.startAt(advance(isn, 1));
    }
    if (this.#opener === end && isn === this.#isn) {
      if (half.hasRead || half.nextSeq !== advance(isn, 1)) {
        this.#refuseData(packet);
        return true;
      }
      half.seen = true;
      half.accepts(packet);
      // What the first one offered counts, as long as the handshake is open.
      if (this.#reset || half.receiver.offersTimestamps === null) half.receiver.syn(packet);
      this.#isOpenAgain();
      if (packet.dataEnd > packet.dataStart) half.synData(packet, nowMs);
      return true;
    }
    const isUnread = !this.fromA.hasRead && !this.fromB.hasRead;
    if ((this.closing && !this.isContested) || (this.#isClaimed && isUnread)) {
      this.#newSyn = null;
      return false;
    }
    this.#refuseData(packet);
    // The server may ignore it (RFC 9293 3.10.7.4, challenge ACK): data that follow it are read beside this connection.
    this.#newIsn = isn;
    this.#newSyn = end;
    return true;
  }

  /** A handshake that an RST ended is begun anew with the same numbers. */
  #isOpenAgain(): void {
    this.#reset = false;
    this.resetMs = Infinity;
  }

  #synAck(packet: Packet, end: End, half: HalfStream, nowMs: number): boolean {
    const opener = end === 'a' ? 'b' : 'a';
    const isn = advance(packet.ack, -1);
    if (this.#opener === end && !this.#isClaimed) return true; // It opened the connection itself: no receiver takes its SYN-ACK.
    if (this.#opener === null && (half.hasBytes(advance(packet.seq, 1)) || half.peer!.hasBytes(packet.ack))) {
      this.#newIsn = isn;
      this.#newSyn = opener;
      return true;
    }
    if (this.#opener === null) {
      this.#opener = opener;
      this.#isn = isn;
      this.#isClaimed = true;
    }
    // A SYN-ACK may acknowledge data that came with the SYN (RFC 7413).
    const ahead = distance(isn, this.#isn);
    // With another number, though it answers the same: the server had no such connection any more.
    const isOther = this.#answerIsn !== null && this.#answerIsn !== packet.seq && (ahead !== 0 || !half.peer!.hasRead);
    const isOfNew = (this.#newSyn === opener && isn === this.#newIsn) || isOther;
    if (isOfNew || this.#opener !== opener || (ahead !== 0 && (ahead < 0 || ahead >= 65_536))) {
      if (ahead === 0 && this.#opener === opener && !this.#isClaimed) [this.#newIsn, this.#newSyn] = [isn, opener];
      if (this.#newSyn !== opener || isn !== this.#newIsn) this.#newSyn = null;
      return false;
    }
    this.#newSyn = null;
    this.#answerIsn = packet.seq;
    this.#isOpenAgain();
    half.seen = true;
    half.accepts(packet);
    half.startAt(advance(packet.seq, 1));
    half.answers(packet, nowMs);
    return true;
  }

  /** A SYN came that nobody has proven: is the packet of the connection that it would open? */
  #besides(packet: Packet, end: End, half: HalfStream, nowMs: number): 'only there' | 'proven' | 'not there' {
    const hasData = packet.dataEnd > packet.dataStart;
    if (end !== this.#newSyn) return this.#proves(packet, half);
    const into = distance(packet.seq, this.#candidate?.fromA.nextSeq ?? advance(this.#newIsn, 1));
    if (into <= -NEAR_BYTES || into >= NEAR_BYTES || (this.#candidate === null && (!hasData || into < 0))) return 'not there';
    if (this.#candidate === null) {
      this.#candidate = new Connection(packet, this.hash, this.#context.aside ?? this.#context, this.#handler, nowMs, this.#newIsn, true);
      this.#context.ledger.count('tcp.candidates');
    }
    this.#candidate.packet(packet, 'a', nowMs);
    const intoOld = distance(packet.seq, half.nextSeq);
    if (half.started && intoOld > -MAX_WINDOW_BYTES && intoOld < MAX_WINDOW_BYTES) return 'not there';
    this.#context.ledger.count('tcp.candidate_bytes', packet.dataEnd - packet.dataStart);
    return 'only there';
  }

  /** What the server acknowledges tells which of the two is its connection. */
  #proves(packet: Packet, half: HalfStream): 'proven' | 'not there' {
    if ((packet.flags & TcpFlag.ack) === 0 || half.peer === null) return 'not there';
    const intoNew = distance(packet.ack, advance(this.#newIsn, 1));
    const isOfNew = this.#candidate !== null && intoNew > 0 && distance(packet.ack, this.#candidate.fromA.sentSeq) <= 0;
    const isOfOld = half.peer.started && half.peer.isNear(packet.ack);
    if (isOfNew && !isOfOld) return 'proven';
    if (isOfOld && !isOfNew) {
      this.#newSyn = null;
      this.#candidate?.abandon();
      this.#candidate = null;
    }
    return 'not there';
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
