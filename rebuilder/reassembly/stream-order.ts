import { Contest } from './contest.ts';
import type { Fins } from './fins.ts';
import { isUnproven, Joined } from './joined.ts';
import { MAX_WINDOW_BYTES, NEAR_BYTES } from './missing-bytes.ts';
import { SeldomParts } from './seldom-parts.ts';
import type { Carrier, Queued } from './segment.ts';
import { advance, distance } from './sequence.ts';
import type { StreamContext } from './stream-context.ts';
import type { StreamSink } from './stream-sink.ts';

/** Half of what two places may be apart. */
const MOST_REMEMBERED_BYTES = 1 << 30;

/**
 * The order of one direction of a connection: hands its bytes to the sink as they become the next.
 *
 * Here and in what extends it up to HalfStream methods are `private`, not `#`: each class that has one of those takes a
 * word of memory in every object, of which a connection has two.
 */
export abstract class StreamOrder extends SeldomParts {
  /** Of Joined. */
  joined: number = Joined.once;
  sink: StreamSink;
  /** The other direction. */
  peer: StreamOrder | null = null;
  /** Hold back segments that acknowledge bytes of the peer not seen yet: a response is read after its request. */
  waitsForPeer = false;
  started = false;
  /** The next byte expected. */
  nextSeq = 0;
  /** Where the stream began. */
  #firstSeq = 0;
  /** … or where it did before it went on; of a long one a place in it. */
  beganSeq = 0;
  /** A packet of this direction was seen. */
  seen = false;
  /** Sequence number behind the last byte that this side sent; valid when `sent`. */
  sentSeq = 0;
  sent = false;
  /** The other side has sent something. */
  peerSent = false;
  /** null = it has sent none, or none that counts. */
  protected fins: Fins | null = null;
  /** Bytes were handed to the sink. */
  hasRead = false;
  /** Made with the first segment that may be read in more than one way. */
  protected contest: Contest | null = null;
  /** Highest acknowledgment the peer sent; valid when acked. */
  protected ackedSeq = 0;
  protected acked = false;
  protected readonly context: StreamContext;

  constructor(context: StreamContext, sink: StreamSink) {
    super();
    this.context = context;
    this.sink = sink;
  }

  /** Its FIN was seen, and everything before it. */
  get finSeen(): boolean {
    return this.fins !== null && (!this.started || distance(this.nextSeq, this.fins.seq) >= 0);
  }

  /** Its FIN was seen, and not everything before it. */
  get awaitsFin(): boolean { return this.fins !== null && !this.finSeen; }

  /**
   * Bytes behind its FIN were read: a receiver that has taken or queued that FIN ignores them, or reads them
   * differently.
   */
  get isPastFin(): boolean {
    return this.fins !== null && this.started && distance(this.nextSeq, this.fins.seq) > 0;
  }

  /** Bytes that were sent in it, modulo 2^32; behind the first doubt or hole those that came again count, too. */
  get sentBytes(): number {
    return (this.contest?.sentBytes ?? this.sentBeforeContest()) >>> 0;
  }

  private sentBeforeContest(): number {
    return (this.nextSeq - this.#firstSeq >>> 0) + this.queuedBytes;
  }

  /** Is a message begun in any reading of it, or does something wait? */
  get unfinished(): boolean {
    return this.sink.unfinished || this.queuedBytes > 0 || this.contest?.unfinished === true;
  }

  /** Is it read in more than one way? Then where it ends is not certain. */
  get isContested(): boolean {
    return this.contest?.isRead === true;
  }

  /** The stream begins with the first segment that is there. */
  pickUp(): void {
    if (!this.started) this.begin();
  }

  /** A SYN was seen, or its answer, which may acknowledge data that came with it (RFC 7413): the stream begins. */
  startAt(seq: number): void {
    if (this.hasRead) return;
    this.started = true;
    this.nextSeq = seq;
    this.#firstSeq = seq;
    this.beganSeq = seq;
  }

  /** Did it begin at a place behind `seq`, so that what comes for `seq` is old here? */
  hasBegunBehind(seq: number): boolean {
    return distance(this.beganSeq, seq) > 0;
  }

  /** … or at a place before it, so that what comes for `seq` is in it? */
  hasBegunBefore(seq: number): boolean {
    return distance(this.beganSeq, seq) < 0;
  }

  /** Did it begin behind `seq`, and were bytes of it read? */
  hasReadBehind(seq: number): boolean {
    return this.hasRead && this.hasBegunBehind(seq);
  }

  /** Is it a place of the stream, or so near behind it that it may become one? */
  isWithin(seq: number): boolean {
    return this.hasRead && !this.hasBegunBehind(seq) && distance(seq, this.nextSeq) < MAX_WINDOW_BYTES;
  }

  /** Has the peer received the byte at `seq`, as far as it said? */
  hasAcknowledged(seq: number): boolean {
    return this.acked && distance(this.ackedSeq, seq) > 0;
  }

  /** The peer has acknowledged everything before; null = nothing. */
  get ackedUpTo(): number | null { return this.acked ? this.ackedSeq : null; }

  isAckedNear(seq: number): boolean { return this.acked && Math.abs(distance(seq, this.ackedSeq)) < NEAR_BYTES; }

  /** Nothing was read of it, and nothing is known of the peer but that it waits for `seq`. */
  joinAt(seq: number): void {
    this.forgetReceiver();
    this.startAt(seq);
    this.joined = Joined.unknown;
    if (this.peer !== null) this.peer.joined = Joined.unknown;
  }

  /** The peer has received everything before `ack`. */
  acknowledged(ack: number, nowMs: number): void {
    if (!this.started) this.beginBefore(ack);
    // What is doubted is compared with what is next, which has to be known.
    if (this.contest !== null) this.pickUp();
    if (this.started) this.contest?.acknowledged(this, ack);
    if (isUnproven(this.joined) && this.isProvenBy(ack)) {
      // What was learned may be of segments that were not taken, unless there are no others.
      const isKnown = this.hasRead && this.joined === Joined.once;
      if (!isKnown) this.forgetReceiver();
      this.joined = isKnown ? Joined.not : Joined.unknown;
    }
    if (this.unproven?.isAny === true) {
      const isOne = ack === this.nextSeq && !this.sink.unfinished && this.contest?.isOver !== false;
      this.unproven.acknowledged(ack, isOne);
    }
    if (this.acked && distance(ack, this.ackedSeq) <= 0) return;
    this.ackedSeq = ack;
    this.acked = true;
    if (this.missingAcknowledged() > 0) this.waitFrom(nowMs);
  }

  /** What waits, or is doubted, comes behind what the receiver has: it waits for what is between. */
  private beginBefore(ack: number): void {
    if (this.waitsForPeer) return;
    const first = this.waiting?.first?.seq ?? this.contest?.doubtful.first ?? null;
    const ahead = first === null ? 0 : distance(first, ack);
    if (ahead > 0 && ahead < NEAR_BYTES) this.startAt(ack);
  }

  /** Has the receiver, which is seen, all that was read, and that was read in one way? */
  private isProvenBy(ack: number): boolean {
    return this.peerSent && (!this.started || ack === this.nextSeq) && this.queuedBytes === 0
      && this.contest?.isOver !== false;
  }

  /** Frees what is held without reporting it. */
  abandon(): void {
    this.release();
    this.sink.discard();
  }

  protected release(): void {
    this.contest?.end();
    this.dataSequence?.end();
    this.waiting?.clear();
    this.missing.stop();
    this.context.timers.forget(this);
  }

  /** Called when the peer got further: what waited for it may go on. */
  peerAdvanced(): void {
    if (this.started && this.queuedBytes > 0) this.drain(false);
  }

  /** Hands bytes that are the next of the stream to the sink. @param waited what brought them, if that waited */
  deliver(
    bytes: Uint8Array, start: number, end: number, seq: number, from: Carrier, waited: Queued | null = null,
  ): void {
    this.hasRead = true;
    this.nextSeq = advance(seq, end - start);
    // Where it began shall not seem to be ahead.
    if (distance(this.nextSeq, this.beganSeq) > MOST_REMEMBERED_BYTES) {
      this.beganSeq = advance(this.nextSeq, -MAX_WINDOW_BYTES);
    }
    if (this.fins !== null && distance(seq, this.fins.seq) < 0 && this.isPastFin) this.coverFin(this.fins);
    if (this.contest === null) this.sink.data(bytes, start, end, seq, from);
    else this.contest.deliver(this, bytes, start, end, seq, from, waited);
  }

  /** Data stand where its FIN did: that one is dropped, unless it was joined to what waits behind it. */
  private coverFin(fins: Fins): void {
    if (this.waiting?.hasFinBefore(this.nextSeq) !== true && !fins.cover(this.nextSeq)) this.fins = null;
  }

  /** Leaves the place where the stream was for one that its receiver has acknowledged. */
  moveTo(seq: number): void {
    this.context.ledger.count('tcp.reassembly_gap');
    this.sink.gap(-1);
    this.nextSeq = seq;
  }

  /** Of a client whose server is not seen, or was not before it may have been misread. */
  protected get isOneWay(): boolean {
    return !this.waitsForPeer && (!this.peerSent || isUnproven(this.joined));
  }

  abstract putBack(segments: readonly Queued[]): void;

  /** Something is missing, since `nowMs` at the latest. */
  protected abstract waitFrom(nowMs: number): void;

  /** After progress: waits anew for what is still missing. */
  protected abstract settle(): void;

  protected contests(): Contest {
    this.contest ??= new Contest(this.context, this.sentBeforeContest());
    this.contest.oneWay = this.isOneWay;
    return this.contest;
  }

  /** Delivers what is in order. @param force also what waits for the peer */
  protected drain(force: boolean): void {
    const queue = this.waiting;
    if (queue === null) return;
    const before = this.nextSeq;
    for (let first = queue.first; first !== undefined && distance(first.seq, this.nextSeq) <= 0; first = queue.first) {
      if (!force && this.isBlocked()) break;
      queue.shift();
      this.read(first);
    }
    if (this.nextSeq !== before) this.settle();
    if (queue.length === 0) this.waiting = null;
    if (this.sink.unfinished) this.look();
  }

  /** Delivers what is new of a segment that begins at or before nextSeq. */
  private read(segment: Queued): void {
    const { seq, bytes } = segment;
    const known = Math.min(-distance(seq, this.nextSeq), bytes.length);
    if (known > 0) this.context.ledger.count('tcp.overlap_bytes', known);
    if (known < bytes.length) this.deliver(bytes, known, bytes.length, advance(seq, known), segment, segment);
  }

  /** The first queued segment is next, but answers bytes of the peer that we have not seen. */
  protected isBlocked(): boolean {
    if (!this.waitsForPeer) return false;
    const first = this.waiting?.first;
    return first !== undefined && distance(first.seq, this.nextSeq) <= 0 && this.isAhead(first.ack);
  }

  protected isAhead(ack: number): boolean {
    const { peer } = this;
    if (peer?.started !== true) return peer !== null && peer.queuedBytes > 0;
    const ahead = distance(ack, peer.nextSeq);
    return ahead > (peer.finSeen ? 1 : 0) && ahead < MAX_WINDOW_BYTES;
  }

  /** Bytes that the peer has and we have not. */
  protected missingAcknowledged(): number {
    if (!this.started || !this.acked) return 0;
    const missing = distance(this.ackedSeq, this.nextSeq) - (this.finSeen ? 1 : 0);
    return missing > MAX_WINDOW_BYTES ? 0 : missing;
  }

  protected begin(): void {
    const first = this.waiting?.first;
    if (first === undefined) return;
    this.startAt(first.seq);
    this.missing.stop();
    this.beginAsked(first.ack, first.timeMs);
    this.drain(false);
  }

  /** What answers bytes of the peer's begins behind them, and what says nothing of them in the order of the capture. */
  protected beginAsked(ack: number, timeMs: number): void {
    const { peer } = this;
    if (peer?.started === false) peer.beginBefore(ack);
    const asked = peer?.started === false ? peer.waiting?.first : undefined;
    if (asked !== undefined && (distance(ack, asked.seq) > 0 || asked.timeMs <= timeMs)) peer!.begin();
  }

  /** A message has begun: it may stop growing. */
  protected look(): void {
    const { stallTimeoutMs } = this.context.limits;
    if (stallTimeoutMs > 0) this.context.timers.by(this, this.context.nowMs + stallTimeoutMs);
  }
}
