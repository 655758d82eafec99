import { MAX_WINDOW_BYTES } from './missing-bytes.ts';
import { Doubt } from './receiver.ts';
import { type Rules, SecondReading } from './second-reading.ts';
import type { Joins } from './segments.ts';
import { advance, distance } from './sequence.ts';
import type { StreamContext } from './stream-context.ts';
import type { Carrier } from './segment.ts';
import type { ForkKind, StreamSink } from './stream-sink.ts';
import { NOT_URGENT } from './urgent-byte.ts';

/** Of one stream at a time; of more, one makes room. */
const MAX_READINGS = 32;
/** Holes of one message that each get a reader of their own, a copy of all that is held of it. */
const MOST_COPIES = 4;
/** What a reading takes besides what it holds. */
const OVERHEAD = 2048;

/** The other ways in which one stream is read, beside the first. */
export class SecondReadings {
  readonly #context: StreamContext;
  #readings: SecondReading[] = [];
  /** Other bytes came than those that waited in one of them. */
  haveDiffered = false;
  /** They were dropped to make room for those of other streams. */
  wereEvicted = false;

  constructor(context: StreamContext) {
    this.#context = context;
  }

  get isEmpty(): boolean {
    return this.#readings.length === 0;
  }

  get unfinished(): boolean {
    return this.#readings.some((reading) => reading.hasBegun && reading.unfinished);
  }

  /** Is there one that takes what is doubted so? */
  takes(doubts: number): boolean {
    return this.#readings.some((reading) => reading.takes === doubts);
  }

  /** Is there one that rereads the stream? */
  get isAnyAgain(): boolean {
    return this.#readings.some(({ isAgain }) => isAgain);
  }

  /** Ends those that reread the stream. */
  endAgain(): void {
    for (const reading of this.#readings) if (reading.isAgain) this.end(reading);
    this.#readings = this.#readings.filter(({ isAgain }) => !isAgain);
  }

  /** Is there one whose queue joins segments so? */
  joinsSo(joins: Joins): boolean {
    return this.#readings.some((reading) => reading.joins === joins);
  }

  get keepsUrgent(): boolean {
    return this.#readings.some((reading) => reading.keepsUrgent);
  }

  /** @param fork a copy of the first reader as it is at `from`; null = none could be made */
  begin(kind: ForkKind, fork: StreamSink | null, from: number, rules: Partial<Rules> = {}): SecondReading | null {
    const reading = this.make(kind, fork, from, rules);
    if (reading !== null) this.add(reading);
    return reading;
  }

  /** One that gets no segments before it is added, and is to be ended if it is not. @param fork of `begin` */
  make(kind: ForkKind, fork: StreamSink | null, from: number, rules: Partial<Rules> = {}): SecondReading | null {
    if (fork === null) return null;
    const { correctionBudget, limits, ledger } = this.#context;
    while (!correctionBudget.take(0, OVERHEAD)) {
      if (!this.#context.readings.evict()) {
        fork.discard();
        ledger.count('tcp.correction_memcap');
        return null;
      }
    }
    return new SecondReading(kind, fork, from, correctionBudget, limits.gapBytes, ledger, rules);
  }

  add(reading: SecondReading): void {
    if (this.#readings.length >= MAX_READINGS) this.#makeRoom();
    this.#readings.push(reading);
    this.#context.readings.add(this);
  }

  /**
   * One of the place from where most are read ends, so that many ways to read behind one hole do not end what fills
   * another: the one that differs most from what Linux does, and of several the oldest; of the ways of a rereading the
   * last.
   */
  #makeRoom(): void {
    const { from } = mostFrequent(this.#readings);
    const ofPlace = this.#readings.filter((reading) => reading.from === from);
    const least = ofPlace[0]!.isAgain ? ofPlace.at(-1)!
      : ofPlace.reduce((worst, one) => oddity(one) > oddity(worst) ? one : worst);
    const at = this.#readings.indexOf(least);
    const ended = this.#readings.splice(at, 1)[0]!;
    if (ended.kind === 'reading') this.#context.ledger.count('tcp.readings_limit');
    this.end(ended);
  }

  /**
   * A hole goes on, or the same message has another one: the reading that began at the earlier hole reads this one too.
   * A reading that has already read late bytes would bring those to this hole as well, so it is used only where there
   * are several: then the work stays in proportion to the bytes received.
   * @returns false: there is none
   */
  goesOn(kind: ForkKind, gapStart: number): boolean {
    const ofKind = this.#readings.filter((reading) => reading.kind === kind && distance(reading.from, gapStart) <= 0);
    return ofKind.some(({ nextSeq, hasBegun }) => distance(nextSeq, gapStart) <= 0
      && (!hasBegun || ofKind.length >= MOST_COPIES));
  }

  /**
   * A segment, for all of them. @param doubts only those that take such segments get it
   * @param urgent of urgentOffset
   * @returns whether one of them reads what the first reader has passed over
   */
  segment(
    bytes: Uint8Array, start: number, end: number, seq: number, from: Carrier, doubts: number, urgent: number,
  ): boolean {
    let used = false;
    for (const reading of [...this.#readings]) {
      if ((doubts & ~reading.takes) !== 0 || reading.refusedAcks.has(from.ack)) continue;
      const ahead = distance(seq, reading.nextSeq);
      if (ahead > MAX_WINDOW_BYTES || ahead < -MAX_WINDOW_BYTES) continue;
      const undecided = doubts & reading.undecided;
      if (undecided !== 0 && ahead + end - start > 0) this.#split(reading, undecided);
      if (ahead > 0 && !reading.isAgain && !reading.joinsOtherwise && reading.differs(seq, bytes, start, end)) {
        this.haveDiffered = true;
        for (const other of this.#joinOtherwise(reading)) other.add(bytes, start, end, seq, from, urgent);
      }
      if (urgent !== NOT_URGENT) {
        this.#keepUrgent(reading, advance(seq, urgent))?.add(bytes, start, end, seq, from, urgent);
      }
      if (reading.add(bytes, start, end, seq, from, urgent) && ahead + end - start > 0) used = true;
    }
    return used;
  }

  /** Other bytes arrive for what waits in it: how the receiver joins its segments decides which are kept. */
  #joinOtherwise(reading: SecondReading): SecondReading[] {
    reading.joinsOtherwise = true;
    if (reading.joins !== 'room') return [];
    const { takes, undecided, keepsUrgent, refusedAcks } = reading;
    return (['all', 'none'] as const).flatMap((joins) => {
      const rules = { takes, undecided, joins, keepsUrgent, refusedAcks };
      const other = this.begin(reading.kind, reading.fork(), reading.from, rules);
      other?.goOnFrom(reading);
      return other ?? [];
    });
  }

  /** A pointer to an urgent byte: one goes on that reads that byte, where there is none yet. */
  #keepUrgent(reading: SecondReading, seq: number): SecondReading | null {
    const { kind, from, takes, undecided, joins, refusedAcks } = reading;
    if (reading.isAgain || reading.keepsUrgent || !reading.urgent.isNew(seq, reading.nextSeq)) return null;
    if (this.#readings.some((other) => other.keepsUrgent && other.kind === kind && other.from === from)) return null;
    const rules = { takes, undecided, joins, keepsUrgent: true, refusedAcks };
    const other = this.begin(kind, reading.fork(), from, rules);
    other?.goOnFrom(reading);
    return other;
  }

  /** The first segment with such doubts: from here on there is one reading that takes those, and one that does not. */
  #split(reading: SecondReading, doubts: number): void {
    const { takes, joins, keepsUrgent, isAgain, refusedAcks } = reading;
    reading.undecided &= ~doubts;
    const rules = { takes: takes & ~doubts, undecided: reading.undecided, joins, keepsUrgent, isAgain, refusedAcks };
    this.begin(reading.kind, reading.fork(), reading.from, rules)?.goOnFrom(reading);
  }

  /**
   * The first reader stands at nextSeq, between two messages: readings that stand there too have nothing more to find.
   */
  agree(nextSeq: number): void {
    for (let i = this.#readings.length - 1; i >= 0; i--) {
      if (this.#readings[i]!.agreesAt(nextSeq)) this.end(this.#readings.splice(i, 1)[0]!);
    }
    if (this.isEmpty) this.#context.readings.delete(this);
  }

  /** Drops them: their memory is needed elsewhere. */
  evict(): void {
    this.wereEvicted = true;
    this.#context.ledger.count('tcp.correction_memcap', this.#readings.length);
    this.drop();
  }

  drop(): void {
    for (const reading of this.#readings.splice(0)) this.end(reading);
    this.#context.readings.delete(this);
  }

  end(reading: SecondReading): void {
    reading.discard();
    this.#context.correctionBudget.release(0, OVERHEAD);
  }
}

/** The first of those of which most are from the same place. */
function mostFrequent(readings: readonly SecondReading[]): SecondReading {
  const ofPlace = ({ from }: SecondReading): number => readings.filter((other) => other.from === from).length;
  return readings.reduce((most, one) => ofPlace(one) > ofPlace(most) ? one : most);
}

/** In how many ways it differs from what Linux does: takes what is doubtful, keeps urgent bytes, joins otherwise. */
function oddity({ takes, undecided, keepsUrgent, joins }: SecondReading): number {
  const taken = Object.values(Doubt).filter((bit) => (takes & ~undecided & bit) !== 0);
  return taken.length + (keepsUrgent ? 1 : 0) + (joins === 'room' ? 0 : 1);
}
