import type { Packet } from '../wire/packet.ts';
import { CHARGE } from './connection-memory.ts';
import { DataOrderSink, RECEIVERS } from './data-order-sink.ts';
import type { DataSequence } from './data-sequence.ts';
import {
  alternatives, areDifferent, type Doubted, DoubtfulSegments, isTaken, isWithin, reversed,
} from './doubtful-segments.ts';
import type { FirstReader } from './first-reader.ts';
import { Joined } from './joined.ts';
import { MAX_WINDOW_BYTES } from './missing-bytes.ts';
import { ALL_DOUBTS, Doubt, timestampOf } from './receiver.ts';
import { Rereading } from './rereading.ts';
import type { Rules, SecondReading } from './second-reading.ts';
import { SecondReadings } from './second-readings.ts';
import { advance, distance } from './sequence.ts';
import type { StreamContext } from './stream-context.ts';
import type { Carrier, Queued } from './segment.ts';
import type { ForkKind } from './stream-sink.ts';
import { NOT_URGENT, UrgentByte, urgentOffset } from './urgent-byte.ts';

interface BegunReading {
  readonly reading: SecondReading;
  /** Those that it takes of the doubted ones. */
  readonly segments: readonly Doubted[];
}

/** After this many consecutive segments at a place far off, they are read there as well. */
const FAR_SEGMENTS = 3;

/**
 * What may be read in more than one way in one stream: segments that its receiver may not have taken, holes that may
 * still be filled, bytes marked as urgent, a place far off. Most streams have none of it, and no such object.
 */
export class Contest {
  readonly doubtful: DoubtfulSegments;
  readonly #seconds: SecondReadings;
  readonly rereading: Rereading;
  readonly #context: StreamContext;
  /** The receiver is not seen. */
  oneWay = false;
  readonly #urgent = new UrgentByte();
  /** Bytes were read of which it is not known whether the receiver took them. */
  #hasBelieved = false;
  /** Of StreamOrder.sentBytes. */
  sentBytes: number;
  /** It is read in the order of the data of Multipath TCP, too. */
  #isInDataOrder = false;
  /** Since the last hole no message has ended: one reader reads them all. */
  #isSameMessage = false;
  #farSeq = 0;
  #farCount = 0;
  #far: SecondReading | null = null;
  #chargedBytes: number = CHARGE.contest;

  /** @param sentBytes that were sent before */
  constructor(context: StreamContext, sentBytes: number) {
    this.#context = context;
    this.sentBytes = sentBytes;
    context.connections.charge(CHARGE.contest);
    this.doubtful = new DoubtfulSegments(context.reorderBudget, context.ledger);
    this.#seconds = new SecondReadings(context);
    this.rereading = new Rereading(context, this.#seconds);
  }

  /** Is there only one reading, with nothing in doubt? */
  get isOver(): boolean { return this.#seconds.isEmpty && this.doubtful.isEmpty; }

  /** Is it read in more than one way? */
  get isRead(): boolean { return !this.#seconds.isEmpty || this.#hasBelieved; }

  /** Did other bytes come than those that wait in one of its readings, and were perhaps read here? */
  get hasDiffered(): boolean { return this.#seconds.haveDiffered; }

  get unfinished(): boolean { return this.#seconds.unfinished || !this.doubtful.isEmpty; }

  /**
   * Sets a segment aside for all readings but those that accept such segments.
   * @returns false: it brings nothing to wait for
   */
  doubt(half: FirstReader, packet: Packet, length: number, doubts: number): boolean {
    const { ledger } = this.#context;
    // Of a connection joined in its middle that is how the first segments are.
    if (doubts !== Doubt.joined) ledger.count(doubts === Doubt.checksum ? 'tcp.invalid_checksum' : 'tcp.doubtful_segments');
    if (length === 0) return false;
    if (!packet.wasCounted) this.sentBytes += length;
    // Of those that nothing is known of each may have been taken, or not, by itself.
    this.segment(packet, packet.seq, doubts & ~Doubt.joined);
    const ahead = distance(packet.seq, half.nextSeq);
    if (half.started && (ahead + length <= 0 || ahead > MAX_WINDOW_BYTES)) {
      ledger.count(doubts === Doubt.checksum ? 'tcp.invalid_checksum_bytes' : 'tcp.refused_bytes', length);
      return false;
    }
    // The receiver's announcements are not seen any more, rather than that so much was sent for nothing.
    if (doubts === Doubt.window && this.doubtful.isFull) this.believe(half, packet.seq, false);
    this.doubtful.add(packet.bytes, packet.dataStart, packet.dataEnd, packet.seq, packet, doubts, urgentOffset(packet),
      timestampOf(packet));
    return true;
  }

  /**
   * A segment at `seq` is certain: a client that goes on behind the data of its SYN has seen them acknowledged.
   * @param length of its data
   */
  arrives(half: FirstReader, seq: number, length: number): void {
    if (length > 0) this.sentBytes += length;
    if (this.doubtful.isEmpty) return;
    for (const { seq: begin, bytes, doubts, denied } of this.doubtful.all()) {
      if ((doubts & Doubt.syn) === 0 || denied || distance(seq, advance(begin, bytes.length)) < 0) continue;
      this.believe(half, advance(begin, bytes.length), false);
      return;
    }
  }

  /** The receiver has everything before `ack`, including what was doubted if nothing else came in its place. */
  acknowledged(half: FirstReader, ack: number): void {
    if (!this.doubtful.isEmpty) {
      if (half.joined === Joined.unknown) this.#meet(half, ack);
      this.believe(half, ack, true);
      this.doubtful.acknowledged(ack);
    }
    const far = this.#far;
    if (far === null || Math.abs(distance(ack, half.nextSeq)) <= MAX_WINDOW_BYTES) return;
    if (distance(ack, far.from) > 0 && distance(ack, far.nextSeq) <= 0) half.moveTo(far.nextSeq);
  }

  /** The first segments that are known to have been taken: they show what the receiver takes. */
  #meet(half: FirstReader, ack: number): void {
    const taken = this.doubtful.alone(half.nextSeq, ack);
    if (taken.length === 0) return;
    half.forgetReceiver();
    for (const one of taken) half.known().tookFirst(one.ack, one.timestamp);
    half.joined = Joined.not;
  }

  /**
   * Reads the doubted segments that are next in the stream, up to `before`.
   * @param proven the receiver said that it has it
   */
  believe(half: FirstReader, before: number, proven: boolean): void {
    this.#markUrgent(half, before, proven);
    if (proven && half.waiting !== null && half.waiting.length > 0) this.#putBack(half, before);
    const isDenied = (one: Doubted): boolean => this.#isDenied(half, one);
    const take = (): Doubted | null => this.doubtful.take(half.nextSeq, before, proven, isDenied);
    for (let one = take(); one !== null; one = take()) {
      const known = distance(half.nextSeq, one.seq);
      // Should other bytes come in its place, they are read as well: making such segments on purpose hides nothing.
      if (!this.oneWay) this.passOver(half, 'reading', one);
      if (!proven) this.#hasBelieved = true;
      else if (!this.oneWay) this.#doubtOthers(half, one);
      if (!proven && !this.oneWay) markBelieved(half, one);
      this.#context.ledger.count('tcp.doubt_believed');
      if (known > 0) this.#context.ledger.count('tcp.overlap_bytes', known);
      // If the receiver dropped it after all, believing its numbers would cast doubt on the genuine segments.
      if ((one.doubts & Doubt.syn) === 0 && (proven || this.oneWay)) half.known().believe(one.ack);
      half.deliver(one.bytes, known, one.bytes.length, half.nextSeq, one, one);
    }
  }

  /** Others are doubted for the same place: which of them the receiver means is not known. */
  #doubtOthers(half: FirstReader, { seq, bytes }: Doubted): void {
    if (this.doubtful.contested(seq, bytes, 0, bytes.length).length === 0) return;
    const end = advance(seq, bytes.length);
    half.distrust().fromDoubt(half.nextSeq, end);
    half.distrust().again(half.nextSeq, end);
  }

  /** The receiver has them, and has put them in order with what waits as they came. */
  #putBack(half: FirstReader, before: number): void {
    const isNew = ({ seq, bytes }: Doubted): boolean => distance(advance(seq, bytes.length), half.nextSeq) > 0;
    const taken = this.doubtful.all()
      .filter((one) => isNew(one) && isTaken(one, before, true) && !this.#isDenied(half, one));
    // Which of several for one place it has is not known: those are read one by one, and the others beside them.
    if (taken.length === 0 || areDifferent(taken)) return;
    if (!this.oneWay) this.passOver(half, 'reading', taken[0]);
    this.#context.ledger.count('tcp.doubt_believed', taken.length);
    this.doubtful.giveBack(taken);
    for (const { ack, doubts } of taken) if ((doubts & Doubt.syn) === 0) half.known().believe(ack);
    half.putBack(taken);
  }

  /**
   * Do other bytes wait for its place, which nothing casts a doubt on? Those are read, and it in a reading beside them.
   * (What an acknowledgment alone casts a doubt on may be explained by packets that the capture shows too late.)
   */
  #isDenied({ waiting }: FirstReader, { seq, bytes, doubts }: Doubted): boolean {
    return !this.oneWay && doubts !== Doubt.acknowledgment && waiting?.differs(seq, bytes, 0, bytes.length) === true;
  }

  /** A pointer counts when its segment comes, wherever that waits. */
  #markUrgent(half: FirstReader, before: number, proven: boolean): void {
    for (const one of this.doubtful.all()) {
      if (one.urgent !== NOT_URGENT && isTaken(one, before, proven)) this.urgent(half, advance(one.seq, one.urgent));
    }
  }

  /** A segment that waited is doubted: so is what it marked as urgent. */
  doubtWaiting(one: Queued): void {
    const { bytes: { length }, seq } = one;
    this.doubtful.add(one.bytes, 0, length, seq, one, Doubt.acknowledgment, this.#urgent.takeOut(seq, length));
  }

  /**
   * Hands bytes to the sink; where others were doubted for their place, another reader gets those.
   * @param waited the segment that brought them, if it waited behind a hole: it came before others that wait
   */
  deliver(
    half: FirstReader, bytes: Uint8Array, start: number, end: number, seq: number, from: Carrier, waited: Queued | null,
  ): void {
    const others = this.doubtful.isEmpty || this.oneWay ? [] : this.#contested(half, seq, bytes, start, end);
    if (this.#urgent.hand(half.sink, bytes, start, end, seq, from)) this.#context.ledger.count('tcp.urgent_bytes');
    for (const { reading, segments } of others) {
      reading.waitFor(half.waiting, segments, waited);
      if (waited === null) reading.add(bytes, start, end, seq, from, NOT_URGENT);
    }
    if (!this.doubtful.isEmpty) this.doubtful.passed(half.nextSeq);
    if (!half.sink.unfinished) this.#isSameMessage = false;
  }

  #contested(half: FirstReader, seq: number, bytes: Uint8Array, start: number, end: number): BegunReading[] {
    const contested = this.doubtful.contested(seq, bytes, start, end);
    const kinds = new Set(contested.map(({ doubts }) => doubts));
    if (kinds.size > 1) kinds.add([...kinds].reduce((all, doubts) => all | doubts, 0));
    const begun: BegunReading[] = [];
    const begin = (takes: number, segments: readonly Doubted[]): void => {
      const reading = this.#seconds.begin('reading', half.sink.fork('reading'), seq, { takes });
      reading?.urgent.copyFrom(this.#urgent);
      if (reading !== null) begun.push({ reading, segments });
    };
    for (const takes of kinds) {
      if (this.#seconds.takes(takes)) continue;
      const segments = this.doubtful.all().filter(({ doubts }) => (doubts & ~takes) === 0);
      begin(takes, segments);
      if (areDifferent(segments)) begin(takes, reversed(segments));
    }
    return begun;
  }

  /** A segment, for all other readings. @returns whether one of them reads what the first reader has passed over */
  segment(packet: Packet, seq: number, doubts: number): boolean {
    if (this.#seconds.isEmpty) return false;
    const { bytes, dataStart, dataEnd } = packet;
    return this.#seconds.segment(bytes, dataStart, dataEnd, seq, packet, doubts, urgentOffset(packet));
  }

  /** Multipath TCP moves data from here on: they are read in its order, too. */
  inDataOrder(half: FirstReader, order: DataSequence): void {
    if (this.#isInDataOrder) return;
    this.#isInDataOrder = true;
    // What the receiver acknowledges of the subflow proves nothing, if it speaks Multipath TCP.
    const unproven = half.distrust();
    const { nextSeq } = half;
    unproven.fromDoubt(nextSeq, advance(nextSeq, 1));
    unproven.again(nextSeq, advance(nextSeq, 1));
    const { correctionBudget, limits, ledger } = this.#context;
    for (const traits of RECEIVERS) {
      const fork = half.sink.fork('reading');
      if (fork === null) continue;
      const sink = new DataOrderSink(
        fork, order, nextSeq, !half.hasRead, traits, correctionBudget, limits.gapBytes, ledger,
      );
      this.#seconds.begin('reading', sink, nextSeq)?.waitFor(half.waiting);
    }
  }

  /** The first reader has read the packet. @param isAll nothing waits in it */
  read(half: FirstReader, packet: Packet, seq: number, isAll: boolean): void {
    if (this.#seconds.isEmpty) return;
    this.segment(packet, seq, Doubt.none);
    if (isAll && !half.sink.unfinished) this.#seconds.agree(half.nextSeq);
  }

  /**
   * The first reader passes over bytes from here on: should they, or others for their place, arrive while the
   * connection lives, they will be read.
   * @param believed what it reads there, doubted as it is: copies of that are no other bytes
   */
  passOver(half: FirstReader, kind: ForkKind, believed: Doubted | null = null): void {
    // If there was no memory for this message before, there is none for the rest of it.
    if (this.#isSameMessage && (this.#seconds.wereEvicted || this.#seconds.goesOn(kind, half.nextSeq))) return;
    this.#isSameMessage = true;
    this.#seconds.wereEvicted = false;
    const undecided = this.oneWay ? 0 : ALL_DOUBTS;
    const left = this.oneWay ? [] : this.doubtful.all().filter((one) => believed === null || !isWithin(one, believed));
    const doubts = left.reduce((all, one) => all | one.doubts, 0);
    this.#beside(half, kind, { takes: ALL_DOUBTS & ~doubts, undecided });
    if (doubts !== 0) this.#beside(half, kind, { takes: ALL_DOUBTS, undecided: undecided & ~doubts }, left);
    for (const some of alternatives(left)) this.#beside(half, kind, { takes: ALL_DOUBTS & ~doubts, undecided }, some);
  }

  /** Begins a reading from where the first reader is, with what waits there, and those of the doubted segments. */
  #beside(half: FirstReader, kind: ForkKind, rules: Partial<Rules>, doubted: readonly Doubted[] = []): void {
    const reading = this.#seconds.begin(kind, half.sink.fork(kind), half.nextSeq, rules);
    if (reading === null) return;
    reading.urgent.copyFrom(this.#urgent);
    reading.waitFor(half.waiting, doubted);
  }

  /** Other bytes come for what waits in the queue: how the receiver joins its segments decides. */
  overlap(half: FirstReader): void {
    for (const joins of ['all', 'none'] as const) {
      if (!this.#seconds.joinsSo(joins)) this.#beside(half, 'reading', { joins });
    }
  }

  /**
   * A pointer to an urgent byte at `seq`: the stream is read without it, and with it, as a server may ask for
   * (SO_OOBINLINE).
   */
  urgent(half: FirstReader, seq: number): void {
    if (!this.#urgent.mark(seq, half.nextSeq) || this.#seconds.keepsUrgent) return;
    const reading = this.#seconds.begin('reading', half.sink.fork('reading'), half.nextSeq, { keepsUrgent: true });
    reading?.waitFor(half.waiting);
  }

  /**
   * A segment far off is not part of the stream, or the stream has moved there: several in a row are read beside it
   * until an acknowledgment decides.
   */
  far(half: FirstReader, packet: Packet, seq: number): void {
    const { bytes, dataStart, dataEnd } = packet;
    const length = dataEnd - dataStart;
    this.#context.strays?.stray(packet);
    if (this.segment(packet, seq, Doubt.none)) return;
    this.#farCount = seq === this.#farSeq ? this.#farCount + 1 : 1;
    this.#farSeq = advance(seq, length);
    if (this.#farCount < FAR_SEGMENTS) return;
    this.#farCount = 0;
    const far = this.#seconds.begin('reading', half.sink.fork('reading', true), seq);
    far?.loseTrack();
    far?.add(bytes, dataStart, dataEnd, seq, packet, NOT_URGENT);
    this.#far = far;
  }

  end(): void {
    this.doubtful.drop();
    this.#seconds.drop();
    this.#context.connections.charge(-this.#chargedBytes);
    this.#chargedBytes = 0;
  }
}

/** Doubts that the capture may have caused, by losing what explains the segment. */
const OF_LOSS = Doubt.acknowledgment | Doubt.timestamp | Doubt.window | Doubt.joined;

/** What comes next was doubted, and its receiver has not said that it has it. */
function markBelieved(first: FirstReader, { doubts, seq, bytes }: Doubted): void {
  const unproven = first.distrust();
  if ((doubts & ~OF_LOSS) === 0) unproven.fromHole(first.nextSeq, advance(seq, bytes.length));
  else unproven.fromDoubt(first.nextSeq, advance(seq, bytes.length));
}
