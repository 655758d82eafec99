import type { Budget } from '../reassembly/budget.ts';
import { DEFAULT_TABLE_BYTES, HpackTable } from './hpack-table.ts';
import { decodeHuffman } from './huffman.ts';

/** Receives the fields of a header block in their order. */
export interface FieldSink {
  /** Latin1: one code point is one byte. A name may be UNKNOWN_NAME. */
  field(name: string, value: string): void;
  /** The same; the table has all of it, so that it came as one byte or two. */
  indexed(name: string, value: string): void;
  /** Of the next field only the beginning is known: it is longer than a string may be. */
  cut(): void;
}

/** What the other end may have allowed while it was not heard; and the most we follow it. */
const UNHEARD_TABLE_BYTES = 65_536;
const MAX_TABLE_BYTES = 1 << 20;
/** The longest code of a symbol (RFC 7541 appendix B). */
const MAX_SYMBOL_BITS = 30;

/** Honest ones have three at most. */
const LONG_INTEGER_BYTES = 8;

/** How far an integer was read; offsets from the first byte of its representation. */
interface LongInteger {
  from: number;
  to: number;
  value: number;
  isWhole: boolean;
}

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
  /** Bytes behind what was kept of the last string. */
  #over = 0;
  // --- a string of which only the beginning was kept
  /** Bytes of it still to come. */
  #skip = 0;
  /** It was a name: its value follows. */
  #named: string | null = null;
  /** … of a field of this kind, by the mask of its prefix. */
  #prefix = 0;
  /** Where the present representation begins. */
  #began = 0;
  /** Its long integers, which come in many pieces: each byte of them is read once. */
  readonly #long: LongInteger[] = [];

  /** @param maxStringBytes of a longer name or value, encoded, only so much is kept */
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
    this.#skip = 0;
    this.#named = null;
    this.#long.length = 0;
  }

  /** Does a field lack bytes, though all that came of it was decoded? */
  get isWithin(): boolean {
    return this.#skip > 0 || this.#named !== null;
  }

  copyFrom(other: HpackDecoder): boolean {
    this.#limitBytes = other.#limitBytes;
    this.#skip = other.#skip;
    this.#named = other.#named;
    this.#prefix = other.#prefix;
    this.#long.length = 0;
    return this.#table.copyFrom(other.#table);
  }

  /**
   * Decodes the representations that are whole in bytes[start, end).
   * @returns where the first unfinished one begins (`end` = none is); -1 = no header block, or no memory for its table
   */
  decode(bytes: Uint8Array, start: number, end: number, sink: FieldSink): number {
    let at = start;
    while (at < end) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, end - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      this.#began = at;
      const outcome = this.#named === null ? this.#representation(bytes, at, end, sink)
        : this.#value(bytes, at, end, this.#named, this.#prefix, sink);
      if (outcome === ERROR) return -1;
      if (outcome === MORE) return at;
      if (this.#long.length > 0) this.#long.length = 0;
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
      sink.indexed(field.name, field.value);
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
      const nameAt = this.#at;
      const nameEnd = this.#keptTo(bytes, nameAt, end);
      if (nameEnd < 0) return nameEnd;
      const valueEnd = this.#over > 0 ? nameEnd : this.#keptTo(bytes, nameEnd, end);
      if (valueEnd < 0) return valueEnd;
      const outcome = this.#text(bytes, nameAt, end);
      if (outcome < 0) return outcome;
      name = this.#string;
      if (this.#over > 0) {
        this.#skip = this.#over;
        this.#named = name;
        this.#prefix = prefix;
        return this.#at;
      }
    }
    return this.#value(bytes, this.#at, end, name, prefix, sink);
  }

  #value(bytes: Uint8Array, at: number, end: number, name: string, prefix: number, sink: FieldSink): number {
    const outcome = this.#text(bytes, at, end);
    if (outcome < 0) return outcome;
    const isCut = this.#over > 0 || this.#named !== null;
    this.#skip = this.#over;
    this.#named = null;
    const value = this.#string;
    if (isCut) sink.cut();
    if (prefix === 0x3f && isCut) this.#table.addCut(this.#maxStringBytes * 8 / MAX_SYMBOL_BITS);
    else if (prefix === 0x3f && !this.#table.add({ name, value })) return ERROR;
    sink.field(name, value);
    return this.#at;
  }

  /** Of the string at `at`: where it ends, or what is kept of it. Sets #at to its first byte, and #over. */
  #keptTo(bytes: Uint8Array, at: number, end: number): number {
    const length = this.#integer(bytes, at, end, 0x7f);
    if (length < 0) return length;
    const kept = Math.min(length, this.#maxStringBytes);
    this.#over = length - kept;
    return this.#at + kept > end ? MORE : this.#at + kept;
  }

  /** RFC 7541 5.2: sets #string, #at and #over. */
  #text(bytes: Uint8Array, at: number, end: number): number {
    const to = this.#keptTo(bytes, at, end);
    if (to < 0) return to;
    const isHuffman = bytes[at]! >= 0x80;
    const from = this.#at;
    this.#at = to;
    if (!isHuffman) {
      this.#string = latin1(bytes, from, to);
      return to;
    }
    if (scratch.length < (to - from) * 2) scratch = Buffer.allocUnsafeSlow((to - from) * 2);
    const decoded = decodeHuffman(bytes, from, to, scratch);
    if (decoded < 0) return ERROR;
    this.#string = scratch.toString('latin1', 0, decoded);
    return to;
  }

  /**
   * RFC 7541 5.1: sets #at. Go takes as many bytes as make 63 bits, though they add nothing; HAProxy any number that
   * fits its buffer, and what is beyond 32 bits wraps there. All others refuse such.
   */
  #integer(bytes: Uint8Array, from: number, end: number, prefix: number): number {
    if (from >= end) return MORE;
    let value = bytes[from]! & prefix;
    let at = from + 1;
    if (value === prefix) {
      const long = this.#long.find((one) => one.from === from - this.#began);
      if (long !== undefined) {
        at = this.#began + long.to;
        value = long.value;
      }
      let isWhole = long?.isWhole === true;
      for (; !isWhole && at < end; at++) {
        const byte = bytes[at]!;
        value = value + ((byte & 0x7f) << (at - from - 1) * 7) >>> 0;
        isWhole = byte < 0x80;
      }
      if (at - from > LONG_INTEGER_BYTES) {
        this.#keep(long, { from: from - this.#began, to: at - this.#began, value, isWhole });
      }
      if (!isWhole) return MORE;
    }
    this.#at = at;
    return value;
  }

  #keep(long: LongInteger | undefined, read: LongInteger): void {
    if (long === undefined) this.#long.push(read);
    else Object.assign(long, read);
  }
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}
