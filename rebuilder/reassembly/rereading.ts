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

/** Ways in which remembered segments are reread that are read on, at most. */
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
  /** No way has come farther; null = unknown. */
  #end: number | null = null;
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
   * A segment at `seq` comes: does it wait in all ways, those that are not followed among them? Then they are compared
   * when what it waits for comes.
   */
  waits(seq: number): boolean {
    if (!this.wasCut || this.#end === null) return false;
    if (distance(seq, this.#end) > 0) return true;
    this.#end = null;
    return false;
  }

  /**
   * Rereads the stream, from where it last stood between two messages, in every way in which the receiver may have
   * refused some of its segments.
   * @param messageSeq where the first reader last stood so when a segment for that very place came
   * @param place seq, or where the stream begins, if that is behind it
   * @param last the newest entry of the stream in the history
   * @param begin where the stream begins of which nothing was read; null = not known, or some was
   */
  begin(
    sink: StreamSink, messageSeq: number, packet: Packet, seq: number, place: number, last: number,
    begin: number | null,
  ): void {
    const { history, ledger } = this.#context;
    const work = this.#work;
    const own = work.bytes;
    work.bytes += history.takeWork(SHARED_WORK);
    const most = Math.floor(work.bytes / SEGMENT_WORK);
    // Not all readings stand where the first reader stood between two messages since they began.
    const newest = this.#seconds.isAnyAgain ? this.#since : NOTHING;
    const { heard, from: lowest, recent, isWhole, isCut, oldest } = history.since(last, place, packet, most, newest);
    const from = isWhole ? lowest : begin ?? beginOfRun(heard, seq);
    this.#since = oldest;
    work.bytes -= heard.length * SEGMENT_WORK;
    this.wasCut = isCut;
    this.#end = isWhole ? endOfRun(heard, from) : null;
    if (heard.length < most) {
      const ways = waysToRead(heard, from, recent, work);
      const areFollowed = this.#read(sink, ways, from, isWhole || from === messageSeq);
      this.wasCut ||= work.wasCut || !areFollowed;
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

  /**
   * Reads what came in each of the ways, as far as the work goes, and goes on in those that may read what comes next
   * otherwise.
   * @returns false: there are more of these
   */
  #read(sink: StreamSink, ways: readonly Outcome[], from: number, isWhole: boolean): boolean {
    this.#seconds.endAgain();
    const first = mostDifferent(ways, MOST_WAYS);
    const others = ways.length > first.length ? inOrder(ways.filter((way) => !first.includes(way))) : [];
    const followed = new Set<string>();
    let areFollowed = true;
    for (const [i, way] of [...first, ...others].entries()) {
      const { taken, acks, takes, joins } = way.refusal;
      const cost = READING_LOOKS * SEGMENT_WORK * (taken.length + 1);
      if (i >= MOST_WAYS && this.#work.bytes < cost) return false;
      this.#work.bytes -= cost;
      const rules = { isAgain: true, takes, joins, ...(acks === null ? {} : { refusedAcks: acks }) };
      const reading = this.#seconds.make('reading', sink.fork('reading', true), from, rules);
      if (reading === null) return false;
      if (!isWhole) reading.loseTrack();
      for (const one of taken) reading.add(one.bytes, 0, one.bytes.length, one.seq, one, one.urgent);
      const state = reading.isWithinMessage ? way.read : nextOf(way);
      const isNew = !followed.has(state);
      areFollowed &&= !isNew || followed.size < MOST_WAYS;
      if (isNew && followed.size < MOST_WAYS) {
        followed.add(state);
        this.#seconds.add(reading);
      } else {
        this.#seconds.end(reading);
      }
    }
    return areFollowed;
  }
}

/** What decides how a way is read on that stands between two messages. */
function nextOf({ rest, refusal: { acks, takes, joins } }: Outcome): string {
  return `${[...acks ?? []].sort((a, b) => a - b).join()} ${takes} ${joins} ${rest}`;
}

function inOrder(ways: readonly Outcome[]): Outcome[] {
  return [...ways].sort((a, b) => a.order - b.order);
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

/** So far the bytes come that go on from `from` without a hole. */
function endOfRun(heard: readonly Heard[], from: number): number {
  let end = from;
  for (const { seq, bytes } of [...heard].sort((a, b) => distance(a.seq, from) - distance(b.seq, from))) {
    if (distance(seq, end) > 0) break;
    if (distance(advance(seq, bytes.length), end) > 0) end = advance(seq, bytes.length);
  }
  return end;
}
