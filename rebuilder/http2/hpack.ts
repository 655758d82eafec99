import type { Budget } from '../reassembly/budget.ts';
import { DEFAULT_TABLE_BYTES, HpackTable } from './hpack-table.ts';
import { decodeHuffman } from './huffman.ts';

/** Receives the fields of a header block in their order. */
export interface FieldSink {
  /** Latin1: one code point is one byte. A name may be UNKNOWN_NAME. */
  field(name: string, value: string): void;
}

/** What the other end may have allowed while it was not heard; and the most we follow it. */
const UNHEARD_TABLE_BYTES = 65_536;
const MAX_TABLE_BYTES = 1 << 20;
/** Integers of more than this many bytes behind their prefix are of no use here (RFC 7541 7.4). */
const MAX_INTEGER_BYTES = 5;

const MORE = -1;
const ERROR = -2;

let scratch = Buffer.allocUnsafeSlow(16_384);

/**
 * Decodes the header blocks of one direction of a connection (RFC 7541). The state is that of the connection from its
 * start. Behind a block that was lost, what refers to entries from before it is unknown, and everything else is not.
 */
export class HpackDecoder {
  readonly #table: HpackTable;
  readonly #maxStringBytes: number;
  #limitBytes = UNHEARD_TABLE_BYTES;
  /** Where the last integer or string ended. */
  #at = 0;
  #string = '';

  /** @param maxStringBytes longest name or value, encoded */
  constructor(budget: Budget, maxStringBytes: number) {
    this.#table = new HpackTable(budget);
    this.#maxStringBytes = maxStringBytes;
  }

  /** The SETTINGS_HEADER_TABLE_SIZE of the end that receives these blocks: it bounds what the sender may use. */
  allow(tableBytes: number): void {
    this.#limitBytes = Math.min(Math.max(tableBytes, DEFAULT_TABLE_BYTES), MAX_TABLE_BYTES);
  }

  get tableBytes(): number {
    return this.#table.bytes;
  }

  /** Gives its memory back: nothing is decoded any more. */
  close(): void {
    this.#table.clear();
  }

  /** A block was lost. */
  forget(): void {
    this.#table.forget();
  }

  copyFrom(other: HpackDecoder): boolean {
    this.#limitBytes = other.#limitBytes;
    return this.#table.copyFrom(other.#table);
  }

  /**
   * Decodes the representations that are whole in bytes[start, end).
   * @returns where the first unfinished one begins (`end` = none is); -1 = no header block, or no memory for its table
   */
  decode(bytes: Uint8Array, start: number, end: number, sink: FieldSink): number {
    let at = start;
    while (at < end) {
      const outcome = this.#representation(bytes, at, end, sink);
      if (outcome === ERROR) return -1;
      if (outcome === MORE) return at;
      at = outcome;
    }
    return at;
  }

  /** RFC 7541 6. @returns the offset behind it */
  #representation(bytes: Uint8Array, at: number, end: number, sink: FieldSink): number {
    const first = bytes[at]!;
    if (first >= 0x80) {
      const index = this.#integer(bytes, at, end, 0x7f);
      if (index < 0) return index;
      const field = this.#table.get(index);
      if (field === undefined) return ERROR;
      sink.field(field.name, field.value);
      return this.#at;
    }
    if (first >= 0x40) return this.#literal(bytes, at, end, 0x3f, sink);
    if (first < 0x20) return this.#literal(bytes, at, end, 0x0f, sink);
    const size = this.#integer(bytes, at, end, 0x1f);
    if (size < 0) return size;
    if (size > this.#limitBytes) return ERROR;
    this.#table.resize(size);
    return this.#at;
  }

  #literal(bytes: Uint8Array, at: number, end: number, prefix: number, sink: FieldSink): number {
    const index = this.#integer(bytes, at, end, prefix);
    if (index < 0) return index;
    let name = '';
    if (index > 0) {
      const field = this.#table.get(index);
      if (field === undefined) return ERROR;
      ({ name } = field);
    } else {
      // Both strings are looked at before the first is decoded, so that what comes in small pieces is decoded once.
      const whole = this.#skipStrings(bytes, this.#at, end, 2);
      if (whole < 0) return whole;
      const outcome = this.#text(bytes, this.#at, end);
      if (outcome < 0) return outcome;
      name = this.#string;
    }
    const outcome = this.#text(bytes, this.#at, end);
    if (outcome < 0) return outcome;
    const value = this.#string;
    if (prefix === 0x3f && !this.#table.add({ name, value })) return ERROR;
    sink.field(name, value);
    return this.#at;
  }

  #skipStrings(bytes: Uint8Array, from: number, end: number, count: number): number {
    const begin = this.#at;
    let at = from;
    for (let i = 0; i < count; i++) {
      const length = this.#integer(bytes, at, end, 0x7f);
      if (length < 0) return length;
      if (length > this.#maxStringBytes) return ERROR;
      at = this.#at + length;
      if (at > end) return MORE;
    }
    this.#at = begin;
    return at;
  }

  /** RFC 7541 5.2: sets #string and #at. */
  #text(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end) return MORE;
    const isHuffman = bytes[at]! >= 0x80;
    const length = this.#integer(bytes, at, end, 0x7f);
    if (length < 0) return length;
    if (length > this.#maxStringBytes) return ERROR;
    const from = this.#at;
    const to = from + length;
    if (to > end) return MORE;
    this.#at = to;
    if (!isHuffman) {
      this.#string = latin1(bytes, from, to);
      return to;
    }
    if (scratch.length < length * 2) scratch = Buffer.allocUnsafeSlow(length * 2);
    const decoded = decodeHuffman(bytes, from, to, scratch);
    if (decoded < 0) return ERROR;
    this.#string = scratch.toString('latin1', 0, decoded);
    return to;
  }

  /** RFC 7541 5.1: sets #at. */
  #integer(bytes: Uint8Array, from: number, end: number, prefix: number): number {
    if (from >= end) return MORE;
    let value = bytes[from]! & prefix;
    let at = from + 1;
    if (value === prefix) {
      for (let shift = 0; ; shift += 7) {
        if (at >= end) return MORE;
        if (at - from > MAX_INTEGER_BYTES) return ERROR;
        const byte = bytes[at++]!;
        value += (byte & 0x7f) * 2 ** shift;
        if (byte < 0x80) break;
      }
    }
    this.#at = at;
    return value;
  }
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}
