import type { Provenance } from '../reassembly/provenance.ts';
import type { StreamSink } from '../reassembly/stream-sink.ts';

/** A reader that can stand beside the first one of a stream. */
export interface SecondReader<T> extends StreamSink {
  /** Does it read on like `other` from here, so that one of the two is enough? */
  isLevelWith(other: T): boolean;
}

interface Beginner<T> {
  readonly reader: T;
  /** Where in the present piece it begins. */
  readonly at: number;
  readonly begin: () => void;
}

/** Ways to read one stream that are followed at the same time, besides the first. */
const MAX_SECOND_READERS = 7;

/**
 * The readers beside the first one of a stream, for as long as they read it otherwise: each gets every byte that the first gets, behind it. One that
 * has come to the same place as another, in the same state, has nothing more to say and is dropped.
 */
export class SecondReaders<T extends SecondReader<T>> {
  readonly #first: T;
  #readers: T[] = [];
  #beginners: Beginner<T>[] = [];

  constructor(first: T) {
    this.#first = first;
  }

  get hasRoom(): boolean {
    return this.#readers.length + this.#beginners.length < MAX_SECOND_READERS;
  }

  get unfinished(): boolean {
    return this.#readers.some((reader) => reader.unfinished);
  }

  /** Takes one in that begins at `at` of the present piece, once the readers before it have read that. */
  add(reader: T, at: number, begin: () => void): void {
    this.#beginners.push({ reader, at, begin });
  }

  /** @returns false: there is none left */
  data(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): boolean {
    for (const reader of this.#readers) reader.data(bytes, start, end, seq, from);
    for (let next = this.#beginners.shift(); next !== undefined; next = this.#beginners.shift()) {
      const { reader, at, begin } = next;
      this.#readers.push(reader);
      begin();
      if (at < end) reader.data(bytes, at, end, (seq + at - start) | 0, from);
    }
    this.#readers = this.#readers.filter((reader, i) => {
      const isLevel = reader.isLevelWith(this.#first) || this.#readers.slice(0, i).some((other) => reader.isLevelWith(other));
      if (isLevel) reader.discard();
      return !isLevel;
    });
    return this.#readers.length > 0;
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
    const beside = new SecondReaders(first);
    for (const reader of this.#readers) {
      const one = copy(reader, beside);
      if (one !== null) beside.#readers.push(one);
    }
    return beside;
  }
}
