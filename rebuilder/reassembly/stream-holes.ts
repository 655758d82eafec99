import type { Contest } from './contest.ts';
import type { DoubtfulSegments } from './doubtful-segments.ts';
import { MAX_WINDOW_BYTES } from './missing-bytes.ts';
import { advance, distance } from './sequence.ts';
import { StreamOrder } from './stream-order.ts';

/** How many holes are given up when a stream ends. */
const MOST_ROUNDS = 8192;
/** … and in one look: other streams, and incoming packets, must not wait for thousands of them. */
const MOST_IN_A_LOOK = 4;

/** The holes of one direction: how long each is waited for, and where the stream goes on without its bytes. */
export abstract class StreamHoles extends StreamOrder {
  declare peer: StreamHoles | null;

  /** Gives up what is no longer worth waiting for. @returns when to look again, ms; Infinity = nothing is waited for */
  expire(nowMs: number): number {
    const { stallTimeoutMs } = this.context.limits;
    // What is left is due at once, ahead of whatever is due later.
    for (let rounds = 0; this.missing.isAwaited && rounds < MOST_IN_A_LOOK; rounds++) {
      if (nowMs < this.missing.sinceMs + this.patienceMs()) break;
      this.giveUp(nowMs);
    }
    this.peer?.peerAdvanced();
    const waiting = this.missing.isAwaited ? this.missing.sinceMs + this.patienceMs() : Infinity;
    // Only after the holes: what they held back may have begun a message.
    const stalls = stallTimeoutMs > 0 && this.sink.stall(nowMs, stallTimeoutMs);
    return Math.min(waiting, stalls ? nowMs + Math.ceil(stallTimeoutMs / 8) : Infinity);
  }

  /** How long the first hole is waited for. */
  private patienceMs(): number {
    const { gapTimeoutMs, reorderMs } = this.context.limits;
    const isOnlyLate = !this.started || this.missingAcknowledged() > 0 || this.isBlocked();
    return isOnlyLate ? Math.min(reorderMs, gapTimeoutMs) : gapTimeoutMs;
  }

  protected waitFrom(nowMs: number): void {
    this.missed().wait(nowMs);
    this.context.timers.by(this, this.missing.sinceMs + this.patienceMs());
  }

  protected settle(): void {
    const first = this.waiting?.first;
    if (first !== undefined) {
      this.missing.stop();
      this.waitFrom(first.timeMs);
    } else if (!this.awaitsBytes() && !this.isBehindEdge()) {
      this.missing.stop();
      this.missing.clearEdge();
    }
  }

  /** Are there bytes that the peer has and we have not, or some that were set aside? */
  private awaitsBytes(): boolean {
    return this.missingAcknowledged() > 0 || this.contest?.doubtful.awaits === true;
  }

  /** Has its sender shown to be farther? A FIN takes a number, too. */
  private isBehindEdge(): boolean {
    return this.missing.isEdgeAhead(this.finSeen ? advance(this.nextSeq, 1) : this.nextSeq);
  }

  /** Stops waiting: passes over the first hole and goes on behind it. */
  giveUp(nowMs: number): void {
    this.missing.stop();
    if (!this.started) {
      this.begin();
      if (!this.started && this.contest !== null) this.beginDoubted(this.contest.doubtful);
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
      } else if (this.isBehindEdge()) {
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

  /** Nothing certain came: the stream begins with what is doubted. */
  private beginDoubted(doubtful: DoubtfulSegments): void {
    const first = doubtful.first;
    if (first === null) return;
    this.startAt(first);
    this.skipTo(doubtful.endOfRun(first));
  }

  /** Declares the bytes before `seq` lost. @param mayCome they may still be under way */
  skipTo(seq: number, mayCome = true): void {
    if (!this.started) this.begin();
    if (!this.started) return;
    if (this.contest !== null) this.believe(this.contest, seq, mayCome);
    if (distance(seq, this.nextSeq) > 0) this.passOver(seq, mayCome);
    this.drain(false);
  }

  /** Reads the doubted segments before `seq`: those that continue the stream, and those behind holes of their own. */
  private believe(contest: Contest, seq: number, mayCome: boolean): void {
    const proven = this.acked && distance(this.ackedSeq, seq) >= 0;
    const { doubtful } = contest;
    for (let next: number | null = this.nextSeq; next !== null; next = doubtful.next(this.nextSeq, seq, proven)) {
      if (next !== this.nextSeq) this.passOver(next, mayCome);
      contest.believe(this, seq, proven);
    }
  }

  /** The bytes before `seq`, which is ahead, are a hole. */
  private passOver(seq: number, mayCome: boolean): void {
    const bytes = distance(seq, this.nextSeq);
    this.context.ledger.count('tcp.reassembly_gap');
    this.context.ledger.count('tcp.reassembly_gap_bytes', bytes);
    this.beforeHole();
    if (mayCome && !this.isOneWay && this.missingAcknowledged() <= 0) this.distrust().fromHole(this.nextSeq, seq);
    if (mayCome) this.contests().passOver(this, 'correction');
    this.nextSeq = seq;
    this.sink.gap(bytes);
  }

  /** The bytes that are next are passed over. */
  protected abstract beforeHole(): void;

  /** Nothing more will come: gives up every hole and ends the stream. */
  end(nowMs: number): void {
    for (let rounds = 0; rounds < MOST_ROUNDS; rounds++) {
      if (this.queuedBytes === 0 && !this.awaitsBytes() && !this.missing.hasEdge) break;
      const { nextSeq, queuedBytes } = this;
      this.giveUp(nowMs);
      if (this.nextSeq === nextSeq && this.queuedBytes === queuedBytes) break;
    }
    this.release();
    this.sink.end();
  }
}
