import type { Ledger } from '../ledger.ts';
import type { Provenance } from '../reassembly/provenance.ts';
import type { StreamSink } from '../reassembly/stream-sink.ts';

/** A reader that can stand beside the first one of a stream. */
interface SecondReader<T> extends StreamSink {
  /** It has stopped where another was in the same state. */
  readonly isMerged: boolean;
  /** So many bytes are between here and the next message; Infinity = nobody knows. */
  readonly toNext: number;
  /** So many bytes at least are still of the body that it reads; Infinity = all up to the connection's end. */
  readonly leftOfBody: number;
  /** Does it read on like `other` from here, so that one of the two is enough? */
  isLevelWith(other: T): boolean;
}

interface Piece { readonly bytes: Uint8Array; readonly start: number; readonly end: number; readonly seq: number }

interface Beginner<T> {
  readonly reader: T;
  /** Where in which piece it begins; null = in the one that all read. */
  readonly at: number;
  /** So many bytes are between there and the next message; Infinity = nobody knows. */
  readonly toNext: number;
  readonly piece: Piece | null;
  readonly begin: () => Uint8Array | null;
}

/** Ways to read one stream that are followed from piece to piece, besides the first. */
const MAX_SECOND_READERS = 15;
/** … and within a piece: most of those that begin in it meet others before its end. */
const MAX_IN_PIECE = 4 * MAX_SECOND_READERS;

/**
 * The readers beside the first one of a stream, for as long as they read it otherwise: each gets every byte that the
 * first gets, behind it. One that has come to the same place as another, in the same state, has nothing more to say and
 * is dropped.
 */
export class SecondReaders<T extends SecondReader<T>> {
  readonly #first: T;
  readonly #ledger: Ledger;
  #readers: T[] = [];
  #beginners: Beginner<T>[] = [];
  /** What is being read, when it is not the piece that all read. */
  #piece: Piece | null = null;
  /** Places between two messages in the present piece, and which reader was the first to come there. */
  readonly #places = new Map<number, T>();
  /** Those that begin a message in the present piece where the first one does. */
  readonly #joined = new Set<T>();

  constructor(first: T, ledger: Ledger) {
    this.#first = first;
    this.#ledger = ledger;
  }

  /** Is there room for one more? If not, that is counted. */
  takesOne(): boolean {
    const hasRoom = this.#readers.length + this.#beginners.length < MAX_IN_PIECE;
    if (!hasRoom) this.#ledger.count('http.readings_limit');
    return hasRoom;
  }

  /** So many begin in the present piece that they had better read it before the first one reads on. */
  get isCrowded(): boolean { return this.#beginners.length >= MAX_SECOND_READERS; }

  /**
   * `reader` is between two messages at `seq`, where all are in the same state.
   * @returns true: another was there before, so that it has nothing more to say. Never of the first.
   */
  isBehindAnother(reader: T, seq: number): boolean {
    const before = this.#places.get(seq);
    if (before === undefined) this.#places.set(seq, reader);
    return before !== undefined && before !== reader && reader !== this.#first;
  }

  /**
   * Does a message begin at `at`, of the piece that the first one reads from `start` on, for all of them? Of one that
   * has still to read more than a message up to there it is not known: then not.
   */
  allBegin(at: number, start: number): boolean {
    for (const reader of this.#readers) if (reader.toNext === at - start) this.#joined.add(reader);
    for (const one of this.#beginners) if (one.toNext === at - one.at) this.#joined.add(one.reader);
    return this.#joined.size === this.#readers.length + this.#beginners.length;
  }

  get unfinished(): boolean {
    return this.#readers.some((reader) => reader.unfinished);
  }

  /**
   * Takes one in that begins at `at` of the present piece, once the readers before it have read that.
   * @param toNext so many bytes are between there and the next message; Infinity = nobody knows
   * @param begin @returns earlier bytes that it reads first, or null
   */
  add(reader: T, at: number, toNext: number, begin: () => Uint8Array | null): void {
    this.#beginners.push({ reader, at, toNext, begin, piece: this.#piece });
  }

  /** @returns false: there is none left */
  data(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): boolean {
    for (const reader of [...this.#readers]) {
      reader.data(bytes, start, end, seq, from);
      if (reader.isMerged) this.#drop(reader);
    }
    for (let next = this.#beginners.shift(); next !== undefined; next = this.#beginners.shift()) {
      const { reader } = next;
      this.#readers.push(reader);
      this.#piece = beginning(next.piece ?? { bytes, start, end, seq }, next.at, next.begin());
      const { bytes: own, start: first, end: last, seq: at } = this.#piece;
      if (first < last) reader.data(own, first, last, at, from);
      this.#piece = null;
      if (reader.isMerged) this.#drop(reader);
    }
    this.#places.clear();
    this.#joined.clear();
    for (const reader of [...this.#readers]) {
      const isLevel = reader.isLevelWith(this.#first)
        || this.#readers.some((other) => other !== reader && reader.isLevelWith(other));
      if (isLevel) this.#drop(reader);
    }
    while (this.#readers.length > MAX_SECOND_READERS) this.#makeRoom();
    return this.#readers.length > 0;
  }

  /**
   * The one goes whose body is furthest from its end, of equals the one that began last: one that reads to the end of
   * the connection never goes of itself, and a client begins such ones at will.
   */
  #makeRoom(): void {
    let furthest: T | null = null;
    for (const reader of this.#readers) {
      if (furthest === null || reader.leftOfBody >= furthest.leftOfBody) furthest = reader;
    }
    if (furthest !== null) this.#drop(furthest);
    this.#ledger.count('http.readings_limit');
  }

  #drop(reader: T): void {
    this.#readers = this.#readers.filter((one) => one !== reader);
    reader.discard();
  }

  gap(bytes: number): void {
    for (const reader of this.#readers) reader.gap(bytes);
  }

  stall(nowMs: number, afterMs: number): boolean {
    let may = false;
    for (const reader of this.#readers) may = reader.stall(nowMs, afterMs) || may;
    return may;
  }

  end(): void {
    for (const reader of this.#readers) {
      reader.end();
      reader.discard();
    }
    this.#readers = [];
  }

  discard(): void {
    for (const reader of this.#readers) reader.discard();
    for (const { reader } of this.#beginners) reader.discard();
    this.#readers = [];
    this.#beginners = [];
  }

  /** Copies of all of them, beside a copy of the first. @param copy null = no memory */
  fork(first: T, copy: (reader: T, beside: SecondReaders<T>) => T | null): SecondReaders<T> {
    const beside = new SecondReaders(first, this.#ledger);
    for (const reader of this.#readers) {
      const one = copy(reader, beside);
      if (one !== null) beside.#readers.push(one);
      else this.#ledger.count('http.readings_limit');
    }
    return beside;
  }
}

/** The piece from `at` on, behind bytes that came before it. */
function beginning({ bytes, start, end, seq }: Piece, at: number, before: Uint8Array | null): Piece {
  const from = (seq + at - start) | 0;
  if (before === null) return { bytes, start: at, end, seq: from };
  const joined = Buffer.concat([before, bytes.subarray(at, end)]);
  return { bytes: joined, start: 0, end: joined.length, seq: (from - before.length) | 0 };
}
