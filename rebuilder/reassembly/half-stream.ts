import { type Packet, TcpFlag } from '../wire/packet.ts';
import { GivenUpHole } from './given-up-hole.ts';
import { type Segment, SegmentQueue } from './segments.ts';
import { advance, distance } from './sequence.ts';
import type { StreamContext } from './stream-context.ts';
import type { Provenance } from './provenance.ts';
import type { StreamSink } from './stream-sink.ts';
import { SuspectSegments } from './suspect-segments.ts';

/** More than any window in use (RFC 7323 allows 1 GiB): segments farther off do not belong to this stream. */
const MAX_WINDOW_BYTES = 1 << 26;
/** So many segments in a row at a place far off, and the stream has moved (bytes lost beyond any window, or a connection anew). */
const FAR_SEGMENTS = 3;
/** Behind so many segments no earlier one is still under way (TCP itself takes three for that, RFC 5681 3.2). */
const PICKUP_SEGMENTS = 16;
/** No time that a packet has: capture files also go back in time, to before their first packet. */
const NOT_WAITING = -(2 ** 31);
const replaced = { bytes: 0 };

/** One direction of a connection: puts its segments in order, gives up holes, and hands the bytes to its sink. */
export class HalfStream {
  sink: StreamSink;
  /** The other direction. */
  peer: HalfStream | null = null;
  /** Hold back segments that acknowledge bytes of the peer not seen yet: a response is read after its request. */
  waitsForPeer = false;
  started = false;
  /** The next byte expected. */
  nextSeq = 0;
  finSeen = false;
  /** A packet of this direction was seen. */
  seen = false;
  /** Bytes were handed to the sink. */
  #hasRead = false;
  /** A correct TCP checksum was seen in this direction: from then on a wrong one is the receiver's reason to drop, so ours too. */
  #checksumsCorrect = false;
  #suspects: SuspectSegments | null = null;
  #queue: SegmentQueue | null = null;
  /** Highest acknowledgment the peer sent; valid when #acked. */
  #ackedSeq = 0;
  #acked = false;
  /** Sequence number of an empty segment beyond the bytes we have: they were sent, and lost. */
  #edgeSeq = 0;
  #edge = false;
  /** Since when something is missing, ms; NOT_WAITING = nothing is. */
  #waitingSinceMs = NOT_WAITING;
  /** Made when the first hole is given up. */
  #hole: GivenUpHole | null = null;
  #farSeq = 0;
  #farCount = 0;
  readonly #context: StreamContext;

  constructor(context: StreamContext, sink: StreamSink) {
    this.#context = context;
    this.sink = sink;
  }

  /** Bytes that wait behind a hole. */
  get queuedBytes(): number {
    return this.#queue?.bytes ?? 0;
  }

  /**
   * A SYN was seen: the stream begins right after it. Also when the answer to the SYN was seen first, and acknowledged data that came with
   * it (RFC 7413).
   */
  startAt(seq: number): void {
    if (this.#hasRead) return;
    this.started = true;
    this.nextSeq = seq;
  }

  /** One segment of this direction. @returns false: it is not this stream's (wrong checksum, impossible sequence number) */
  segment(packet: Packet, nowMs: number): boolean {
    const { ledger } = this.#context;
    this.seen = true;
    if (packet.checksum === 'correct') {
      this.#checksumsCorrect = true;
    } else if (packet.checksum === 'wrong' && this.#checksumsCorrect) {
      ledger.count('tcp.invalid_checksum');
      this.#suspects ??= new SuspectSegments(this.#context.reorderBudget, ledger);
      this.#suspects.add(packet, this.started ? this.nextSeq : null);
      if (this.#suspects.bytes > 0) this.#wait(nowMs);
      return false;
    }
    const seq = (packet.flags & TcpFlag.syn) !== 0 ? advance(packet.seq, 1) : packet.seq;
    const length = packet.dataEnd - packet.dataStart;
    if ((packet.flags & TcpFlag.ack) !== 0) this.peer?.acknowledged(packet.ack, nowMs);
    if (length === 0) {
      this.#emptySegment(packet, seq, nowMs);
    } else if (!this.started) {
      this.#enqueue(packet, seq, nowMs);
      // What the other side acknowledged last is where this one goes on.
      const { segments } = this.#queue!;
      if (!this.started && (segments.length >= PICKUP_SEGMENTS || (this.#acked && segments[0]?.seq === this.#ackedSeq))) this.#start();
    } else {
      this.#data(packet, seq, length, nowMs);
    }
    if (packet.missing > 0) this.#cut(packet, seq, nowMs);
    if ((packet.flags & TcpFlag.fin) !== 0) this.finSeen = true;
    return true;
  }

  /** The peer has received everything before `ack`. */
  acknowledged(ack: number, nowMs: number): void {
    if (this.#acked && distance(ack, this.#ackedSeq) <= 0) return;
    this.#ackedSeq = ack;
    this.#acked = true;
    if (this.#waitingSinceMs === NOT_WAITING && this.#missingAcknowledged() > 0) this.#wait(nowMs);
  }

  /** Looks whether what is waited for has become not worth waiting for. @returns false: nothing is waited for any more */
  expire(nowMs: number): boolean {
    const { limits } = this.#context;
    this.#hole?.expire(nowMs);
    // Every hole that is due, not one a look: with many of them the rest would wait longer and longer.
    for (let rounds = 0; this.#waitingSinceMs !== NOT_WAITING && rounds < 8192; rounds++) {
      const soon = !this.started || this.#missingAcknowledged() > 0 || this.#blocked();
      if (nowMs - this.#waitingSinceMs < (soon ? Math.min(limits.reorderMs, limits.gapTimeoutMs) : limits.gapTimeoutMs)) break;
      this.giveUp(nowMs);
    }
    // Behind the holes: what they held back may have begun a message.
    const mayStall = limits.stallTimeoutMs > 0 && this.sink.stall(nowMs, limits.stallTimeoutMs);
    return this.#waitingSinceMs !== NOT_WAITING || this.#hole?.isRead === true || mayStall;
  }

  /** Stops waiting: passes over the first hole and goes on behind it. */
  giveUp(nowMs: number): void {
    this.#waitingSinceMs = NOT_WAITING;
    if (!this.started) {
      this.#start();
    } else {
      const first = this.#queue?.first;
      if (first !== undefined && distance(first.seq, this.nextSeq) <= 0) {
        // Nothing of this direction is missing: the response waits for its request, whose bytes the server has but we have not.
        this.peer?.skipTo(first.ack, nowMs);
        this.#drain(true);
      } else if (first !== undefined) {
        this.skipTo(first.seq, nowMs);
      } else if (this.#missingAcknowledged() > 0) {
        this.skipTo(this.#ackedSeq, nowMs);
      } else if (this.#edge && distance(this.#edgeSeq, this.nextSeq) > 0) {
        this.skipTo(this.#edgeSeq, nowMs);
      } else if (this.#suspects !== null) {
        this.skipTo(this.#suspects.endOfRun(this.nextSeq), nowMs);
      }
    }
    this.#edge = false;
    if (this.queuedBytes > 0) this.#wait(nowMs);
  }

  /** Declares the bytes before `seq` lost. @param mayCome they may still be under way */
  skipTo(seq: number, nowMs: number, mayCome = true): void {
    if (!this.started) this.#start();
    if (this.#suspects !== null) this.#believe(this.#suspects, seq, nowMs);
    const bytes = distance(seq, this.nextSeq);
    if (!this.started) return;
    if (bytes <= 0) {
      this.#drain(false);
      return;
    }
    const { ledger } = this.#context;
    ledger.count('tcp.reassembly_gap');
    ledger.count('tcp.reassembly_gap_bytes', bytes);
    if (mayCome) this.#readLater(seq, nowMs);
    this.nextSeq = seq;
    this.sink.gap(bytes);
    this.#drain(false);
  }

  /** Should (other) bytes come for what is passed over up to `end`, they will be read. */
  #readLater(end: number, nowMs: number): void {
    const { ledger, correctionBudget, waiting } = this.#context;
    this.#hole ??= new GivenUpHole();
    this.#hole.open(this.nextSeq, end, this.sink, correctionBudget, ledger, nowMs);
    waiting.add(this);
  }

  /** Nothing more will come: gives up every hole and ends the stream. */
  end(nowMs: number): void {
    if (this.queuedBytes === 0 && (this.#missingAcknowledged() > 0 || this.#edge || this.#suspects !== null)) this.giveUp(nowMs);
    for (let rounds = 0; this.queuedBytes > 0 && rounds < 8192; rounds++) this.giveUp(nowMs);
    this.#suspects?.drop();
    this.#suspects = null;
    this.#hole?.drop();
    this.sink.end();
    this.#waitingSinceMs = NOT_WAITING;
    this.#context.waiting.delete(this);
  }

  /** Called when the peer got further: what waited for it may go on. */
  peerAdvanced(): void {
    if (this.started && this.queuedBytes > 0) this.#drain(false);
  }

  #data(packet: Packet, seq: number, length: number, nowMs: number): void {
    const ahead = distance(seq, this.nextSeq);
    const end = advance(seq, length);
    if (ahead > MAX_WINDOW_BYTES || ahead < -MAX_WINDOW_BYTES) {
      this.#far(packet, seq, length, nowMs);
      return;
    }
    this.#farCount = 0;
    if (ahead > 0) {
      this.#enqueue(packet, seq, nowMs);
      return;
    }
    const known = -ahead;
    if (known >= length) {
      this.#old(packet, seq, length);
      return;
    }
    if (known > 0) this.#old(packet, seq, known);
    if (known === 0 && this.waitsForPeer && this.#isAhead(packet.ack)) {
      this.#enqueue(packet, seq, nowMs);
      return;
    }
    this.#deliver(packet.bytes, packet.dataStart + known, packet.dataEnd, advance(seq, known), packet);
    this.nextSeq = end;
    if (this.queuedBytes > 0) this.#drain(false);
    else if (this.#waitingSinceMs !== NOT_WAITING) this.#settle();
    if (this.sink.unfinished) this.#context.waiting.add(this);
  }

  /** Bytes that were delivered before, or given up. */
  #old(packet: Packet, seq: number, length: number): void {
    const { ledger } = this.#context;
    if (this.#hole === null || !this.#hole.holds(seq, length)) {
      ledger.count('tcp.retransmission_bytes', length);
    } else if (this.#hole.add(packet.bytes, packet.dataStart, packet.dataStart + length, seq, packet)) {
      ledger.count('tcp.late_bytes', length);
    } else {
      ledger.count('tcp.late_segment');
      ledger.count('tcp.late_segment_bytes', length);
    }
  }

  #deliver(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): void {
    this.#hasRead = true;
    if (this.#hole !== null) this.#hole.follow(bytes, start, end, seq, from);
    this.sink.data(bytes, start, end, seq, from);
  }

  #enqueue(packet: Packet, seq: number, nowMs: number): void {
    const { ledger, limits, reorderBudget } = this.#context;
    const queue = this.#queue ??= new SegmentQueue(reorderBudget);
    const length = packet.dataEnd - packet.dataStart;
    if (queue.isFull) {
      // A hole is given up rather than a newcomer dropped: what is behind the hole is all there.
      this.giveUp(nowMs);
      if (this.started && !queue.isFull) {
        this.#data(packet, seq, length, nowMs);
        return;
      }
    }
    const insertion = queue.insert(seq, packet.bytes, packet.dataStart, packet.dataEnd, packet, replaced);
    if (queue.conflicts > 0) ledger.count('tcp.overlap_diff_data', queue.takeConflicts());
    if (replaced.bytes > 0) ledger.count('tcp.overlap_bytes', replaced.bytes);
    if (insertion === 'covered') {
      ledger.count('tcp.retransmission_bytes', length);
    } else if (insertion === 'no_memory' && !this.started) {
      // It only waits for what may have been sent earlier.
      if (queue.bytes > 0) this.giveUp(nowMs);
      else this.startAt(seq);
      this.#data(packet, seq, length, nowMs);
      return;
    } else if (insertion === 'no_memory') {
      ledger.count('tcp.segment_memcap_drop');
      ledger.count('tcp.segment_memcap_drop_bytes', length);
    } else if (this.started && distance(seq, this.nextSeq) > 0) {
      ledger.count('tcp.out_of_order');
    }
    this.#wait(nowMs);
    if (queue.bytes > limits.gapBytes) this.giveUp(nowMs);
  }

  /** Delivers what is in order. @param force also what waits for the peer */
  #drain(force: boolean): void {
    const queue = this.#queue;
    if (queue === null) return;
    const before = this.nextSeq;
    for (let first = queue.first; first !== undefined && distance(first.seq, this.nextSeq) <= 0; first = queue.first) {
      if (!force && this.#blocked()) break;
      queue.shift();
      this.#read(first);
    }
    if (this.nextSeq !== before) this.#settle();
    if (this.sink.unfinished) this.#context.waiting.add(this);
  }

  /** Delivers what is new of a segment that begins at or before nextSeq. */
  #read(segment: Segment, { seq, bytes } = segment): void {
    const known = Math.min(-distance(seq, this.nextSeq), bytes.length);
    if (known > 0) this.#context.ledger.count('tcp.overlap_bytes', known);
    if (known === bytes.length) return;
    this.#deliver(bytes, known, bytes.length, advance(seq, known), segment);
    this.nextSeq = advance(seq, bytes.length);
  }

  /** After progress: waits anew for what is still missing. */
  #settle(): void {
    const first = this.#queue?.first;
    if (first !== undefined) {
      this.#waitingSinceMs = first.timeMs;
      this.#context.waiting.add(this);
    } else if (this.#missingAcknowledged() <= 0 && (this.#suspects?.bytes ?? 0) === 0 && !(this.#edge && distance(this.#edgeSeq, this.nextSeq) > 0)) {
      this.#waitingSinceMs = NOT_WAITING;
      this.#edge = false;
    }
  }

  /** The first queued segment is next, but answers bytes of the peer that we have not seen. */
  #blocked(): boolean {
    if (!this.waitsForPeer) return false;
    const first = this.#queue?.first;
    return first !== undefined && distance(first.seq, this.nextSeq) <= 0 && this.#isAhead(first.ack);
  }

  #isAhead(ack: number): boolean {
    const { peer } = this;
    if (peer === null || !peer.started) return peer !== null && peer.queuedBytes > 0;
    const ahead = distance(ack, peer.nextSeq);
    return ahead > (peer.finSeen ? 1 : 0) && ahead < MAX_WINDOW_BYTES;
  }

  /** Bytes that the peer has and we have not. */
  #missingAcknowledged(): number {
    if (!this.#acked || !this.started) return 0;
    const missing = distance(this.#ackedSeq, this.nextSeq) - (this.finSeen ? 1 : 0);
    return missing > MAX_WINDOW_BYTES ? 0 : missing;
  }

  #emptySegment(packet: Packet, seq: number, nowMs: number): void {
    if (!this.started || (packet.flags & (TcpFlag.ack | TcpFlag.rst)) !== TcpFlag.ack) return;
    const ahead = distance(seq, this.nextSeq);
    if (ahead <= 0 || ahead > MAX_WINDOW_BYTES || this.finSeen) return;
    this.#edge = true;
    this.#edgeSeq = seq;
    this.#wait(nowMs);
  }

  /** The capture cut the end of this segment off. */
  #cut(packet: Packet, seq: number, nowMs: number): void {
    const { ledger } = this.#context;
    ledger.count('tcp.cut_segments');
    ledger.count('tcp.cut_bytes', packet.missing);
    const end = advance(seq, packet.dataEnd - packet.dataStart + packet.missing);
    if (this.started && distance(packet.dataEnd - packet.dataStart + seq | 0, this.nextSeq) === 0) this.skipTo(end, nowMs, false);
  }

  /** Nothing else came for the hole before `seq`. It may still come: a sender who makes wrong sums on purpose then hides nothing. */
  #believe(suspects: SuspectSegments, seq: number, nowMs: number): void {
    for (let segment = suspects.take(this.nextSeq, seq); segment !== null; segment = suspects.take(this.nextSeq, seq)) {
      const known = distance(this.nextSeq, segment.seq);
      const end = advance(segment.seq, segment.bytes.length);
      this.#readLater(end, nowMs);
      this.#context.ledger.count('tcp.overlap_bytes', known);
      this.#hasRead = true;
      this.sink.data(segment.bytes, known, segment.bytes.length, this.nextSeq, segment);
      this.nextSeq = end;
    }
  }

  #far(packet: Packet, seq: number, length: number, nowMs: number): void {
    const { ledger } = this.#context;
    this.#farCount = seq === this.#farSeq ? this.#farCount + 1 : 1;
    this.#farSeq = advance(seq, length);
    if (this.#farCount < FAR_SEGMENTS) {
      ledger.count('tcp.pkt_out_of_window');
      ledger.count('tcp.pkt_out_of_window_bytes', length);
      return;
    }
    this.#farCount = 0;
    ledger.count('tcp.reassembly_gap');
    this.sink.gap(-1);
    this.nextSeq = seq;
    this.#data(packet, seq, length, nowMs);
  }

  #start(): void {
    const first = this.#queue?.first;
    if (first === undefined) return;
    this.startAt(first.seq);
    this.#waitingSinceMs = NOT_WAITING;
    // These bytes answer bytes of the peer, which were sent earlier: its stream begins first.
    const { peer } = this;
    if (peer !== null && !peer.started && peer.#isAnsweredBy(first.ack)) peer.#start();
    this.#drain(false);
  }

  #isAnsweredBy(ack: number): boolean {
    const first = this.#queue?.first;
    return first !== undefined && distance(ack, first.seq) > 0;
  }

  #wait(nowMs: number): void {
    if (this.#waitingSinceMs === NOT_WAITING) this.#waitingSinceMs = nowMs;
    this.#context.waiting.add(this);
  }
}
