import type { Packet } from '../wire/packet.ts';
import type { FirstReader } from './first-reader.ts';
import { type Heard, NOTHING } from './history.ts';
import { mostDifferent } from './most-different.ts';
import { FAR_BYTES, type Outcome, SEGMENT_WORK, waysToRead } from './refusals.ts';
import { advance, distance } from './sequence.ts';
import type { SecondReadings } from './second-readings.ts';
import type { StreamContext } from './stream-context.ts';
import type { StreamSink } from './stream-sink.ts';
import { NOT_URGENT, urgentOffset } from './urgent-byte.ts';

/** Ways in which remembered segments are reread, at most. */
const MOST_WAYS = 16;
/** Work of rereading, in bytes: what every stream may do, and the most it takes at once of what all streams share. */
const OWN_WORK = 1 << 15;
const SHARED_WORK = 1 << 22;
/** Giving a segment to a reading costs as much as looking at it this many times. */
const READING_LOOKS = 4;

/**
 * Reads a stream again where other bytes come for the same place: where its receiver is not seen, what is remembered.
 */
export class Rereading {
  readonly #context: StreamContext;
  readonly #seconds: SecondReadings;
  /** There were more ways to read the stream than are followed: later segments may favour the others. */
  wasCut = false;
  /** Bytes that may still be read again. */
  readonly #work = { bytes: OWN_WORK, wasCut: false };
  /** The oldest entry of the history that the readings begin with that reread the stream. */
  #since = NOTHING;

  /** @param seconds the stream's other readings */
  constructor(context: StreamContext, seconds: SecondReadings) {
    this.#context = context;
    this.#seconds = seconds;
  }

  /**
   * Rereads the stream, from where it last stood between two messages, in every way in which the receiver may have
   * refused some of its segments.
   * @param messageSeq where the first reader last stood so when a segment for that very place came
   * @param last the newest entry of the stream in the history
   * @param begin where the stream begins of which nothing was read; null = not known, or some was
   */
  begin(
    sink: StreamSink, messageSeq: number, packet: Packet, seq: number, last: number, begin: number | null,
  ): void {
    const { history, ledger } = this.#context;
    const work = this.#work;
    const own = work.bytes;
    work.bytes += history.takeWork(SHARED_WORK);
    const most = Math.floor(work.bytes / SEGMENT_WORK);
    // Not all readings stand where the first reader stood between two messages since they began.
    const newest = this.#seconds.isAnyAgain ? this.#since : NOTHING;
    const { heard, from: lowest, recent, isWhole, oldest } = history.since(last, seq, packet, most, newest);
    const from = isWhole ? lowest : begin ?? beginOfRun(heard, seq);
    this.#since = oldest;
    work.bytes -= heard.length * SEGMENT_WORK;
    this.wasCut = heard.length === most;
    if (!this.wasCut) {
      const ways = waysToRead(heard, from, recent, work);
      this.wasCut = work.wasCut || ways.length > MOST_WAYS;
      this.#read(sink, mostDifferent(ways, MOST_WAYS), from, isWhole || from === messageSeq);
    }
    if (this.wasCut) ledger.count('tcp.readings_limit');
    history.giveBackWork(Math.max(0, work.bytes - own));
    work.bytes = Math.max(0, Math.min(own, work.bytes));
  }

  /**
   * A segment whose place was read, or waits with other bytes: it may have come first, which of a receiver that is seen
   * decides. It is read beside them; what was read before it is not remembered.
   */
  overtaken(half: FirstReader, packet: Packet, seq: number): void {
    const isRead = distance(seq, half.nextSeq) < 0;
    if (isRead) this.#context.ledger.count('tcp.overlap_forgotten');
    const from = isRead ? seq : half.nextSeq;
    const reading = this.#seconds.begin('reading', half.sink.fork('reading', isRead), from);
    if (reading === null) return;
    if (isRead) reading.loseTrack();
    reading.add(packet.bytes, packet.dataStart, packet.dataEnd, seq, packet, urgentOffset(packet));
    for (const one of half.waiting?.segments() ?? []) {
      reading.add(one.bytes, 0, one.bytes.length, one.seq, one, NOT_URGENT);
    }
  }

  #read(sink: StreamSink, ways: readonly Outcome[], from: number, isWhole: boolean): void {
    this.#seconds.endAgain();
    for (const { refusal } of ways) {
      const { taken, acks, takes, joins } = refusal;
      const rules = { isAgain: true, takes, joins, ...(acks === null ? {} : { refusedAcks: acks }) };
      const reading = this.#seconds.begin('reading', sink.fork('reading', true), from, rules);
      if (reading === null) return;
      if (!isWhole) reading.loseTrack();
      for (const one of taken) reading.add(one.bytes, 0, one.bytes.length, one.seq, one, one.urgent);
      this.#work.bytes -= READING_LOOKS * SEGMENT_WORK * taken.length;
    }
  }
}

/**
 * Where the stream may have begun that the segment at `seq` is of: where those that came before it go on without a wide
 * hole. (One far before them may be of no connection.)
 */
function beginOfRun(heard: readonly Heard[], seq: number): number {
  let from = seq;
  const before = heard.filter((one) => distance(one.seq, seq) < 0).sort((a, b) => distance(b.seq, a.seq));
  for (const { seq: begin, bytes } of before) {
    if (distance(from, advance(begin, bytes.length)) > FAR_BYTES) break;
    from = begin;
  }
  return from;
}
