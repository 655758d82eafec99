import { Contest } from './contest.ts';
import type { DoubtfulSegments } from './doubtful-segments.ts';
import type { Fins } from './fins.ts';
import { NOTHING } from './history.ts';
import { MAX_WINDOW_BYTES } from './missing-bytes.ts';
import { SeldomParts } from './seldom-parts.ts';
import type { Carrier, Queued, Segment } from './segment.ts';
import { advance, distance } from './sequence.ts';
import type { StreamContext } from './stream-context.ts';
import type { StreamSink } from './stream-sink.ts';
import type { Place } from './time-wait.ts';

/** How many holes are given up when a stream ends. */
const MOST_ROUNDS = 8192;
/** … and in one look: other streams, and incoming packets, must not wait for thousands of them. */
const MOST_IN_A_LOOK = 4;

/**
 * The order of one direction of a connection: hands its bytes to the sink as they become the next, waits for those that
 * are missing, and gives holes up.
 */
export abstract class StreamOrder extends SeldomParts {
  sink: StreamSink;
  /** The other direction. */
  peer: StreamOrder | null = null;
  /** Hold back segments that acknowledge bytes of the peer not seen yet: a response is read after its request. */
  waitsForPeer = false;
  started = false;
  /** The next byte expected. */
  nextSeq = 0;
  /** Where it last stood between two messages when a segment came for that very place, of those that are remembered. */
  messageSeq = 0;
  /** Where the stream began. */
  #firstSeq = 0;
  /** … and where it did before it went on. */
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
  /** What came last, while the receiver is not seen: an entry of the history. */
  lastHeard = NOTHING;
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
  get finSeen(): boolean { return this.fins !== null && (!this.started || distance(this.nextSeq, this.fins.seq) >= 0); }

  /**
   * Bytes behind its FIN were read: a receiver that has taken or queued that FIN ignores them, or reads them
   * differently.
   */
  get isPastFin(): boolean { return this.fins !== null && this.started && distance(this.nextSeq, this.fins.seq) > 0; }

  /** Bytes that were sent in it, modulo 2^32; behind the first doubt or hole those that came again count, too. */
  get sentBytes(): number { return (this.contest?.sentBytes ?? this.#readBytes()) >>> 0; }
  #readBytes(): number { return (this.nextSeq - this.#firstSeq >>> 0) + this.queuedBytes; }

  /** Is a message begun in any reading of it, or does something wait? */
  get unfinished(): boolean {
    return this.sink.unfinished || this.queuedBytes > 0 || this.contest?.unfinished === true;
  }

  /** Is it read in more than one way? Then where it ends is not certain. */
  get isContested(): boolean { return this.contest?.isRead === true; }

  /** The stream begins with the first segment that is there. */
  pickUp(): void { if (!this.started) this.begin(); }

  /** A SYN was seen, or its answer, which may acknowledge data that came with it (RFC 7413): the stream begins. */
  startAt(seq: number): void {
    if (this.hasRead) return;
    this.started = true;
    this.nextSeq = seq;
    this.#firstSeq = seq;
    this.beganSeq = seq;
  }

  /** It was read before, up to where it ended. */
  goOn({ beganSeq, nextSeq, lastHeard }: Place): void {
    this.startAt(nextSeq);
    this.beganSeq = beganSeq;
    this.lastHeard = lastHeard;
    this.sentSeq = nextSeq;
    this.sent = true;
  }

  /** Did it begin at a place behind `seq`, so that what comes for `seq` is old here? */
  hasBegunBehind(seq: number): boolean { return distance(this.#firstSeq, seq) > 0; }

  /** Has the peer received the byte at `seq`, as far as it said? */
  hasAcknowledged(seq: number): boolean { return this.acked && distance(this.ackedSeq, seq) > 0; }

  /** The peer has received everything before `ack`. */
  acknowledged(ack: number, nowMs: number): void {
    // What is doubted is compared with what is next, which has to be known.
    if (this.contest !== null) this.pickUp();
    if (this.started) this.contest?.acknowledged(this, ack);
    if (this.unproven?.isAny === true) {
      const isOne = ack === this.nextSeq && !this.sink.unfinished && this.contest?.isOver !== false;
      this.unproven.acknowledged(ack, isOne);
    }
    if (this.acked && distance(ack, this.ackedSeq) <= 0) return;
    this.ackedSeq = ack;
    this.acked = true;
    if (this.missingAcknowledged() > 0) this.waitFrom(nowMs);
  }

  /** Gives up what is no longer worth waiting for. @returns when to look again, ms; Infinity = nothing is waited for */
  expire(nowMs: number): number {
    const { stallTimeoutMs } = this.context.limits;
    // What is left is due at once, ahead of whatever is due later.
    for (let rounds = 0; this.missing.isAwaited && rounds < MOST_IN_A_LOOK; rounds++) {
      if (nowMs < this.missing.sinceMs + this.#patienceMs()) break;
      this.giveUp(nowMs);
    }
    this.peer?.peerAdvanced();
    const waiting = this.missing.isAwaited ? this.missing.sinceMs + this.#patienceMs() : Infinity;
    // Only after the holes: what they held back may have begun a message.
    const stalls = stallTimeoutMs > 0 && this.sink.stall(nowMs, stallTimeoutMs);
    return Math.min(waiting, stalls ? nowMs + Math.ceil(stallTimeoutMs / 8) : Infinity);
  }

  #patienceMs(): number {
    const { gapTimeoutMs, reorderMs } = this.context.limits;
    const isOnlyLate = !this.started || this.missingAcknowledged() > 0 || this.#blocked();
    return isOnlyLate ? Math.min(reorderMs, gapTimeoutMs) : gapTimeoutMs;
  }

  /** Stops waiting: passes over the first hole and goes on behind it. */
  giveUp(nowMs: number): void {
    this.missing.stop();
    if (!this.started) {
      this.begin();
      if (!this.started && this.contest !== null) this.#beginDoubted(this.contest.doubtful);
    } else {
      const first = this.waiting?.first;
      if (first !== undefined && distance(first.seq, this.nextSeq) <= 0) {
        // Nothing is missing in this direction: the response waits for its request, whose bytes the server has and we
        // do not.
        this.peer?.skipTo(first.ack);
        this.drain(true);
      } else if (first !== undefined) {
        this.skipTo(first.seq);
      } else if (this.missingAcknowledged() > 0) {
        this.skipTo(this.ackedSeq);
      } else if (this.missing.isEdgeAhead(this.nextSeq)) {
        this.skipTo(this.missing.edgeSeq);
      } else if (this.contest !== null) {
        const { doubtful } = this.contest;
        const next = doubtful.next(this.nextSeq, advance(this.nextSeq, MAX_WINDOW_BYTES), false);
        this.skipTo(doubtful.endOfRun(next ?? this.nextSeq));
      }
    }
    this.missing.clearEdge();
    if (this.queuedBytes > 0) this.waitFrom(nowMs);
  }

  /** Declares the bytes before `seq` lost. @param mayCome they may still be under way */
  skipTo(seq: number, mayCome = true): void {
    if (!this.started) this.begin();
    if (!this.started) return;
    if (this.contest !== null) this.#believe(this.contest, seq, mayCome);
    if (distance(seq, this.nextSeq) > 0) this.#passOver(seq, mayCome);
    this.drain(false);
  }

  /** Reads the doubted segments before `seq`: those that continue the stream, and those behind holes of their own. */
  #believe(contest: Contest, seq: number, mayCome: boolean): void {
    const proven = this.acked && distance(this.ackedSeq, seq) >= 0;
    const { doubtful } = contest;
    for (let next: number | null = this.nextSeq; next !== null; next = doubtful.next(this.nextSeq, seq, proven)) {
      if (next !== this.nextSeq) this.#passOver(next, mayCome);
      contest.believe(this, seq, proven);
    }
  }

  /** The bytes before `seq`, which is ahead, are a hole. */
  #passOver(seq: number, mayCome: boolean): void {
    const bytes = distance(seq, this.nextSeq);
    this.context.ledger.count('tcp.reassembly_gap');
    this.context.ledger.count('tcp.reassembly_gap_bytes', bytes);
    this.beforeHole();
    if (mayCome && !this.isOneWay && this.missingAcknowledged() <= 0) this.distrust().fromHole(this.nextSeq);
    if (mayCome) this.contests().passOver(this, 'correction');
    this.nextSeq = seq;
    this.sink.gap(bytes);
  }

  /** Nothing more will come: gives up every hole and ends the stream. */
  end(nowMs: number): void {
    for (let rounds = 0; rounds < MOST_ROUNDS; rounds++) {
      if (this.queuedBytes === 0 && !this.#awaitsBytes() && !this.missing.hasEdge) break;
      const [before, left] = [this.nextSeq, this.queuedBytes];
      this.giveUp(nowMs);
      if (this.nextSeq === before && this.queuedBytes === left) break;
    }
    this.#release();
    this.sink.end();
  }

  /** Frees what is held without reporting it. */
  abandon(): void {
    this.#release();
    this.sink.discard();
  }

  #release(): void {
    this.contest?.end();
    this.waiting?.clear();
    this.missing.stop();
    this.context.timers.forget(this);
  }

  /** Called when the peer got further: what waited for it may go on. */
  peerAdvanced(): void { if (this.started && this.queuedBytes > 0) this.drain(false); }

  /** Hands bytes that are the next of the stream to the sink. */
  deliver(bytes: Uint8Array, start: number, end: number, seq: number, from: Carrier): void {
    this.hasRead = true;
    this.nextSeq = advance(seq, end - start);
    if (this.fins !== null && distance(seq, this.fins.seq) < 0 && this.isPastFin) this.#coverFin(this.fins);
    if (this.contest === null) this.sink.data(bytes, start, end, seq, from);
    else this.contest.deliver(this, bytes, start, end, seq, from);
  }

  /** Data stand where its FIN did: that one is dropped, unless it was joined to what waits behind it. */
  #coverFin(fins: Fins): void {
    if (this.waiting?.hasFinBefore(this.nextSeq) !== true && !fins.cover(this.nextSeq)) this.fins = null;
  }

  /** Leaves the place where the stream was for one that its receiver has acknowledged. */
  moveTo(seq: number): void {
    this.context.ledger.count('tcp.reassembly_gap');
    this.sink.gap(-1);
    this.nextSeq = seq;
  }

  /** Of a client whose server is not seen. */
  protected get isOneWay(): boolean { return !this.waitsForPeer && !this.peerSent; }

  abstract putBack(segments: readonly Queued[]): void;

  /** The bytes that are next are passed over. */
  protected abstract beforeHole(): void;

  protected contests(): Contest {
    this.contest ??= new Contest(this.context, this.#readBytes());
    this.contest.oneWay = this.isOneWay;
    return this.contest;
  }

  /** Delivers what is in order. @param force also what waits for the peer */
  protected drain(force: boolean): void {
    const [queue, before] = [this.waiting, this.nextSeq];
    if (queue === null) return;
    for (let first = queue.first; first !== undefined && distance(first.seq, this.nextSeq) <= 0; first = queue.first) {
      if (!force && this.#blocked()) break;
      queue.shift();
      this.#read(first);
    }
    if (this.nextSeq !== before) this.settle();
    if (queue.length === 0) this.waiting = null;
    if (this.sink.unfinished) this.look();
  }

  /** Delivers what is new of a segment that begins at or before nextSeq. */
  #read(segment: Segment, { seq, bytes } = segment): void {
    const known = Math.min(-distance(seq, this.nextSeq), bytes.length);
    if (known > 0) this.context.ledger.count('tcp.overlap_bytes', known);
    if (known < bytes.length) this.deliver(bytes, known, bytes.length, advance(seq, known), segment);
  }

  /** After progress: waits anew for what is still missing. */
  protected settle(): void {
    const first = this.waiting?.first;
    if (first !== undefined) {
      this.missing.stop();
      this.waitFrom(first.timeMs);
    } else if (!this.#awaitsBytes() && !this.missing.isEdgeAhead(this.nextSeq)) {
      this.missing.stop();
      this.missing.clearEdge();
    }
  }

  /** The first queued segment is next, but answers bytes of the peer that we have not seen. */
  #blocked(): boolean {
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

  /** Are there bytes that the peer has and we have not, or some that were set aside? */
  #awaitsBytes(): boolean { return this.missingAcknowledged() > 0 || this.contest?.doubtful.awaits === true; }

  protected begin(): void {
    const first = this.waiting?.first;
    if (first === undefined) return;
    this.startAt(first.seq);
    this.missing.stop();
    // These bytes answer bytes that the peer sent earlier: its stream begins first.
    const { peer } = this;
    const asked = peer?.started === false ? peer.waiting?.first : undefined;
    if (asked !== undefined && distance(first.ack, asked.seq) > 0) peer!.begin();
    this.drain(false);
  }

  /** Nothing certain came: the stream begins with what is doubted. */
  #beginDoubted(doubtful: DoubtfulSegments): void {
    const first = doubtful.first;
    if (first === null) return;
    this.startAt(first);
    this.skipTo(doubtful.endOfRun(first));
  }

  protected waitFrom(nowMs: number): void {
    this.missed().wait(nowMs);
    this.context.timers.by(this, this.missing.sinceMs + this.#patienceMs());
  }

  /** A message has begun: it may stop growing. */
  protected look(): void {
    const { stallTimeoutMs } = this.context.limits;
    if (stallTimeoutMs > 0) this.context.timers.by(this, this.context.nowMs + stallTimeoutMs);
  }
}
