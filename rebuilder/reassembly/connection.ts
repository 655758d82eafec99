import { type Packet, TcpFlag } from '../wire/packet.ts';
import { CHARGE, type Charged } from './connection-memory.ts';
import type { ConnectionHandler, ConnectionOwner } from './connection-owner.ts';
import { DataSequence } from './data-sequence.ts';
import { type End, FlowKey } from './flow-key.ts';
import { HalfStream } from './half-stream.ts';
import { begunBy, Handshake } from './handshake.ts';
import { isUnproven, Joined } from './joined.ts';
import { MAX_WINDOW_BYTES } from './missing-bytes.ts';
import { type OpeningSyn, Reopening } from './reopening.ts';
import { hasDoubtfulOptions } from './receiver.ts';
import { refuseData } from './refused-data.ts';
import { advance, distance } from './sequence.ts';
import { Shown } from './shown.ts';
import type { Place } from './time-wait.ts';
import type { UsageOrder } from './usage-order.ts';
import type { StreamContext } from './stream-context.ts';
import { NOWHERE } from './stream-sink.ts';

/**
 * A connection that both ends have finished is kept this long, for what is still on its way (a FIN or RST may be
 * forged).
 */
export const LINGER_MS = 1000;
/** … and this long when it is not certain that they have. */
const LINGER_UNPROVEN_MS = 120_000;

/**
 * One that would be read wrongly without what it has brought (in the middle of a message, or of HTTP/2, whose header
 * blocks refer to those before) is kept without packets so many times as long as another: many servers wait for ever.
 */
const IDLE_IN_USE = 24;

/** A TCP connection: two half streams, the addresses of their ends, and its handshake, when that was seen. */
export class Connection extends FlowKey implements Charged {
  /** Links of the flow table, and of the order that it is in. */
  hashNext: Connection | null = null;
  older: Connection | null = null;
  newer: Connection | null = null;
  order: UsageOrder<Connection> | null = null;
  lastPacketMs: number;
  /** Did it bring data? A flood of SYNs is the first to make room. */
  hasData = false;
  /** When the flow table last moved it to the end of its order of use. */
  touchedMs: number;
  /** … and when it found it finished, or looked at it since. */
  lingersMs = 0;
  readonly fromA: HalfStream;
  readonly fromB: HalfStream;
  /**
   * Opened by a SYN that nothing has confirmed, beside a connection that may go on: what is read of it is another
   * reading.
   */
  isCandidate: boolean;
  /** It began as a candidate: its bytes are not counted where they are read. */
  readonly beganAside: boolean;
  /** Which end is the client, from its SYN; null = that was not seen. */
  client: End | null = null;
  /** … from a SYN-ACK alone, which any client can write, too; null = none began the connection. */
  readonly claimedClient: End | null = null;
  readonly #owner: ConnectionOwner;
  readonly #context: StreamContext;
  readonly #handler: ConnectionHandler<Connection>;
  /** 'perhaps': by an RST where its receiver stood when it last acknowledged, if it has come no farther. */
  #reset: 'no' | 'perhaps' | 'yes' = 'no';
  /** When an RST that its receiver accepts ended it; null = none did. What is sent later may never be read. */
  resetMs: number | null = null;
  /** null = joined in the middle, and no SYN of it came since. */
  #handshake: Handshake | null = null;
  /** Made with the first SYN that would open it anew. */
  #reopening: Reopening<Connection> | null = null;
  #chargedBytes = 0;

  /**
   * @param syn that was seen before the packet, which follows or answers it; null = none
   * @param beside who reads the connection beside which it is a candidate; null = it is none
   */
  constructor(
    packet: Packet, hash: number, context: StreamContext, handler: ConnectionHandler<Connection>, nowMs: number,
    syn: Pick<OpeningSyn<Connection>, 'isn' | 'isSeen' | 'offer' | 'opener' | 'isMultipath'> | null = null,
    beside: ConnectionOwner | null = null,
  ) {
    super(packet, hash);
    this.lastPacketMs = nowMs;
    this.touchedMs = nowMs;
    this.isCandidate = beside !== null;
    this.beganAside = this.isCandidate;
    this.#context = context;
    this.#handler = handler;
    this.charge(CHARGE.connection);
    this.fromA = new HalfStream(context, NOWHERE);
    this.fromB = new HalfStream(context, NOWHERE);
    this.fromA.peer = this.fromB;
    this.fromB.peer = this.fromA;
    const isAnswer = (packet.flags & TcpFlag.syn) !== 0 && (packet.flags & TcpFlag.ack) !== 0;
    if (isAnswer && syn?.isSeen !== true) this.claimedClient = 'b';
    else if (syn !== null || (packet.flags & TcpFlag.syn) !== 0) this.client = isAnswer ? 'b' : 'a';
    if (this.client !== null) this.fromA.joined = this.fromB.joined = Joined.not;
    this.#owner = handler.open(this, beside);
    if (syn === null) return;
    this.#handshake = new Handshake(isAnswer ? 'b' : 'a', syn.isn, this.client === null, false);
    const opener = isAnswer ? this.fromB : this.fromA;
    opener.startAt(advance(syn.isn, 1));
    opener.shown = syn.opener.shown;
    if (syn.offer !== null) opener.receiver = syn.offer;
    if (syn.isMultipath) opener.dataSequence = new DataSequence(syn.isn, context);
  }

  /** The SYN that opens it anew, after packet() said 'reopened'; null = none was seen before the packet. */
  get reopenedBy(): OpeningSyn<Connection> | null { return this.#reopening?.proven ?? null; }
  /** The connection that takes its place after packet() said 'reopened', if it was read before. */
  takeCandidate(): Connection | null {
    const candidate = this.#reopening?.proven?.takeCandidate() ?? null;
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
    const place = this.#reopening?.isAny === true ? this.#reopening.placeOf(packet, half) : 'not there';
    if (place === 'proven') return 'reopened';
    const isOnlyThere = place === 'only there';
    const outcome = isOnlyThere ? 'taken' : this.#read(packet, end, half, nowMs);
    if (isOnlyThere) this.#context.ledger.count('tcp.candidate_bytes', packet.dataEnd - packet.dataStart);
    // Behind the connection: what both tell is told by that.
    if (this.#reopening?.isAny === true) this.#reopening.packet(packet, half, nowMs);
    return outcome;
  }

  /** A packet that is no SYN. @returns 'refused': its checksum is wrong, and it is counted so */
  #read(packet: Packet, end: End, half: HalfStream, nowMs: number): 'taken' | 'refused' {
    this.lastPacketMs = nowMs;
    if ((packet.flags & TcpFlag.rst) !== 0) {
      refuseData(packet, this.#context.ledger);
      half.seen = true;
      half.peer?.refused(packet.seq);
      if ((packet.flags & TcpFlag.ack) !== 0) this.#reopening?.refused(packet.ack, half, nowMs);
      if (half.expects(packet.seq) && half.accepts(packet) && this.#reset !== 'yes') {
        // One that its receiver may drop ends nothing, but what follows may be for nobody.
        if (this.#handshake?.isRefusal(packet, end, half.peer) === true) this.#reset = 'perhaps';
        else if (!hasDoubtfulOptions(packet)) {
          this.#reset = 'yes';
          this.resetMs = nowMs;
        }
        half.doubtRest();
      } else if (this.#reset === 'no' && half.ackedUpTo === packet.seq && half.accepts(packet)) {
        this.#reset = 'perhaps';
      }
      return 'taken';
    }
    if (half.peer?.ackedUpTo === null && this.#handshake?.isElsewhere(end, packet, half.peer) === true) {
      this.#stands(packet.ack, half.peer);
    }
    const before = half.nextSeq;
    if (!half.segment(packet, nowMs)) return 'refused';
    const isOld = half.nextSeq === before;
    if (isOld || (distance(packet.seq, before) < 0 && half.hasBegunBehind(packet.seq))) {
      this.#readBefore(packet, end, half);
    }
    if (!isOld) half.peer?.peerAdvanced();
    return 'taken';
  }

  /** The first acknowledgment says that the sender's stream is elsewhere than the handshake: it was there before. */
  #stands(ack: number, sender: HalfStream): void {
    const { isn, isClaimed } = this.#handshake!;
    const isRefuted = !isClaimed && !sender.hasRead;
    this.#mayReopen().unseen(isRefuted ? isn : advance(ack, -1), sender, isRefuted);
    if (isRefuted) sender.joinAt(ack);
    if (isRefuted) this.#handshake = null;
  }

  /** Data from before the beginning of the stream that nobody acknowledged are read beside it, and none beside that. */
  #readBefore(packet: Packet, end: End, half: HalfStream): void {
    if (packet.dataEnd === packet.dataStart || half.waitsForPeer || half.hasAcknowledged(packet.seq)) return;
    // Near by it is read again as a whole.
    if (isUnproven(half.joined) && Math.abs(distance(packet.seq, half.nextSeq)) < MAX_WINDOW_BYTES) return;
    const isBefore = this.#handshake?.bringsOutside(end, packet, half) ?? half.hasReadBehind(packet.seq);
    if (this.beganAside || !isBefore || this.#reopening?.isRead(packet, half) === true) return;
    this.#mayReopen().unseen(advance(packet.seq, -1), half);
  }

  /** Both ends are done, as far as they can be seen. */
  get closing(): boolean {
    if (this.#reset === 'yes') return true;
    return (this.fromA.finSeen || !this.fromA.seen) && (this.fromB.finSeen || !this.fromB.seen);
  }

  /** Does a FIN wait for bytes before it? */
  get awaitsFin(): boolean { return this.fromA.awaitsFin || this.fromB.awaitsFin; }

  /**
   * Is it uncertain where it ends? It is read in more than one way, or what ended it came in the middle of a message,
   * and its receiver is not seen.
   */
  get isContested(): boolean {
    if (this.fromA.isContested || this.fromB.isContested) return true;
    return this.fromA.seen !== this.fromB.seen && this.closing && (this.fromA.unfinished || this.fromB.unfinished);
  }

  isOver(nowMs: number): boolean {
    return this.closing && nowMs - this.lastPacketMs >= (this.isContested ? LINGER_UNPROVEN_MS : LINGER_MS);
  }

  /** No packet came for longer than it is kept without. */
  isForgotten(nowMs: number, idleTimeoutMs: number): boolean {
    const needsPast = !this.closing && (this.#owner.needsPast || this.fromA.unfinished || this.fromB.unfinished);
    return nowMs - this.lastPacketMs >= idleTimeoutMs * (needsPast ? IDLE_IN_USE : 1);
  }

  charge(bytes: number): void {
    this.#chargedBytes += bytes;
    this.#context.connections.charge(bytes);
  }

  /**
   * Nothing more is expected: gives up what is waited for and emits unfinished messages as they are. The client's half
   * goes first, because responses belong to requests.
   */
  end(nowMs: number): void {
    const isOfB = (this.client ?? this.claimedClient) === 'b';
    const [first, second] = isOfB ? [this.fromB, this.fromA] : [this.fromA, this.fromB];
    first.end(nowMs);
    second.end(nowMs);
    this.#owner.closed();
    for (const candidate of this.#reopening?.takeCandidates() ?? []) candidate.end(nowMs);
    this.charge(-this.#chargedBytes);
  }

  /** Bytes that were sent by one end, modulo 2^32, those for its candidates alone included. */
  sentBytes(half: HalfStream): number { return half.sentBytes + (this.#reopening?.bytesOnlyThere ?? 0) >>> 0; }

  /** A fault was found in it: frees what it holds without looking at it again. */
  abandon(): void {
    this.fromA.abandon();
    this.fromB.abandon();
    this.charge(-this.#chargedBytes);
    for (const candidate of this.#reopening?.takeCandidates() ?? []) candidate.abandon();
  }

  /** A packet from `end` is of a connection that was there before this one: that is read beside it from now on. */
  beside(place: Place, end: End): void {
    this.#mayReopen().former(place, end === 'a' ? this.fromA : this.fromB);
  }

  /** @returns false: a SYN for a new connection, the old one being done or the server having said so */
  #syn(packet: Packet, end: End, half: HalfStream, nowMs: number): boolean {
    const acknowledges = (packet.flags & TcpFlag.ack) !== 0;
    const taken = acknowledges ? this.#synAck(packet, end, half, nowMs) : this.#openingSyn(packet, end, half, nowMs);
    if (taken && acknowledges) refuseData(packet, this.#context.ledger);
    return taken;
  }

  #openingSyn(packet: Packet, end: End, half: HalfStream, nowMs: number): boolean {
    const isn = packet.seq;
    const handshake = this.#handshake ?? this.#begunBy(packet, end, half);
    if (handshake?.isBegunBy(end, isn) === true && !(this.#reset !== 'no' && half.hasRead)) {
      // Its answer may have been captured first.
      if (handshake.isClaimed) this.fromA.joined = this.fromB.joined = Joined.not;
      handshake.isClaimed = false;
      if (half.hasRead || half.nextSeq !== advance(isn, 1)) {
        refuseData(packet, this.#context.ledger);
        if (packet.dataEnd > packet.dataStart) half.synDataAgain(packet);
        return true;
      }
      half.seen = true;
      half.accepts(packet);
      // What the first one offered counts, as long as the handshake is open.
      if (this.#reset === 'yes') half.forgetReceiver();
      if (half.receiver.offersTimestamps === null) half.offers(packet);
      this.#isOpenAgain();
      if (packet.dataEnd > packet.dataStart) half.synData(packet, nowMs);
      return true;
    }
    const isUnread = !this.fromA.hasRead && !this.fromB.hasRead;
    if ((this.closing && !this.isContested) || (handshake?.isClaimed === true && isUnread)) {
      this.#reopening?.prove(half, isn);
      return false;
    }
    this.#mayReopen().synWithData(half, packet, nowMs);
    return true;
  }

  /** @returns null: the SYN opens another connection */
  #begunBy(syn: Packet, end: End, half: HalfStream): Handshake | null {
    this.#handshake = begunBy(syn, end, half);
    if (this.#handshake === null) return null;
    if (half.hasBegunBehind(advance(syn.seq, 1))) this.#mayReopen().syn(half, syn);
    // The server was there before the SYN, or kept silent: what came then was for a connection that it did not have.
    if (half.peer?.seen === true || (half.shown & Shown.wrongSum) !== 0) half.doubtWaiting();
    return this.#handshake;
  }

  #mayReopen(): Reopening<Connection> {
    return this.#reopening ??= new Reopening(this.#context, (syn, packet, nowMs) => this.#open(syn, packet, nowMs));
  }

  /** The candidate of a SYN, or of a place where its sender stood before. */
  #open(syn: OpeningSyn<Connection>, packet: Packet, nowMs: number): Connection {
    const { ledger, aside } = this.#context;
    ledger.count('tcp.candidates');
    const candidate = new Connection(packet, this.hash, aside ?? this.#context, this.#handler, nowMs, syn, this.#owner);
    if (syn.place !== null) candidate.fromA.goOn(syn.place);
    return candidate;
  }

  /** A handshake that an RST ended is begun anew with the same numbers. */
  #isOpenAgain(): void {
    this.#reset = 'no';
    this.resetMs = null;
  }

  #synAck(packet: Packet, end: End, half: HalfStream, nowMs: number): boolean {
    const opener = end === 'a' ? 'b' : 'a';
    const peer = end === 'a' ? this.fromB : this.fromA;
    const isn = advance(packet.ack, -1);
    if (this.#handshake === null && (half.hasRead || half.queuedBytes > 0 || peer.hasBytes(packet.ack))) {
      // Where its receiver stands it is in the connection, and opens none.
      if (!half.isAckedNear(packet.seq)) this.#mayReopen().answer(packet, peer);
      return true;
    }
    const handshake = this.#handshake ??= new Handshake(opener, isn, true, false);
    // It opened the connection itself: no receiver takes its SYN-ACK.
    if (handshake.opener === end && !handshake.isClaimed) return true;
    const another = this.#reopening?.answeredBy(packet, peer) ?? null;
    if (another !== null || !handshake.isAnsweredBy(packet, end, peer.hasRead && this.#reset === 'no')) {
      if (handshake.isBegunBy(opener, isn) && !handshake.isClaimed) this.#mayReopen().unseen(isn, peer, true);
      this.#reopening?.prove(peer, another?.isn ?? isn);
      return false;
    }
    this.#reopening?.forget();
    handshake.answered(packet.seq);
    this.#isOpenAgain();
    half.seen = true;
    half.accepts(packet);
    half.startAt(advance(packet.seq, 1));
    half.answers(packet, handshake.isClaimed, nowMs);
    if (peer.unproven !== null) peer.unproven.isUnanswered = false;
    return true;
  }
}
