import { type Packet, TcpFlag } from '../wire/packet.ts';
import { NOTHING } from './history.ts';
import { isUnproven, Joined } from './joined.ts';
import { MAX_WINDOW_BYTES } from './missing-bytes.ts';
import { Doubt, timestampOf } from './receiver.ts';
import { advance, distance } from './sequence.ts';
import { StreamHoles } from './stream-holes.ts';
import type { Place } from './time-wait.ts';
import { NOT_URGENT, urgentOffset } from './urgent-byte.ts';

const NO_BYTES = new Uint8Array(0);

/**
 * One direction as long as its receiver is not seen: nothing shows what that has taken, so that all segments are
 * remembered, and the stream is read anew when other bytes come for the same place.
 */
export abstract class OneWayStream extends StreamHoles {
  /** What came last: an entry of the history. */
  lastHeard = NOTHING;
  /** Where it last stood between two messages when a segment came for that very place, of those that are remembered. */
  messageSeq = 0;

  /** It was read before, up to where it ended. */
  goOn({ beganSeq, nextSeq, lastHeard }: Place): void {
    this.startAt(nextSeq);
    this.beganSeq = beganSeq;
    this.lastHeard = lastHeard;
    this.sentSeq = nextSeq;
    this.sent = true;
    // No handshake moves where it stands. What its receiver has may be other bytes than were read.
    this.hasRead = true;
    if (this.joined === Joined.once) this.joined = Joined.unproven;
  }

  /** Remembers a segment. @returns does it bring other bytes for a place, or mark one as urgent? */
  protected hearsOther(packet: Packet, doubts: number, isUrgent: boolean): boolean {
    const { seq, flags, dataStart, dataEnd } = packet;
    if (dataEnd === dataStart && !isUrgent && (flags & TcpFlag.fin) === 0) {
      // Where the stream is between two messages, what comes next tells the last timestamp.
      if (!this.isClean() && timestampOf(packet) !== 0) this.remember(packet, seq, doubts, false, 0);
      return false;
    }
    const waits = this.contest?.rereading.waits(seq) === true;
    const isOther = this.sent && (distance(seq, this.sentSeq) < 0 || this.isFar(seq))
      && (this.isOther(packet, doubts) || this.isBeforeAll(seq) || this.contest?.rereading.wasCut === true
        || (isUrgent && this.marksRead(packet))
        || this.fins?.isAmong(seq, advance(seq, dataEnd - dataStart)) === true)
      && !waits;
    const isClean = this.isClean();
    if (isClean && seq === this.nextSeq) this.messageSeq = seq;
    this.remember(packet, seq, doubts, isClean, packet.headerBytes);
    return isOther;
  }

  /**
   * Is it so far from the stream that it says nothing of how much of that was sent? (Two such segments could lead all
   * around the numbers.)
   */
  protected isFar(seq: number): boolean {
    const place = this.started ? this.nextSeq : this.waiting?.first?.seq ?? seq;
    return Math.abs(distance(seq, place)) > MAX_WINDOW_BYTES;
  }

  /** Remembers a SYN whose data begin at `seq`. @returns was it another that came first, of which one was answered? */
  protected hearsOtherSyn(packet: Packet, seq: number): boolean {
    const { bytes, dataStart, dataEnd } = packet;
    const isAgain = this.lastHeard !== NOTHING;
    const isOther = isAgain && this.context.history.compare(this.lastHeard, bytes, dataStart, dataEnd, seq) !== 'same';
    this.remember(packet, seq, Doubt.syn, !isAgain, packet.headerBytes);
    return isOther;
  }

  /**
   * The same SYN behind data that were read: a server that has the connection takes no data of it, but it may have had
   * none until now.
   */
  synDataAgain(packet: Packet): void {
    const seq = advance(packet.seq, 1);
    if (this.isOneWay && this.hearsOtherSyn(packet, seq)) this.reread(packet, seq);
  }

  /** Reads the stream anew, from where it last stood between two messages: other bytes came for the same place. */
  protected reread(packet: Packet, seq: number): void {
    const begin = this.started && !this.hasRead ? this.nextSeq : null;
    // What stands before the beginning of a stream, where that is known, is no part of it: it is reread from there.
    const isKnown = this.started && !isUnproven(this.joined);
    const place = isKnown && this.hasBegunBehind(seq) ? this.beganSeq : seq;
    this.contests().rereading.begin(this.sink, begin ?? this.messageSeq, packet, seq, place, this.lastHeard, begin);
  }

  /** Remembers where the stream stood: what later fills the hole may be reread from there. */
  protected override beforeHole(): void {
    if (!this.isOneWay) return;
    this.lastHeard = this.context.history.append(
      NO_BYTES, 0, 0, this.nextSeq, this.receiver.lastAck, 0, NOT_URGENT, 0,
      this.receiver.recent, this.nextSeq, this.isClean(), 0, this.lastHeard,
    );
  }

  /**
   * Does the packet bring other bytes than those that came before for its place? If those are forgotten, it may:
   * waiting until they are must not hide anything.
   */
  private isOther({ bytes, dataStart, dataEnd, seq }: Packet, doubts: number): boolean {
    const said = this.context.history.compare(this.lastHeard, bytes, dataStart, dataEnd, seq, doubts);
    if (said === 'same' || (said === 'forgotten' && !this.hasOther(seq, bytes, dataStart, dataEnd))) return false;
    // A stream that still waits for its beginning begins with what came first.
    this.pickUp();
    this.context.ledger.count(said === 'other' ? 'tcp.overlap_diff_data' : 'tcp.overlap_forgotten');
    return true;
  }

  /** Were bytes of that place read, which may have differed, or do different bytes wait there? */
  private hasOther(seq: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.started && distance(seq, this.nextSeq) < 0) return true;
    return this.waiting !== null && this.waiting.bytes > 0 && this.waiting.differs(seq, bytes, start, end);
  }

  /** Does it stand before the place where the stream was thought to begin? */
  private isBeforeAll(seq: number): boolean {
    return isUnproven(this.joined) && this.started && this.hasBegunBehind(seq);
  }

  /** Does its urgent pointer mark a byte that was read here, though the receiver may have left it out? */
  private marksRead(packet: Packet): boolean {
    return distance(advance(packet.seq, urgentOffset(packet)), this.nextSeq) < 0;
  }

  /** Between two messages, with nothing that waits (a FIN neither) or is read in more than one way. */
  private isClean(): boolean {
    return this.started && !this.sink.unfinished && (this.waiting === null || this.waiting.length === 0)
      && (this.contest === null || this.contest.isOver);
  }

  private remember(packet: Packet, seq: number, doubts: number, isClean: boolean, headerBytes: number): void {
    this.lastHeard = this.context.history.append(
      packet.bytes, packet.dataStart, packet.dataEnd, seq, packet.ack, timestampOf(packet), urgentOffset(packet),
      doubts, this.receiver.recent, this.nextSeq, isClean, headerBytes, this.lastHeard,
    );
  }
}
