import { AlignedWords } from '../wire/aligned-words.ts';
import { laidPiece } from './laid-piece.ts';
import { bytesOf } from './message-buffers.ts';
import type { Provenance } from './provenance.ts';
import { ALL_DOUBTS } from './receiver.ts';
import { distance } from './sequence.ts';
import type { Segment } from './segment.ts';

/** A segment as it came; one of which the timestamp alone counts has headerBytes 0. */
export interface Heard extends Segment {
  /** Of Doubt: why its receiver may have dropped it. */
  readonly doubts: number;
  /** Of its timestamps option; 0 = it has none. */
  readonly timestamp: number;
  /** Of urgentOffset. */
  readonly urgent: number;
}

/** What came since a stream last stood between two messages. */
interface Recalled {
  readonly heard: Heard[];
  /** Where it stood; where that is not known (isWhole false), the first byte that is. */
  readonly from: number;
  /** The last timestamp taken there; 0 = none. */
  readonly recent: number;
  readonly isWhole: boolean;
  /** There were more: they are forgotten, or too many. */
  readonly isCut: boolean;
  /** The oldest entry of them. */
  readonly oldest: number;
}

/** How many entries of one stream are looked at. */
const MAX_STEPS = 4096;
/**
 * Each segment that arrives allows this many bytes of rereading (refusals.ts) of any stream; they add up to MOST_WORK.
 */
const WORK_A_SEGMENT = 4096;
const MOST_WORK = 1 << 24;
/** … and one that contradicts what came before gets this much in any case, whatever other streams have used up. */
const LEAST_WORK = 1 << 15;
/** Of an entry: these numbers of 32 bits, then the segment's bytes. */
const Column = {
  seq: 0, ack: 1, length: 2, timestamp: 3, urgent: 4, doubts: 5,
  /** How many bytes back the entry before it of the same stream begins; 0 = it is the stream's first. */
  back: 6,
  /** The last timestamp that was taken before it came. */
  recent: 7,
  /** Where the stream stood when it came. */
  nextSeq: 8,
  /**
   * Lowest bit: the stream stood between two messages there, with nothing waiting, so that earlier segments do not
   * change how later ones are read. The next three: how far behind the numbers its bytes begin. Then one: the bytes are
   * in a MessageBuffer. Above them: Carrier.headerBytes.
   */
  clean: 9,
  /** Instead of the bytes: number and turn of the MessageBuffer, and where in it they begin. */
  buffer: 10, turn: 11, offset: 12,
} as const;
const IN_BUFFER = 16;
const HEADER_SHIFT = 5;
/** Of an entry without bytes of its own. */
const BARE_BYTES = 56;
const HEAD_WORDS = 10;
const HEAD_BYTES = HEAD_WORDS << 2;
/** So few are copied word by word: the call that copies many costs more than they do. */
const FEW_BYTES = 512;
const NO_BYTES = new Uint8Array(0);
/** No entry. */
export const NOTHING = -1;

/**
 * The last segments of all streams whose receiver is not seen, in one ring and in order of arrival. It tells whether
 * bytes that are sent again are the same, and how a stream reads if its receiver refused some of its segments; a
 * receiver that is seen shows itself what it took. Bytes that a message holds are looked up there (settle), all others
 * are copied. What newer bytes have overwritten is forgotten.
 *
 * An entry is named by where it begins, in bytes since the beginning of all: a number that is used once.
 */
export class History {
  readonly #ring: Uint8Array;
  /** The ring as words of 32 and of 64 bits. */
  readonly #words: Int32Array;
  readonly #longs: BigInt64Array;
  readonly #source = new AlignedWords(BigInt64Array);
  /** Number of bytes written before this lap's first: the position of the ring's first byte. */
  #lapStart = 0;
  /** Behind the last entry in the ring. */
  #end = 0;
  #work = MOST_WORK;
  /** Of the entry that was appended last: its captured bytes, and where it is in the ring; -1 = it is settled. */
  #unsettled: Uint8Array = NO_BYTES;
  #unsettledStart = 0;
  #unsettledEnd = 0;
  #unsettledAt = -1;

  /** @param ringBytes below 2 GiB */
  constructor(ringBytes: number) {
    this.#longs = new BigInt64Array(ringBytes >> 3);
    this.#words = new Int32Array(this.#longs.buffer);
    this.#ring = new Uint8Array(this.#longs.buffer);
  }

  /**
   * @param nextSeq where the stream stands
   * @param isClean between two messages, and nothing of it waits
   * @param before the stream's last entry
   * @returns its new one
   */
  append(
    bytes: Uint8Array, start: number, end: number, seq: number, ack: number, timestamp: number, urgent: number,
    doubts: number, recent: number, nextSeq: number, isClean: boolean, headerBytes: number, before: number,
  ): number {
    if (this.#unsettledAt >= 0) this.settle();
    const length = end - start;
    this.#source.view(bytes);
    // They lie in their words of 64 bits as they do where they come from.
    const from = this.#source.shift + start;
    const offset = from & 7;
    const size = HEAD_BYTES + offset + length + 7 & ~7;
    let at = this.#end;
    if (at + size > this.#ring.length) {
      if (size > this.#ring.length) return NOTHING;
      this.#lapStart += this.#ring.length;
      at = 0;
    }
    this.#end = at + size;
    this.#work += WORK_A_SEGMENT;
    const entry = this.#lapStart + at;
    const words = this.#words;
    const head = at >> 2;
    words[head + Column.seq] = seq;
    words[head + Column.ack] = ack;
    words[head + Column.length] = length;
    words[head + Column.timestamp] = timestamp;
    words[head + Column.urgent] = urgent;
    words[head + Column.doubts] = doubts;
    words[head + Column.back] = before === NOTHING ? 0 : Math.min(entry - before, this.#ring.length);
    words[head + Column.recent] = recent;
    words[head + Column.nextSeq] = nextSeq;
    words[head + Column.clean] = headerBytes << HEADER_SHIFT | offset << 1 | (isClean ? 1 : 0);
    const last = from + length + 7 >> 3;
    if (length <= FEW_BYTES) {
      if (last <= this.#source.words.length) this.#copyWords(from - offset >> 3, last, at + HEAD_BYTES >> 3);
      else this.#ring.set(bytes.subarray(start, end), this.#ownBytesAt(head));
    } else {
      if (this.#unsettled !== bytes) this.#unsettled = bytes;
      this.#unsettledStart = start;
      this.#unsettledEnd = end;
      this.#unsettledAt = at;
      laidPiece.begin(bytes, start, end);
    }
    return entry;
  }

  /**
   * What was appended last was read, and its bytes may be others soon: it is kept from here on, in the buffer of the
   * message that it was laid into, or else as a copy.
   */
  settle(): void {
    const at = this.#unsettledAt;
    if (at < 0) return;
    this.#unsettledAt = -1;
    const words = this.#words;
    const head = at >> 2;
    const { offset } = laidPiece;
    const buffer = laidPiece.end();
    if (buffer !== null) {
      words[head + Column.clean]! |= IN_BUFFER;
      words[head + Column.buffer] = buffer.number;
      words[head + Column.turn] = buffer.turn;
      words[head + Column.offset] = offset;
      this.#end = at + BARE_BYTES;
    } else {
      this.#ring.set(this.#unsettled.subarray(this.#unsettledStart, this.#unsettledEnd), this.#ownBytesAt(head));
    }
  }

  #copyWords(first: number, last: number, to: number): void {
    const { words } = this.#source;
    const longs = this.#longs;
    let behind = to | 0;
    for (let at = first | 0; at < last; at = at + 1 | 0, behind = behind + 1 | 0) longs[behind] = words[at]!;
  }

  /**
   * Takes up to `most` bytes of the allowed work, and a share of what is left: whoever causes much of it leaves some to
   * all others. What is not used is to be given back.
   */
  takeWork(most: number): number {
    this.#work = Math.min(this.#work, MOST_WORK);
    const taken = Math.min(most, Math.max(LEAST_WORK, this.#work >> 3));
    this.#work = Math.max(0, this.#work - taken);
    return taken;
  }

  giveBackWork(bytes: number): void {
    this.#work += bytes;
  }

  /**
   * Are bytes[start, end) the same as those that came before for their place at `seq`? Newer bytes of other streams may
   * have overwritten those.
   * @param last the stream's last entry; NOTHING = none of it was kept
   * @param doubts of the segment that brings them: one with others may have been dropped where this one is taken, and
   *   what stands beside its bytes then counts
   */
  compare(
    last: number, bytes: Uint8Array, start: number, end: number, seq: number, doubts = ALL_DOUBTS,
  ): 'same' | 'other' | 'forgotten' {
    if (last === NOTHING) return 'forgotten';
    this.settle();
    const words = this.#words;
    const length = end - start;
    // The stretch of the place for which the same bytes came before.
    let low = length;
    let high = 0;
    let entry = last;
    for (let steps = 0; entry !== NOTHING; steps++) {
      if (steps >= MAX_STEPS || !this.#isKept(entry)) return 'forgotten';
      const head = this.#head(entry);
      const offset = distance(words[head + Column.seq]!, seq);
      const from = Math.max(0, offset);
      const to = Math.min(length, offset + words[head + Column.length]!);
      const before = from < to ? this.#bytes(head) : null;
      if (before === null && from < to) return 'forgotten';
      for (let i = from; i < to; i++) if (bytes[start + i] !== before![i - offset]) return 'other';
      const isAsSure = (words[head + Column.doubts]! & ~doubts) === 0;
      if (isAsSure && from < to && (low > high || (from <= high && to >= low))) {
        low = Math.min(low, from);
        high = Math.max(high, to);
        // Had something else come before that, it would have been noticed then.
        if (low === 0 && high === length) return 'same';
      }
      if ((words[head + Column.clean]! & 1) === 1 && distance(words[head + Column.nextSeq]!, seq) <= 0) return 'same';
      entry = this.#before(entry, head);
    }
    return 'same';
  }

  /**
   * Copies of the segments since the stream last stood between two messages at `seq` or before.
   * @param most segments
   * @param timeMs of the packet that brings them up, as is ipId
   * @param newest the newest entry at which it may have stood so: behind it the first reader alone did. NOTHING = any
   */
  since(last: number, seq: number, { timeMs, ipId }: Provenance, most = MAX_STEPS, newest = NOTHING): Recalled {
    this.settle();
    const words = this.#words;
    const heard: Heard[] = [];
    let byteLength = 0;
    let isWhole = false;
    let from = seq;
    let recent = 0;
    let oldest = NOTHING;
    let entry = last;
    for (let steps = 0; !isWhole && this.#isKept(entry) && steps < Math.min(most, MAX_STEPS); steps++) {
      const head = this.#head(entry);
      const bytes = this.#bytes(head);
      byteLength += words[head + Column.length]!;
      if (bytes === null || byteLength > this.#ring.length) break;
      const one = {
        seq: words[head + Column.seq]!, ack: words[head + Column.ack]!, timeMs, ipId,
        doubts: words[head + Column.doubts]!, headerBytes: words[head + Column.clean]! >> HEADER_SHIFT,
        timestamp: words[head + Column.timestamp]!, urgent: words[head + Column.urgent]!,
        bytes: new Uint8Array(bytes),
      };
      // Else it only tells where the stream stood.
      if (one.headerBytes > 0 || one.timestamp !== 0) heard.push(one);
      isWhole = (words[head + Column.clean]! & 1) === 1 && distance(words[head + Column.nextSeq]!, seq) <= 0
        && (newest === NOTHING || entry <= newest);
      oldest = entry;
      recent = words[head + Column.recent]!;
      if (isWhole) from = words[head + Column.nextSeq]!;
      else if (distance(one.seq, from) < 0) from = one.seq;
      entry = this.#before(entry, head);
    }
    heard.reverse();
    return { heard, from, recent, isWhole, isCut: !isWhole && entry !== NOTHING, oldest };
  }

  #isKept(entry: number): boolean {
    return entry !== NOTHING && entry >= this.#lapStart + this.#end - this.#ring.length;
  }

  /** Where in #words a kept entry begins. */
  #head(entry: number): number {
    const at = entry - this.#lapStart;
    return (at < 0 ? at + this.#ring.length : at) >> 2;
  }

  /** The bytes of an entry; null = another message is where they were. */
  #bytes(head: number): Uint8Array | null {
    const words = this.#words;
    const length = words[head + Column.length]!;
    if ((words[head + Column.clean]! & IN_BUFFER) === 0) {
      const at = this.#ownBytesAt(head);
      return this.#ring.subarray(at, at + length);
    }
    const offset = words[head + Column.offset]!;
    return bytesOf(words[head + Column.buffer]!, words[head + Column.turn]!)?.subarray(offset, offset + length) ?? null;
  }

  /** Where in the ring the bytes of an entry begin that has its own. */
  #ownBytesAt(head: number): number {
    return (head + HEAD_WORDS << 2) + (this.#words[head + Column.clean]! >> 1 & 7);
  }

  /** The entry before it of the same stream. */
  #before(entry: number, head: number): number {
    const back = this.#words[head + Column.back]!;
    return back === 0 ? NOTHING : entry - back;
  }
}
