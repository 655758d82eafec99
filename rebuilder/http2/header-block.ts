import { HeldBytes } from '../http/held-bytes.ts';
import { FrameFlag, type FrameHeader, FrameType } from './frame.ts';
import { type FieldSink, HpackDecoder } from './hpack.ts';
import { UNKNOWN_NAME } from './hpack-table.ts';
import type { ReaderContext } from '../http/reader-context.ts';

/** What a field counts besides its bytes (RFC 9113 10.5.1). */
const FIELD_BYTES = 32;
/**
 * So many copies of a field this long are kept that came as one byte each, from the table: what is told would be
 * thousands of times what was sent, and a third copy says nothing new.
 */
const MOST_COPIES = 2;
const LONG_FIELD = 256;
/** Beyond two strings of limits.head_bytes, of which the decoder keeps no more. */
const SPARE_BYTES = 64;

/**
 * The header blocks of one direction (RFC 9113 4.3), decoded fragment by fragment, so that neither a flood of
 * CONTINUATION frames nor a block that unfolds to more than it weighs is ever held: of the field list,
 * limits.head_bytes are kept, and of a long field that the table has two copies.
 */
export class HeaderBlock implements FieldSink {
  /** Name, value, name, value, … of the present block. */
  readonly fields: string[] = [];
  /** The field list was longer than limits.head_bytes; what is beyond was left out. */
  isCut = false;
  /** Fields are unknown: they refer to what a lost block has defined. */
  hasUnknown = false;
  /** A block is none, or there was no memory: no later one can be read. */
  isLost = false;
  /** A block was lost: of later ones, what refers to those before it is unknown. */
  isPartial = false;
  /** Bytes of the present block are missing. */
  #isBroken = false;
  #isPassedOver = false;
  // --- its frames: HEADERS or PUSH_PROMISE, then CONTINUATION up to END_HEADERS
  /** Stream of the present block; 0 = none is begun. */
  streamId = 0;
  isPush = false;
  endsStream = false;
  /** Captured bytes of its frames: neither message nor loss before it is decoded. */
  #captured = 0;
  readonly #context: ReaderContext;
  readonly #hpack: HpackDecoder;
  /** The beginning of a field that did not end in its fragment. */
  readonly #held: HeldBytes;
  #bytes = 0;

  constructor(context: ReaderContext) {
    this.#context = context;
    this.#hpack = new HpackDecoder(context.budget, context.headBytes);
    this.#held = new HeldBytes(context.budget);
  }

  /** The receiver's SETTINGS_HEADER_TABLE_SIZE. */
  allow(tableBytes: number): void {
    this.#hpack.allow(tableBytes);
  }

  /** RFC 9113 6.10: nothing stands between the frames of a block. */
  admits({ type, streamId }: FrameHeader): boolean {
    return (type === FrameType.continuation) === (this.streamId !== 0)
      && (this.streamId === 0 || streamId === this.streamId);
  }

  /** A frame is begun. @returns true: its payload is a fragment of a block */
  takes(frame: FrameHeader): boolean {
    const { type, streamId } = frame;
    if (type === FrameType.continuation) return true;
    if (type !== FrameType.headers && type !== FrameType.pushPromise) return false;
    this.streamId = streamId;
    this.isPush = type === FrameType.pushPromise;
    this.endsStream = type === FrameType.headers && frame.has(FrameFlag.endStream);
    this.#begin();
    return true;
  }

  #begin(): void {
    this.fields.length = 0;
    this.#bytes = 0;
    this.isCut = false;
    this.hasUnknown = false;
    this.#isBroken = false;
    this.#isPassedOver = false;
  }

  /** So many captured bytes are of its frames. */
  captures(bytes: number): void {
    this.#captured += bytes;
    this.#context.pendingBytes += bytes;
  }

  /** Its captured bytes are counted by whoever takes them. @returns how many those are */
  takeCaptured(): number {
    const captured = this.#captured;
    this.#captured = 0;
    this.#context.pendingBytes -= captured;
    return captured;
  }

  /** The present block is not decoded: it has no fields, and defines none. */
  passOver(): void {
    this.#isPassedOver = true;
  }

  fragment(bytes: Uint8Array, start: number, end: number): void {
    if (this.isLost || this.#isBroken || this.#isPassedOver) return;
    const held = this.#held;
    if (held.length === 0) {
      const at = this.#hpack.decode(bytes, start, end, this);
      if (at < 0 || (at < end && !held.append(bytes, at, end))) this.#fail();
      return;
    }
    const room = this.#context.headBytes * 2 + SPARE_BYTES;
    // So much of the fragment as can belong to the field that is held; what is left over is decoded where it is.
    const to = Math.min(end, start + room);
    const isHeld = held.length <= room && held.append(bytes, start, to);
    const at = isHeld ? this.#hpack.decode(held.bytes, 0, held.length, this) : -1;
    if (at < 0) {
      this.#fail();
      return;
    }
    if (at === held.length) {
      held.clear();
    } else if (at > 0) {
      held.bytes.copyWithin(0, at, held.length);
      held.truncate(held.length - at);
    }
    if (to < end) this.fragment(bytes, to, end);
  }

  /** The block ends here. @returns false: it was not whole, or is none */
  end(): boolean {
    this.streamId = 0;
    if (this.#held.length > 0 || this.#hpack.isWithin) this.#fail();
    return !this.isLost && !this.#isBroken;
  }

  field(name: string, value: string): void {
    if (name === UNKNOWN_NAME) {
      this.hasUnknown = true;
      if (value === '') return;
    }
    const room = this.#context.headBytes - this.#bytes - FIELD_BYTES - name.length;
    this.#bytes += name.length + value.length + FIELD_BYTES;
    if (room < value.length) this.isCut = true;
    if (room >= value.length) this.fields.push(name, value);
    else if (room > 0) this.fields.push(name, value.slice(0, room));
  }

  indexed(name: string, value: string): void {
    if (name.length + value.length < LONG_FIELD || this.#copies(name, value) < MOST_COPIES) {
      this.field(name, value);
      return;
    }
    this.#context.ledger.count('http.http2_repeated_fields');
    this.isCut = true;
  }

  /** limits.head_bytes hold few fields that are long, and copies of one from the table are one text. */
  #copies(name: string, value: string): number {
    const { fields } = this;
    let copies = 0;
    for (let at = 0; at < fields.length; at += 2) if (fields[at + 1] === value && fields[at] === name) copies++;
    return copies;
  }

  cut(): void {
    this.isCut = true;
  }

  /** Bytes of blocks were lost: of the present one, too, if there is one. */
  forget(): void {
    if (this.isLost) return;
    if (!this.isPartial) this.#context.ledger.count('http.http2_headers_lost');
    this.#held.clear();
    this.#hpack.forget();
    this.isPartial = true;
    this.#isBroken = true;
  }

  #fail(): void {
    this.#context.ledger.count('http.http2_headers_lost');
    this.lose();
  }

  /** Nothing is decoded any more; the memory is given back. */
  lose(): void {
    this.isLost = true;
    this.#held.clear();
    this.#hpack.close();
  }

  copyFrom(other: HeaderBlock): boolean {
    this.streamId = other.streamId;
    this.isPush = other.isPush;
    this.endsStream = other.endsStream;
    this.#captured = other.#captured;
    this.#context.pendingBytes += other.#captured;
    this.isLost = other.isLost;
    this.isPartial = other.isPartial;
    this.isCut = other.isCut;
    this.hasUnknown = other.hasUnknown;
    this.#isBroken = other.#isBroken;
    this.#isPassedOver = other.#isPassedOver;
    this.fields.length = 0;
    this.fields.push(...other.fields);
    this.#bytes = other.#bytes;
    this.#held.clear();
    return this.#hpack.copyFrom(other.#hpack) && this.#held.append(other.#held.bytes, 0, other.#held.length);
  }
}
