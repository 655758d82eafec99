import type { CounterName } from '../ledger.ts';
import { FrameCursor } from './frame-cursor.ts';
import type { FrameBytes, FrameGrammar } from './frame-grammar.ts';
import { HeaderBlock } from './header-block.ts';
import { Http2Message } from './message.ts';
import type { OpenMessages } from './open-messages.ts';
import { FRAME_HEADER_BYTES, FrameFlag, FrameType, Setting } from './frame.ts';
import { FrameSearch } from './frame-search.ts';
import { SettingsReader } from './settings.ts';
import { isRequestAt } from '../http/search.ts';
import type { ReaderContext } from '../http/reader-context.ts';
import { Origin, type Provenance } from '../reassembly/provenance.ts';

const EMPTY = Buffer.alloc(0);

/** How much is known of a connection's state: nothing; what came since a hole; all. */
export type Knowledge = 0 | 1 | 2;

/**
 * One direction of a connection that speaks HTTP/2 (RFC 9113): frames in any pieces become header blocks, decoded, and
 * data, of the messages that are open. Requests and responses differ in what they make of those: FrameGrammar.
 *
 * Bytes that are no frames end it: whoever reads the connection goes on there. A hole within a frame's payload is
 * passed over by its length. One that may have swallowed a frame's head leaves nothing to hold on to, until a piece is
 * nothing but frames again.
 */
export class FrameReader {
  readonly #context: ReaderContext;
  readonly #grammar: FrameGrammar;
  readonly #open: OpenMessages;
  /** The other direction, which our SETTINGS bind. */
  peer: FrameReader | null = null;
  readonly #search = new FrameSearch();
  #ended = false;
  #isBegun = false;
  /** A frame came behind which most receivers read nothing more. */
  isDoubtful = false;
  // --- the present frame
  readonly #cursor: FrameCursor;
  #bytesAre: FrameBytes | 'block' = 'other';
  readonly #settings = new SettingsReader();
  readonly #block: HeaderBlock;
  /** Of the packet that began the frame, or the block. */
  readonly #frameBegan = new Origin();
  #timeMs = 0;
  /** Sequence number behind what was read. */
  #position = 0;
  /** After an end: captured bytes of earlier pieces that turned out not to be HTTP/2, to be read again. */
  leftover: Buffer = EMPTY;

  /** @param decodes false: header blocks are walked over, and no message is told */
  constructor(context: ReaderContext, grammar: FrameGrammar, open: OpenMessages, decodes = true) {
    this.#context = context;
    this.#grammar = grammar;
    this.#open = open;
    this.#cursor = new FrameCursor(context);
    this.#block = new HeaderBlock(context);
    if (!decodes) this.#block.lose();
  }

  // --- reading

  /** Has it found bytes that are not HTTP/2, and stopped there? */
  get isOver(): boolean {
    return this.#ended;
  }

  /** Bytes of a frame's head that is not whole. */
  get headRead(): number {
    return this.#cursor.headRead;
  }

  /** Was nothing read yet? */
  get isFresh(): boolean {
    return !this.#isBegun && !this.#ended && !this.#search.isLost;
  }

  /** Were frames read, so that this is more than a guess? */
  get isBegun(): boolean {
    return this.#isBegun;
  }

  get knowledge(): Knowledge {
    if (this.#search.isLost || this.#ended || this.#block.isLost) return 0;
    return this.#search.isFoundAgain || this.#block.isPartial ? 1 : 2;
  }

  /**
   * Reads bytes[start, end), a captured piece.
   * @returns `end`; or, when it ended there (`isOver`), where bytes begin that are not HTTP/2. `leftover` comes before
   * them.
   */
  read(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): number {
    this.#timeMs = from.timeMs;
    this.#position = (seq + end - start) | 0;
    let at = start;
    if (this.#search.isLost && !this.#findAgain(bytes, start, end)) return this.#ended ? start : end;
    const cursor = this.#cursor;
    while (at < end) {
      if (cursor.inFrame) {
        at = this.#payload(bytes, at, end);
        if (this.#ended || this.#search.isLost) return at;
        continue;
      }
      const before = cursor.headRead;
      if (before === 0 && this.#block.streamId === 0) this.#frameBegan.set((seq + at - start) | 0, from);
      if (!cursor.readHead(bytes, at, end)) return end;
      if (!this.#begin()) return this.#noFrame(at, end, before);
      at += FRAME_HEADER_BYTES - before;
    }
    return end;
  }

  /** A frame's head is whole. @returns false: it is none */
  #begin(): boolean {
    const { frame } = this.#cursor;
    const { type, streamId } = frame;
    // RFC 9113 3.4: either end begins with SETTINGS; but servers take other frames of their clients first.
    const isSettings = type === FrameType.settings && !frame.has(FrameFlag.ack);
    if (!this.#isBegun && this.#grammar.beginsWithSettings && !isSettings) return false;
    if (!this.#block.admits(frame)) return false;
    if (!frame.isSound) return this.#passOver();
    if (streamId !== 0 && !this.#grammar.admits(frame)) return false;
    this.#isBegun = true;
    if (type === FrameType.priority && streamId === 0) this.isDoubtful = true;
    this.#settings.reset();
    if (this.#block.takes(frame)) this.#bytesAre = 'block';
    else if (type === FrameType.data) this.#bytesAre = this.#grammar.hasStream(streamId) ? 'message' : 'unreadable';
    else this.#bytesAre = 'other';
    this.#enter();
    return true;
  }

  /**
   * A frame that most answer with a connection error, and one may take (NGINX SETTINGS whose flags are ACK and
   * another). Where frames begin is known, so that what is behind it can be read all the same. @returns false: it is
   * none
   */
  #passOver(): boolean {
    const { frame } = this.#cursor;
    if (frame.isText || this.#search.isFoundAgain) return false;
    if (!this.isDoubtful) this.#context.ledger.count('http.http2_invalid_frame');
    this.isDoubtful = true;
    this.#isBegun = true;
    this.#bytesAre = 'other';
    frame.makeUnknown();
    this.#enter();
    return true;
  }

  #enter(): void {
    this.#account(FRAME_HEADER_BYTES);
    this.#cursor.enter();
    if (this.#cursor.frame.length === 0) this.#frameDone();
  }

  #account(bytes: number): void {
    if (this.#bytesAre === 'block') this.#block.captures(bytes);
    else this.#grammar.count(bytes, this.#bytesAre);
  }

  /** @returns how far the piece was read */
  #payload(bytes: Uint8Array, at: number, end: number): number {
    const cursor = this.#cursor;
    const { type, streamId } = cursor.frame;
    const prefix = cursor.readPrefix(bytes, at, end);
    if (cursor.isPaddingTooLong) {
      // RFC 9113 6.1: a connection error; for Go one of the stream alone, and none of the block is decoded.
      if (this.#search.isFoundAgain) return this.#noFrame(at, end, 0);
      this.isDoubtful = true;
      if (this.#bytesAre === 'block') this.#block.passOver();
    }
    const from = at + prefix;
    const to = from + cursor.readContent(end - from);
    const padding = cursor.readPadding(end - to);
    this.#account(to - at + padding);
    if (to > from) {
      if (type === FrameType.data) this.#open.data(streamId, bytes, from, to, this.#timeMs);
      else if (this.#bytesAre === 'block') this.#block.fragment(bytes, from, to);
      else if (type === FrameType.settings) this.#settings.read(bytes, from, to, this.peer);
    }
    if (cursor.left === 0) this.#frameDone();
    return to + padding;
  }

  #frameDone(): void {
    this.#cursor.leave();
    const { frame } = this.#cursor;
    if (this.#bytesAre === 'block') {
      if (frame.has(FrameFlag.endHeaders)) this.#blockDone();
    } else if (frame.type === FrameType.data) {
      if (frame.has(FrameFlag.endStream)) this.#open.end(frame.streamId, null);
    } else if (frame.type === FrameType.rstStream) {
      // What there was of it went to the receiver all the same.
      if (!this.#open.end(frame.streamId, 'http.message_cut')) this.#grammar.reset(frame.streamId);
    }
  }

  /** A setting of the peer's, which binds what is sent here. */
  obey(setting: number, value: number): void {
    if (setting === Setting.headerTableSize) this.#block.allow(value);
    if (setting === Setting.maxFrameSize) this.#search.allow(value);
  }

  #blockDone(): void {
    const { streamId, isPush } = this.#block;
    const captured = this.#block.takeCaptured();
    const isWhole = this.#block.end();
    if (isPush) this.#grammar.count(captured, 'other');
    else this.#grammar.count(captured, this.#headers(streamId, isWhole) ? 'message' : 'unreadable');
  }

  /** A header block of a stream is over. @returns false: it could not be read */
  #headers(streamId: number, isWhole: boolean): boolean {
    const { fields, endsStream } = this.#block;
    this.#search.sawStream(streamId);
    // Go serves what begins anew on a stream that it has reset.
    if (isWhole && this.#grammar.isAnother(fields)) this.#open.end(streamId, 'http.message_cut');
    else if (isWhole && this.#open.trailers(streamId, this.#block, endsStream, this.#timeMs)) return true;
    if (!isWhole && this.#open.unreadable(streamId, endsStream)) return false;
    const head = isWhole ? this.#grammar.head(fields, endsStream, streamId) : null;
    if (head === null) this.#grammar.unreadable(streamId);
    if (head === null || head === 'passed') return head !== null;
    const message = new Http2Message(this.#context, head, this.#frameBegan, this.#timeMs);
    this.#open.begin(streamId, message, this.#block, endsStream);
    return true;
  }

  // --- copies, for bytes that come late

  /** Takes over the state of another, which reads the same stream. @returns false: there is no memory for it */
  copyFrom(other: FrameReader): boolean {
    this.#search.copyFrom(other.#search);
    this.#isBegun = other.#isBegun;
    this.isDoubtful = other.isDoubtful;
    this.#cursor.copyFrom(other.#cursor);
    this.#bytesAre = other.#bytesAre;
    this.#settings.reset();
    this.#frameBegan.set(other.#frameBegan.seq, other.#frameBegan);
    this.#timeMs = other.#timeMs;
    this.#position = other.#position;
    return this.#block.copyFrom(other.#block);
  }

  /** Has it read as far as `other`, and stands it where neither a frame's head nor a header block is begun? */
  isLevelWith(other: FrameReader): boolean {
    return this.#position === other.#position && this.#isBegun && this.#cursor.headRead === 0
      && this.#block.streamId === 0;
  }

  /** Frees what is held without a word. */
  discard(): void {
    this.#cursor.takeHead();
    this.#block.takeCaptured();
    this.#ended = true;
    this.#block.lose();
  }

  /** Counts what is neither a message nor a loss yet as lost. */
  losePending(): void {
    this.#grammar.count(this.#cursor.takeHead() + this.#block.takeCaptured(), 'unreadable');
  }

  // --- holes and ends

  /** A hole of so many bytes; < 0: nobody knows how many. */
  gap(bytes: number): void {
    if (this.#search.isLost || this.#ended) return;
    const cursor = this.#cursor;
    const { left } = cursor;
    if (bytes < 0 || bytes > left) {
      this.lose('tcp.reassembly_gap');
      return;
    }
    if (this.#bytesAre === 'block') this.#block.forget();
    this.#settings.reset();
    const hidesPadding = !cursor.isPadLengthKnown;
    const content = cursor.skip(bytes);
    if ((content > 0 || hidesPadding) && cursor.frame.type === FrameType.data) {
      this.#open.gap(cursor.frame.streamId, content);
    }
    if (bytes === left) this.#frameDone();
  }

  /** The stream of the DATA frame in which the reading stands; 0 = none. */
  get dataStream(): number {
    return this.#cursor.inFrame && this.#cursor.frame.type === FrameType.data ? this.#cursor.frame.streamId : 0;
  }

  /** The connection is over. Should bytes follow all the same, they are unreadable. */
  end(): void {
    if (this.#ended) return;
    this.#search.isLost = true;
    this.#giveUp('http.message_cut');
    this.#block.lose();
  }

  /** From here on it is not known where frames begin. */
  lose(reason: CounterName): void {
    this.#search.isLost = true;
    this.#block.forget();
    this.#giveUp(reason);
  }

  /** @returns true: bytes[start, end) are frames, from the first byte on; else they are counted, or HTTP/1 ends it */
  #findAgain(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.#block.isLost && this.#search.find(bytes, start, end)) return true;
    // No frame begins so: its length would be over 4 MiB.
    if (isRequestAt(bytes, start, end)) this.#end();
    else this.#grammar.count(end - start, 'unreadable');
    return false;
  }

  /** No frame stands at `at`, `before` bytes of earlier pieces included. @returns how far the piece was read */
  #noFrame(at: number, end: number, before: number): number {
    if (this.#search.isFoundAgain) {
      this.#grammar.count(before + end - at, 'unreadable');
      this.lose('tcp.reassembly_gap');
      return end;
    }
    this.#end();
    this.endBefore(this.#cursor.headStart(before));
    return at;
  }

  /** These are no frames. */
  #end(): void {
    this.#ended = true;
    this.#giveUp('http.message_cut');
    this.#block.lose();
    if (this.#isBegun) this.#context.ledger.count('http.http2_invalid_frame');
  }

  /** It is over, and these bytes of earlier pieces are not its own. */
  endBefore(leftover: Buffer): void {
    this.#ended = true;
    this.leftover = leftover;
  }

  #giveUp(reason: CounterName): void {
    this.losePending();
    this.#block.streamId = 0;
    this.#cursor.leave();
    this.#open.abandon(reason);
  }
}
