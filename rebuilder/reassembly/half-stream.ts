import { IpDoubt } from '../wire/ip-doubt.ts';
import { type Packet, TcpFlag } from '../wire/packet.ts';
import { MultipathSubtype } from '../wire/tcp-options.ts';
import { DataSequence } from './data-sequence.ts';
import { Fins } from './fins.ts';
import { Joined } from './joined.ts';
import { MAX_WINDOW_BYTES, NEAR_BYTES } from './missing-bytes.ts';
import { OneWayStream } from './one-way-stream.ts';
import { Doubt, multipathOf, REFUSED } from './receiver.ts';
import type { Queued } from './segment.ts';
import { SegmentQueue } from './segments.ts';
import { advance, distance } from './sequence.ts';
import { isSpoilt, Shown, shownBy } from './shown.ts';
import { urgentOffset } from './urgent-byte.ts';

/** After this many segments no earlier one is still under way (TCP itself assumes that after three, RFC 5681 3.2). */
const PICKUP_SEGMENTS = 16;
const replaced = { bytes: 0 };
const NO_BYTES = new Uint8Array(0);

/** One direction of a connection: what each of its segments brings to the stream. */
export class HalfStream extends OneWayStream {
  declare peer: HalfStream | null;
  /** Bits of Shown, of all its packets. */
  shown: number = Shown.nothing;

  /** The SYN that opens the connection carries data (RFC 7413): the answer tells whether they were taken. */
  synData(packet: Packet, nowMs: number): void {
    const { bytes, dataStart, dataEnd } = packet;
    const seq = advance(packet.seq, 1);
    this.contests().doubtful.add(bytes, dataStart, dataEnd, seq, packet, Doubt.syn, urgentOffset(packet));
    if (this.isOneWay && this.hearsOtherSyn(packet, seq)) this.reread(packet, seq);
    this.#sentUpTo(advance(seq, dataEnd - dataStart));
    this.waitFrom(nowMs);
  }

  putBack(segments: readonly Queued[]): void {
    const queue = new SegmentQueue(this.context.reorderBudget);
    const before = segments.reduce((sum, { bytes }) => sum + bytes.length, this.queuedBytes);
    const isWhole = queue.copyFrom(this.waiting, segments);
    this.context.ledger.count(isWhole ? 'tcp.overlap_bytes' : 'tcp.segment_memcap_drop_bytes', before - queue.bytes);
    this.waiting?.clear();
    this.waiting = queue;
    this.drain(false);
  }

  /** What waits came before there was a connection. */
  doubtWaiting(): void {
    const queue = this.waiting;
    if (queue === null || queue.length === 0) return;
    const contest = this.contests();
    for (const one of queue.segments()) contest.doubtWaiting(one);
    queue.clear();
  }

  /** The SYN of this direction: what it offers. */
  offers(syn: Packet): void {
    this.known().syn(syn);
    const multipath = multipathOf(syn);
    const isCapable = multipath === MultipathSubtype.capable;
    this.dataSequence = isCapable ? new DataSequence(syn.seq, this.context) : null;
    if (multipath === MultipathSubtype.join) this.context.ledger.count('tcp.multipath_join');
  }

  /**
   * A SYN-ACK of this direction: what it offers, and what it has taken of what came with the SYN.
   * @param isClaimed nobody has seen that SYN: a client may have written the answer
   */
  answers(packet: Packet, isClaimed: boolean, nowMs: number): void {
    const { peer } = this;
    if (!isClaimed) this.known().syn(packet);
    this.#sentUpTo(advance(packet.seq, 1));
    if (!isClaimed) this.joined = Joined.not;
    if (peer === null) return;
    if (!isClaimed) peer.joined = Joined.not;
    if (multipathOf(packet) < 0) peer.dataSequence = null;
    if (!peer.started) peer.startAt(packet.ack);
    peer.known().opened(packet, this.receiver);
    peer.acknowledged(packet.ack, nowMs);
  }

  /** May a stream begin at `seq` whose first bytes are those that wait? */
  mayBeginAt(seq: number): boolean {
    const first = this.waiting?.first;
    if (this.started || first === undefined) return true;
    const behind = distance(first.seq, seq);
    return behind >= 0 && behind < NEAR_BYTES;
  }

  /** Are there bytes, read or waiting, that a stream that begins at `seq` cannot have? */
  hasBytes(seq: number): boolean { return this.hasRead || !this.mayBeginAt(seq); }

  /** Is `ack` near what was read, or near what was acknowledged before, from where a hole may have been passed over? */
  isNear(ack: number): boolean {
    return (this.started && Math.abs(distance(ack, this.nextSeq)) < NEAR_BYTES) || this.isAckedNear(ack);
  }

  /** The peer answered with an RST: it refused what acknowledges that number (RFC 9293 3.10.7.4), and may be gone. */
  refused(ack: number): void {
    this.contest?.doubtful.refused(ack);
    this.doubtRest();
  }

  /** What was not read by now may never be. */
  doubtRest(): void {
    this.distrust().fromDoubt(this.started ? this.nextSeq : this.waiting?.first?.seq ?? 0);
  }

  /**
   * Does the receiver accept an RST there (RFC 5961 3.2)? Where both sides offered SACK, Linux also accepts one at the
   * end of what it holds behind a hole; what is sent then is read all the same: it is not certain.
   */
  expects(seq: number): boolean {
    return !this.started || seq === this.nextSeq || (this.waitsForPeer && this.sent && seq === this.sentSeq);
  }

  /** false: its checksums are wrong. A packet to a group is doubted where others went to a host. */
  accepts(packet: Packet): boolean {
    const { shown } = this;
    if (packet.isToGroup && (shown & Shown.hostAddress) !== 0) packet.ipDoubts |= IpDoubt.group;
    if (isSpoilt(packet, shown)) return false;
    this.shown = shown | shownBy(packet);
    return true;
  }

  /**
   * One segment of this direction that is neither SYN nor RST.
   * @returns false: its checksum is wrong; counted so, and not as a segment
   */
  segment(packet: Packet, nowMs: number): boolean {
    const { ledger } = this.context;
    const { seq, flags } = packet;
    this.seen = true;
    const length = packet.dataEnd - packet.dataStart;
    let doubts: number = this.accepts(packet) ? Doubt.none : Doubt.checksum;
    if (this.joined === Joined.unknown && !this.started) this.beginAsked(packet.ack, nowMs);
    if (doubts === Doubt.none && !this.waitsForPeer && this.joined === Joined.unknown) {
      doubts = this.#judgeUnknown(packet, length);
    } else if (doubts === Doubt.none && this.joined === Joined.once && length === 0) {
      // That it was taken will not be seen.
      if ((flags & TcpFlag.ack) === 0) doubts = REFUSED;
    } else if (doubts === Doubt.none && !this.waitsForPeer) {
      // The receiver stands at what it last acknowledged, even where a hole before that was given up here.
      const expected = this.acked ? this.ackedSeq : this.nextSeq;
      doubts = this.known().judge(packet, this.peer!, this.peer!.receiver, expected, this.started);
    }
    if (doubts === REFUSED) {
      ledger.count('tcp.refused_segments');
      ledger.count('tcp.refused_bytes', length);
      return true;
    }
    const isUrgent = (flags & TcpFlag.urg) !== 0 && !this.waitsForPeer;
    const isOther = this.isOneWay && this.hearsOther(packet, doubts, isUrgent);
    // What the capture has cut off was sent, too.
    const behind = advance(seq, length + packet.missing);
    const sent = advance(behind, flags & TcpFlag.fin);
    if (sent !== seq && !(this.isOneWay && this.isFar(seq))) this.#sentUpTo(sent);
    if (doubts !== Doubt.none) {
      this.#cameOtherwise();
      if (this.contests().doubt(this, packet, length, doubts)) this.waitFrom(nowMs);
      if (isOther) this.reread(packet, seq);
      return doubts !== Doubt.checksum;
    }
    // What ends before the last acknowledgment is dropped, pointer and all (Linux: tcp_sequence).
    const isDropped = this.acked && distance(sent, this.ackedSeq) < 0;
    if (isUrgent && !isDropped) this.contests().urgent(this, advance(seq, urgentOffset(packet)));
    if ((flags & TcpFlag.ack) !== 0 && this.peer !== null) {
      if (this.waitsForPeer && this.peer.isNear(packet.ack)) this.peer.known().announced(packet, this.receiver);
      this.peer.acknowledged(packet.ack, nowMs);
    }
    if (this.dataSequence !== null || this.#isMapped(packet)) this.#hearMapping(packet, length);
    if (this.contest !== null) this.contest.arrives(this, seq, length);
    if ((flags & TcpFlag.fin) !== 0) this.#fin(behind);
    if (length === 0) {
      this.#emptySegment(packet, seq, nowMs);
    } else if (this.started) {
      this.#data(packet, seq, length, nowMs);
    } else {
      this.#enqueue(packet, seq, nowMs);
      // What the other side acknowledged last is where this one goes on.
      if (!this.started && (this.waiting!.length >= PICKUP_SEGMENTS || this.#isAcknowledgedUpToFirst())) this.begin();
    }
    if (isOther) this.reread(packet, seq);
    if (packet.missing > 0) this.#cut(packet, seq);
    return true;
  }

  /**
   * Nothing is known of what its receiver takes, but what that acknowledges. (What it has acknowledged before may show
   * where the stream begins.)
   */
  #judgeUnknown({ flags, seq }: Packet, length: number): number {
    if ((flags & TcpFlag.ack) === 0) return REFUSED;
    if (length === 0 || distance(advance(seq, length), this.ackedSeq) <= 0) return Doubt.none;
    if (!this.started && this.queuedBytes === 0) this.startAt(this.ackedSeq);
    return Doubt.joined;
  }

  /** Does Multipath TCP map it, in a connection that was joined in its middle? */
  #isMapped(packet: Packet): boolean {
    return !this.waitsForPeer && this.receiver.offersTimestamps === null && packet.dataEnd > packet.dataStart
      && multipathOf(packet) === MultipathSubtype.dataSequence;
  }

  #hearMapping(packet: Packet, length: number): void {
    const order = this.dataSequence ??= new DataSequence(null, this.context);
    // What comes late, behind a hole that was given up, was not read either.
    const isReadOnce = this.started && this.contest?.isOver !== false;
    order.hear(packet, isReadOnce ? this.nextSeq : packet.seq);
    if (this.started && order.moves(packet.seq, length)) this.contests().inDataOrder(this, order);
  }

  #isAcknowledgedUpToFirst(): boolean {
    return this.acked && this.waiting?.first?.seq === this.ackedSeq;
  }

  #data(packet: Packet, seq: number, length: number, nowMs: number): void {
    const ahead = distance(seq, this.nextSeq);
    if (ahead > MAX_WINDOW_BYTES || ahead < -MAX_WINDOW_BYTES) {
      this.contests().far(this, packet, seq);
      this.context.ledger.count('tcp.pkt_out_of_window');
      this.context.ledger.count('tcp.pkt_out_of_window_bytes', length);
      return;
    }
    if (ahead > 0) {
      this.#enqueue(packet, seq, nowMs);
      this.contest?.segment(packet, seq, Doubt.none);
      return;
    }
    const known = -ahead;
    if (known > 0) this.#old(packet, seq, Math.min(known, length));
    if (known >= length) return;
    if (known === 0 && this.waitsForPeer && this.isAhead(packet.ack)) {
      this.#enqueue(packet, seq, nowMs);
      return;
    }
    this.deliver(packet.bytes, packet.dataStart + known, packet.dataEnd, advance(seq, known), packet);
    if (this.queuedBytes > 0) this.drain(false);
    else if (this.isDue && this.missing.isAwaited) this.settle();
    if (this.contest !== null) this.contest.read(this, packet, seq, this.queuedBytes === 0);
    if (!this.isDue && this.sink.unfinished) this.look();
  }

  /** Bytes that were delivered before, or given up. */
  #old(packet: Packet, seq: number, length: number): void {
    this.#cameOtherwise();
    if (this.unproven?.isAny === true) this.unproven.again(seq, advance(seq, length));
    if (this.isOneWay) this.context.strays?.stray(packet);
    const isRead = this.contest?.segment(packet, seq, Doubt.none) === true;
    if (packet.wasOvertaken && !isRead && !this.isOneWay) this.contests().rereading.overtaken(this, packet, seq);
    if (this.contest?.hasDiffered === true) this.unproven?.holeIsContested();
    this.context.ledger.count(isRead ? 'tcp.late_bytes' : 'tcp.retransmission_bytes', length);
  }

  /** Not each byte once, and in its order. */
  #cameOtherwise(): void {
    if (this.joined === Joined.once) this.joined = Joined.unproven;
  }

  #sentUpTo(seq: number): void {
    if (this.sent && distance(seq, this.sentSeq) <= 0) return;
    this.sentSeq = seq;
    this.sent = true;
    if (this.peer !== null) this.peer.peerSent = true;
  }

  /** A FIN counts once everything before it has arrived. */
  #fin(seq: number): void {
    const ahead = this.started ? distance(seq, this.nextSeq) : 0;
    if (ahead < 0 || ahead > MAX_WINDOW_BYTES) return;
    if (this.fins === null) this.fins = new Fins(seq);
    else this.fins.add(seq);
  }

  #enqueue(packet: Packet, seq: number, nowMs: number): void {
    const { ledger, limits, reorderBudget } = this.context;
    const queue = this.waiting ??= new SegmentQueue(reorderBudget);
    if (queue.length > 0 && seq !== queue.end) this.#cameOtherwise();
    const { bytes, dataStart, dataEnd } = packet;
    const length = dataEnd - dataStart;
    if (this.started && this.isOneWay) this.context.strays?.stray(packet);
    if (queue.isFull) {
      // Rather give up a hole than drop a newcomer: everything behind the hole is there.
      this.giveUp(nowMs);
      if (this.started && !queue.isFull) {
        this.#data(packet, seq, length, nowMs);
        return;
      }
    }
    if (queue.bytes > 0 && !this.isOneWay && queue.differs(seq, bytes, dataStart, dataEnd)) {
      ledger.count('tcp.overlap_diff_data');
      // Where nothing is known of the receiver yet, it is not known either which of the two it takes.
      if (!this.started && !this.waitsForPeer) {
        this.contests().doubt(this, packet, length, Doubt.acknowledgment);
        return;
      }
      if (this.started && packet.wasOvertaken) this.contests().rereading.overtaken(this, packet, seq);
      else if (this.started) this.contests().overlap(this);
    }
    const insertion = queue.insert(seq, bytes, dataStart, dataEnd, packet, replaced);
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
    this.waitFrom(nowMs);
    if (queue.bytes > limits.gapBytes) this.giveUp(nowMs);
  }

  #emptySegment(packet: Packet, seq: number, nowMs: number): void {
    if (!this.started || (packet.flags & TcpFlag.ack) === 0) return;
    const ahead = distance(seq, this.nextSeq);
    if (ahead > MAX_WINDOW_BYTES) return;
    if ((packet.flags & TcpFlag.fin) !== 0) this.#queueFin(packet, seq, ahead);
    if (ahead <= 0 || this.finSeen) return;
    this.missed().setEdge(seq);
    this.waitFrom(nowMs);
  }

  /** A FIN waits like other segments, and like them is dropped where another covers it. */
  #queueFin(packet: Packet, seq: number, ahead: number): void {
    if (ahead > 0) {
      (this.waiting ??= new SegmentQueue(this.context.reorderBudget)).insert(seq, NO_BYTES, 0, 0, packet, replaced);
    }
    this.contest?.segment(packet, seq, Doubt.none);
  }

  /** The capture cut the end of this segment off. */
  #cut(packet: Packet, seq: number): void {
    this.context.ledger.count('tcp.cut_segments');
    this.context.ledger.count('tcp.cut_bytes', packet.missing);
    const cutSeq = advance(seq, packet.dataEnd - packet.dataStart);
    if (this.started && cutSeq === this.nextSeq) this.skipTo(advance(cutSeq, packet.missing), false);
  }
}
