import { type Packet, TcpFlag } from '../wire/packet.ts';
import { MultipathSubtype } from '../wire/tcp-options.ts';
import type { HalfStream } from './half-stream.ts';
import { MAX_WINDOW_BYTES, NEAR_BYTES } from './missing-bytes.ts';
import { multipathOf, Receiver } from './receiver.ts';
import { advance, distance } from './sequence.ts';
import type { StreamContext } from './stream-context.ts';
import type { Place } from './time-wait.ts';

/** The connection that a SYN would open, read beside the one that it came in. */
interface Candidate {
  /** Of the SYN's sender. */
  readonly fromA: HalfStream;
  packet(packet: Packet, end: 'a', nowMs: number): unknown;
  end(nowMs: number): void;
  abandon(): void;
}

/** Makes the candidate of a SYN from the packet that follows it. */
type Open<C extends Candidate> = (syn: OpeningSyn<C>, packet: Packet, nowMs: number) => C;

/** SYNs that are followed beside one connection; of more one makes room that nothing followed, or the oldest. */
const MOST_SYNS = 16;

/** A SYN in a connection that goes on, for all that is seen, and what follows it. */
export class OpeningSyn<C extends Candidate> {
  readonly isn: number;
  /** The direction that it came in. */
  readonly opener: HalfStream;
  /** Where its sender stood in a connection that is over, and stands again; null = it is a SYN. */
  readonly place: Place | null;
  /** Was it seen itself, and not its answer alone, which any client can write? */
  isSeen = false;
  /** Its SYN-ACK alone was seen. */
  isClaimed = false;
  /**
   * Sequence number of its SYN-ACK, where that alone was seen and its receiver has not acknowledged it; else null. Its
   * sender may have made it up.
   */
  answerIsn: number | null = null;
  /** What it offers; null = that is not known. */
  offer: Receiver | null = null;
  /** … and Multipath TCP. */
  isMultipath = false;
  /** Made by the first data that follow it. */
  candidate: C | null = null;
  /** It opened nothing, or no longer matters: nothing more is read of it. */
  isOver = false;

  constructor(isn: number, opener: HalfStream, place: Place | null = null) {
    this.isn = isn;
    this.opener = opener;
    this.place = place;
  }

  takeCandidate(): C | null {
    const { candidate } = this;
    this.candidate = null;
    return candidate;
  }

  /** May a packet of its direction be its candidate's? */
  mayBeOf(packet: Packet): boolean {
    const into = distance(packet.seq, this.candidate?.fromA.nextSeq ?? advance(this.isn, 1));
    if (into <= (this.place === null ? -NEAR_BYTES : -MAX_WINDOW_BYTES) || into >= NEAR_BYTES) return false;
    return this.candidate !== null
      || (packet.dataEnd > packet.dataStart && (into >= 0 || this.place !== null));
  }

  /** Hands a packet of its direction to its candidate, if it may be the candidate's. */
  take(packet: Packet, nowMs: number, open: Open<C>): void {
    if (!this.mayBeOf(packet)) return;
    this.candidate ??= open(this, packet, nowMs);
    this.candidate.packet(packet, 'a', nowMs);
  }

  /** A packet of its direction that acknowledges `ack`: does it answer the SYN-ACK? */
  confirm(ack: number): void {
    if (this.answerIsn === null) return;
    const ahead = distance(ack, this.answerIsn);
    if (ahead > 0 && ahead < NEAR_BYTES) this.answerIsn = null;
  }

  /** Do data of its candidate end there or behind? */
  hasData(ack: number): boolean {
    return this.candidate !== null && distance(ack, advance(this.isn, 1)) > 0
      && distance(ack, this.candidate.fromA.sentSeq) <= 0;
  }

  /** Does what the server acknowledges say that it has the connection that this SYN opens, or the one before? */
  acknowledged(ack: number): 'new' | 'old' | 'unknown' {
    const { opener } = this;
    const isOfNew = (ack === advance(this.isn, 1) && !this.isClaimed) || this.hasData(ack);
    const isOfOld = opener.isNear(ack);
    return isOfNew === isOfOld ? 'unknown' : isOfNew ? 'new' : 'old';
  }
}

/**
 * SYNs in the middle of a connection. Its server may ignore one (RFC 9293 3.10.7.4, challenge ACK), or have no such
 * connection any more and open it anew: data that follow a SYN are read beside the connection until the server tells
 * which of them it has.
 */
export class Reopening<C extends Candidate> {
  readonly #context: StreamContext;
  readonly #open: Open<C>;
  readonly #syns: OpeningSyn<C>[] = [];
  /** Bytes that came for candidates, and are none of the connection's. */
  bytesOnlyThere = 0;
  /** The one that opens the connection anew, as its server or its answer has shown; null = none of them. */
  proven: OpeningSyn<C> | null = null;

  constructor(context: StreamContext, open: Open<C>) {
    this.#context = context;
    this.#open = open;
  }

  /** Is there one that may open the connection anew? */
  get isAny(): boolean {
    return this.#syns.some(({ isOver }) => !isOver);
  }

  /** A SYN of `opener`, without what it may bring. */
  syn(opener: HalfStream, packet: Packet): OpeningSyn<C> {
    const one = this.#known(packet.seq, opener);
    one.isSeen = true;
    one.offer = new Receiver();
    one.offer.syn(packet);
    one.isMultipath = multipathOf(packet) === MultipathSubtype.capable;
    return one;
  }

  /** A SYN, and data that it may bring (RFC 7413): they are its candidate's. */
  synWithData(opener: HalfStream, packet: Packet, nowMs: number): void {
    const one = this.syn(opener, packet);
    const length = packet.dataEnd - packet.dataStart;
    if (length === 0) return;
    this.#context.ledger.count('tcp.candidate_bytes', length);
    this.bytesOnlyThere += length;
    one.candidate ??= this.#open(one, packet, nowMs);
    one.candidate.packet(packet, 'a', nowMs);
  }

  /** A SYN that its answer tells of, or what followed it, and not a packet in hand. @param isSeen it was seen before */
  unseen(isn: number, opener: HalfStream, isSeen = false): OpeningSyn<C> {
    const one = this.#known(isn, opener);
    one.isSeen ||= isSeen;
    if (!opener.receiver.knowsSynAlone || isn !== advance(opener.beganSeq, -1)) return one;
    one.offer = opener.receiver;
    one.isMultipath = opener.dataSequence !== null;
    return one;
  }

  #known(isn: number, opener: HalfStream): OpeningSyn<C> {
    const one = this.#by(opener, isn) ?? this.#add(new OpeningSyn<C>(isn, opener));
    one.isOver = false;
    return one;
  }

  /** A SYN-ACK in a connection of which nothing else was known: the SYN that it answers is the peer's, `opener`'s. */
  answer({ seq, ack }: Packet, opener: HalfStream): void {
    const isn = advance(ack, -1);
    const isKnown = this.#by(opener, isn) !== undefined;
    const one = this.unseen(isn, opener);
    if (isKnown) return;
    one.isClaimed = true;
    one.answerIsn = seq;
  }

  /** `opener` stood at `place` in a connection that was there before, which may go on. */
  former(place: Place, opener: HalfStream): void {
    const isn = advance(place.nextSeq, -1);
    const isKnown = this.#syns.some((one) => one.opener === opener && one.place !== null && one.isn === isn);
    if (!isKnown) this.#add(new OpeningSyn<C>(isn, opener, place));
  }

  #add(one: OpeningSyn<C>): OpeningSyn<C> {
    if (this.#syns.push(one) <= MOST_SYNS) return one;
    const at = this.#syns.findIndex(({ candidate }) => candidate === null);
    const [madeRoom] = this.#syns.splice(at === MOST_SYNS ? 0 : at, 1);
    // More could have been read of it.
    if (!madeRoom!.isOver) this.#context.ledger.count('tcp.readings_limit');
    madeRoom!.takeCandidate()?.end(this.#context.nowMs);
    return one;
  }

  #by(opener: HalfStream, isn: number): OpeningSyn<C> | undefined {
    return this.#syns.find((one) => one.opener === opener && one.place === null && one.isn === isn);
  }

  /** The SYN of `opener` that this SYN-ACK answers, and data that came with it; null = none of them. */
  answeredBy({ ack }: Packet, opener: HalfStream): OpeningSyn<C> | null {
    return this.#syns.find((one) => !one.isOver && one.opener === opener && one.place === null
      && (one.isn === advance(ack, -1) || one.hasData(ack))) ?? null;
  }

  /**
   * An RST with the flag ACK from `half` answers a packet without it, up to whose end it acknowledges (RFC 9293 3.5.2):
   * a SYN of the other side's opened nothing, nor do the data that it brought stand before those of another.
   */
  refused(ack: number, half: HalfStream, nowMs: number): void {
    for (const one of this.#syns) {
      if (one.isOver || one.opener === half || !one.isSeen) continue;
      if (ack !== advance(one.isn, 1) && !one.hasData(ack)) continue;
      one.isOver = true;
      one.takeCandidate()?.end(nowMs);
    }
  }

  /** Does a candidate that was made read the place of the packet? */
  isRead(packet: Packet, half: HalfStream): boolean {
    return this.#syns.some(({ isOver, opener, candidate }) => !isOver && opener === half && candidate !== null
      && Math.abs(distance(packet.seq, candidate.fromA.nextSeq)) < NEAR_BYTES);
  }

  /** The connection is opened anew by this SYN, which may be none of them. */
  prove(opener: HalfStream, isn: number): void {
    this.proven = this.#by(opener, isn) ?? null;
  }

  /** None of them opened anything. */
  forget(): void {
    for (const one of this.#syns) one.isOver = true;
  }

  /** All that were read, and were not taken. */
  takeCandidates(): C[] {
    return this.#syns.flatMap((one) => one.takeCandidate() ?? []);
  }

  /**
   * Whose packet is it?
   * @param half the direction it came in
   * @returns 'proven': the connection is over, a candidate takes its place; 'only there': a candidate's alone
   */
  placeOf(packet: Packet, half: HalfStream): 'only there' | 'proven' | 'not there' {
    let isThere = false;
    for (const one of this.#syns) {
      if (one.isOver) continue;
      if (one.opener === half) {
        one.confirm(packet.ack);
        isThere ||= one.mayBeOf(packet);
      } else if ((packet.flags & TcpFlag.ack) !== 0 && this.#isProven(one, packet.ack)) return 'proven';
    }
    // One that nothing was read of is where its receiver says.
    const old = half.started ? half.nextSeq : half.ackedUpTo;
    const isInOld = old !== null && Math.abs(distance(packet.seq, old)) < MAX_WINDOW_BYTES;
    if (!isThere || isInOld) return 'not there';
    this.bytesOnlyThere += packet.dataEnd - packet.dataStart;
    return 'only there';
  }

  /** Hands the packet, which came in the direction `half`, to the candidates whose it may be. */
  packet(packet: Packet, half: HalfStream, nowMs: number): void {
    for (const one of this.#syns) if (!one.isOver && one.opener === half) one.take(packet, nowMs, this.#open);
  }

  /** What the server acknowledges tells which connection it has. */
  #isProven(one: OpeningSyn<C>, ack: number): boolean {
    const whose = one.answerIsn === null ? one.acknowledged(ack) : 'unknown';
    if (whose === 'new') this.proven = one;
    if (whose !== 'old') return whose === 'new';
    one.isOver = true;
    one.takeCandidate()?.abandon();
    return false;
  }
}
