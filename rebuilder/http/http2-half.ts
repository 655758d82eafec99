import type { CounterName } from '../ledger.ts';
import { HeaderBlock } from './header-block.ts';
import { DEFAULT_FRAME_BYTES, FRAME_HEADER_BYTES, FrameFlag, FrameHeader, FrameType, MAX_FRAME_BYTES, Setting, UNHEARD_FRAME_BYTES } from './http2-frame.ts';
import type { ReaderContext } from './reader-context.ts';

const EMPTY = Buffer.alloc(0);
const SETTING_BYTES = 6;

/** What the bytes of a frame are, for the ledger: of a message, of none, or not readable. */
export type FrameBytes = 'message' | 'other' | 'unreadable';

/**
 * One direction of a connection that speaks HTTP/2 (RFC 9113): frames in any pieces become header blocks, decoded, and data. Requests and
 * responses differ in what they make of those; the subclasses know.
 *
 * Bytes that are no frames end it: whoever reads the connection goes on there. A hole within a frame's payload is passed over by its length; one
 * that may have swallowed a frame's head leaves nothing to hold on to.
 */
export abstract class Http2Half {
  protected readonly context: ReaderContext;
  /** The other direction, which our SETTINGS bind. */
  peer: Http2Half | null = null;
  /** What the peer allows us. */
  #maxFrameBytes = UNHEARD_FRAME_BYTES;
  /** Nothing can be made of what follows: a hole took the place where frames begin. */
  #lost = false;
  #ended = false;
  // --- the literal bytes a client begins with (RFC 9113 3.4)
  #preface: Uint8Array;
  #prefaceRead = 0;
  #settingsSeen = false;
  // --- the present frame
  readonly #head = Buffer.alloc(FRAME_HEADER_BYTES);
  #headRead = 0;
  protected readonly frame = new FrameHeader();
  #inFrame = false;
  #prefix = 0;
  #content = 0;
  #padding = 0;
  #padLengthKnown = false;
  #bytesAre: FrameBytes | 'block' = 'other';
  readonly #setting = Buffer.alloc(SETTING_BYTES);
  #settingRead = 0;
  // --- the present header block: HEADERS or PUSH_PROMISE, then CONTINUATION up to END_HEADERS
  #blockStream = 0;
  #blockIsPush = false;
  #blockEndsStream = false;
  /** Captured bytes of its frames: neither message nor loss before it is decoded. */
  #blockBytes = 0;
  protected readonly block: HeaderBlock;
  // --- of the packet that began the frame, or the block
  protected frameSeq = 0;
  protected frameAck = 0;
  protected frameTimeMs = 0;
  protected frameIpId = 0;
  protected timeMs = 0;
  /** Sequence number behind what was read. */
  #position = 0;
  /** After an end: captured bytes of earlier pieces that turned out not to be HTTP/2, to be read again. */
  leftover: Buffer = EMPTY;

  constructor(context: ReaderContext, preface: Uint8Array) {
    this.context = context;
    this.#preface = preface;
    this.block = new HeaderBlock(context);
  }

  // --- what a subclass knows

  /** May this frame come, of those that name a stream? false = the connection is not HTTP/2 */
  protected abstract admits(): boolean;
  /** Is the stream one whose DATA means something? */
  protected abstract hasStream(streamId: number): boolean;
  /** `block.fields` are a whole header block. @returns what its bytes were */
  protected abstract headers(streamId: number, endsStream: boolean): FrameBytes;
  /** A header block that cannot be read. */
  protected abstract unreadableHeaders(streamId: number, endsStream: boolean): void;
  protected abstract data(streamId: number, bytes: Uint8Array, start: number, end: number): void;
  protected abstract dataGap(streamId: number, bytes: number): void;
  protected abstract endStream(streamId: number): void;
  protected abstract reset(streamId: number): void;
  protected abstract count(bytes: number, are: FrameBytes): void;
  /** From here on no header block can be read. */
  protected abstract headersAreLost(): void;
  /** Nothing more of any stream will be read: what is open is given up. */
  protected abstract abandon(reason: CounterName): void;

  // --- reading

  /** Has it found bytes that are not HTTP/2, and stopped there? */
  get isOver(): boolean {
    return this.#ended;
  }

  /** Was nothing read yet? */
  get isFresh(): boolean {
    return this.#prefaceRead === 0 && !this.#settingsSeen && !this.#ended && !this.#lost;
  }

  /** Were frames read, so that this is more than a guess? */
  get isBegun(): boolean {
    return this.#settingsSeen;
  }

  /** Can further header blocks be read? */
  get isReadable(): boolean {
    return !this.#lost && !this.#ended && !this.block.isLost;
  }

  /**
   * Reads bytes[start, end), a captured piece.
   * @returns `end`; or, when it ended there (`isOver`), where bytes begin that are not HTTP/2. `leftover` comes before them.
   */
  read(bytes: Uint8Array, start: number, end: number, seq: number, ack: number, timeMs: number, ipId: number): number {
    this.timeMs = timeMs;
    this.#position = (seq + end - start) | 0;
    let at = start;
    if (this.#prefaceRead < this.#preface.length) {
      at = this.#readPreface(bytes, start, end);
      if (this.#ended) return start;
    }
    while (at < end) {
      if (this.#lost) {
        this.count(end - at, 'unreadable');
        return end;
      }
      if (this.#inFrame) {
        at = this.#payload(bytes, at, end);
        if (this.#ended) return at;
        continue;
      }
      if (this.#headRead === 0 && this.#blockStream === 0) {
        this.frameSeq = (seq + at - start) | 0;
        this.frameAck = ack;
        this.frameTimeMs = timeMs;
        this.frameIpId = ipId;
      }
      const before = this.#headRead;
      const n = Math.min(FRAME_HEADER_BYTES - before, end - at);
      this.#head.set(bytes.subarray(at, at + n), before);
      this.#headRead += n;
      if (this.#headRead < FRAME_HEADER_BYTES) {
        this.context.pendingBytes += n;
        return end;
      }
      this.context.pendingBytes -= before;
      if (!this.#begin()) {
        this.leftover = Buffer.from(this.#head.subarray(0, before));
        this.#headRead = 0;
        this.#end();
        return at;
      }
      at += n;
    }
    return end;
  }

  #readPreface(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && this.#prefaceRead < this.#preface.length) {
      if (bytes[at] !== this.#preface[this.#prefaceRead]) {
        this.#endInPreface(this.#prefaceRead - (at - start));
        return start;
      }
      this.#prefaceRead++;
      at++;
    }
    this.context.pendingBytes += at - start;
    if (this.#prefaceRead === this.#preface.length) {
      this.context.pendingBytes -= this.#preface.length;
      this.count(this.#preface.length, 'other');
      this.begun();
    }
    return at;
  }

  /** The preface is whole: this is HTTP/2. */
  protected begun(): void {}

  /** A frame's head is whole. @returns false: it is none */
  #begin(): boolean {
    const { frame } = this;
    frame.parse(this.#head, 0);
    const { type } = frame;
    // RFC 9113 3.4: either end begins with SETTINGS; 6.10: nothing stands between the frames of a header block.
    if (!this.#settingsSeen && (type !== FrameType.settings || frame.has(FrameFlag.ack))) return false;
    if (!frame.isSound(this.#maxFrameBytes)) return false;
    if ((type === FrameType.continuation) !== (this.#blockStream !== 0)) return false;
    if (this.#blockStream !== 0 && frame.streamId !== this.#blockStream) return false;
    if (frame.streamId !== 0 && !this.admits()) return false;
    this.#settingsSeen = true;
    this.#headRead = 0;
    this.#inFrame = true;
    this.#prefix = frame.prefixBytes;
    this.#content = frame.length - this.#prefix;
    this.#padding = 0;
    this.#padLengthKnown = !frame.isPadded;
    this.#settingRead = 0;
    if (type === FrameType.headers || type === FrameType.pushPromise) {
      this.#blockStream = frame.streamId;
      this.#blockIsPush = type === FrameType.pushPromise;
      this.#blockEndsStream = type === FrameType.headers && frame.has(FrameFlag.endStream);
      this.block.begin();
    }
    if (type === FrameType.headers || type === FrameType.pushPromise || type === FrameType.continuation) this.#bytesAre = 'block';
    else if (type === FrameType.data) this.#bytesAre = this.hasStream(frame.streamId) ? 'message' : 'unreadable';
    else this.#bytesAre = 'other';
    this.#account(FRAME_HEADER_BYTES);
    if (frame.length === 0) this.#frameDone();
    return true;
  }

  #account(bytes: number): void {
    if (this.#bytesAre === 'block') {
      this.#blockBytes += bytes;
      this.context.pendingBytes += bytes;
    } else {
      this.count(bytes, this.#bytesAre);
    }
  }

  /** @returns how far the piece was read */
  #payload(bytes: Uint8Array, at: number, end: number): number {
    const { frame } = this;
    if (this.#prefix > 0) {
      if (!this.#padLengthKnown) {
        const padding = bytes[at]!;
        // RFC 9113 6.1: padding that is longer than the frame is a connection error.
        if (padding > this.#content) {
          this.#end();
          return at;
        }
        this.#padLengthKnown = true;
        this.#padding = padding;
        this.#content -= padding;
      }
      const n = Math.min(this.#prefix, end - at);
      this.#prefix -= n;
      this.#account(n);
      if (this.#prefix + this.#content + this.#padding === 0) this.#frameDone();
      return at + n;
    }
    const content = Math.min(this.#content, end - at);
    if (content > 0) {
      this.#content -= content;
      this.#account(content);
      if (frame.type === FrameType.data) this.data(frame.streamId, bytes, at, at + content);
      else if (this.#bytesAre === 'block') this.#fragment(bytes, at, at + content);
      else if (frame.type === FrameType.settings) this.#settings(bytes, at, at + content);
    }
    const padding = Math.min(this.#padding, end - at - content);
    if (padding > 0) {
      this.#padding -= padding;
      this.#account(padding);
    }
    if (this.#content + this.#padding === 0) this.#frameDone();
    return at + content + padding;
  }

  #frameDone(): void {
    const { frame } = this;
    this.#inFrame = false;
    if (this.#bytesAre === 'block') {
      if (frame.has(FrameFlag.endHeaders)) this.#blockDone();
    } else if (frame.type === FrameType.data) {
      if (frame.has(FrameFlag.endStream)) this.endStream(frame.streamId);
    } else if (frame.type === FrameType.rstStream) {
      this.reset(frame.streamId);
    }
  }

  // --- SETTINGS

  #settings(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at++) {
      this.#setting[this.#settingRead++] = bytes[at]!;
      if (this.#settingRead < SETTING_BYTES) continue;
      this.#settingRead = 0;
      this.peer?.obey(this.#setting.readUInt16BE(0), this.#setting.readUInt32BE(2));
    }
  }

  /** A setting of the peer's, which binds what is sent here. */
  protected obey(setting: number, value: number): void {
    if (setting === Setting.headerTableSize) this.block.allow(value);
    else if (setting === Setting.maxFrameSize) this.#maxFrameBytes = Math.min(Math.max(value, DEFAULT_FRAME_BYTES), MAX_FRAME_BYTES);
  }

  // --- header blocks

  #fragment(bytes: Uint8Array, start: number, end: number): void {
    if (this.block.isLost) return;
    this.block.fragment(bytes, start, end);
    if (this.block.isLost) this.headersAreLost();
  }

  #blockDone(): void {
    const streamId = this.#blockStream;
    const bytes = this.#blockBytes;
    this.#blockStream = 0;
    this.#blockBytes = 0;
    this.context.pendingBytes -= bytes;
    if (!this.block.isLost && !this.block.end()) this.headersAreLost();
    if (this.#blockIsPush) {
      this.count(bytes, 'other');
    } else if (this.block.isLost) {
      this.count(bytes, 'unreadable');
      this.unreadableHeaders(streamId, this.#blockEndsStream);
    } else {
      this.count(bytes, this.headers(streamId, this.#blockEndsStream));
    }
  }

  // --- copies, for bytes that come late

  /** Takes over the state of another, which reads the same stream. @returns false: there is no memory for it */
  protected copyFrom(other: Http2Half): boolean {
    this.#maxFrameBytes = other.#maxFrameBytes;
    this.#lost = other.#lost;
    this.#prefaceRead = other.#prefaceRead;
    this.#settingsSeen = other.#settingsSeen;
    this.#head.set(other.#head);
    this.#headRead = other.#headRead;
    this.frame.parse(other.#head, 0);
    this.#inFrame = other.#inFrame;
    this.#prefix = other.#prefix;
    this.#content = other.#content;
    this.#padding = other.#padding;
    this.#padLengthKnown = other.#padLengthKnown;
    this.#bytesAre = other.#bytesAre;
    this.#settingRead = 0;
    this.#blockStream = other.#blockStream;
    this.#blockIsPush = other.#blockIsPush;
    this.#blockEndsStream = other.#blockEndsStream;
    this.#blockBytes = other.#blockBytes;
    this.frameSeq = other.frameSeq;
    this.frameAck = other.frameAck;
    this.frameTimeMs = other.frameTimeMs;
    this.frameIpId = other.frameIpId;
    this.timeMs = other.timeMs;
    this.#position = other.#position;
    this.context.pendingBytes += this.#pending;
    return this.block.copyFrom(other.block);
  }

  /** Is everything known that was sent up to where `other` has read, with nothing in between? */
  protected isLevelWith(other: Http2Half): boolean {
    return this.isReadable && this.#position === other.#position && this.#settingsSeen && this.#headRead === 0 && this.#blockStream === 0;
  }

  /** Frees what is held without a word. */
  discard(): void {
    this.context.pendingBytes -= this.#pending;
    this.#headRead = 0;
    this.#blockBytes = 0;
    this.#ended = true;
    this.block.lose();
  }

  /** Counts what is neither a message nor a loss yet as lost. */
  protected losePending(): void {
    const pending = this.#pending;
    this.context.pendingBytes -= pending;
    this.count(pending, 'unreadable');
    this.#headRead = 0;
    this.#blockBytes = 0;
  }

  /** The stream of the DATA frame in which the reading stands; 0 = none. */
  protected get dataStream(): number {
    return this.#inFrame && this.frame.type === FrameType.data ? this.frame.streamId : 0;
  }

  /** Captured bytes that were not counted yet. */
  get #pending(): number {
    return this.#blockBytes + this.#headRead + (this.#prefaceRead < this.#preface.length ? this.#prefaceRead : 0);
  }

  // --- holes and ends

  /** A hole of so many bytes; < 0: nobody knows how many. */
  gap(bytes: number): void {
    if (this.#lost || this.#ended) return;
    if (this.#prefaceRead < this.#preface.length) {
      // Nothing has shown yet that this is HTTP/2.
      this.#endInPreface(this.#prefaceRead);
      return;
    }
    const left = this.#inFrame ? this.#prefix + this.#content + this.#padding : 0;
    if (bytes < 0 || bytes > left) {
      this.lose('tcp.reassembly_gap');
      return;
    }
    if (this.#bytesAre === 'block' && !this.block.isLost) {
      this.block.lose();
      this.headersAreLost();
    }
    this.#settingRead = 0;
    this.#padLengthKnown = true;
    const prefix = Math.min(this.#prefix, bytes);
    const content = Math.min(this.#content, bytes - prefix);
    this.#prefix -= prefix;
    this.#content -= content;
    this.#padding -= bytes - prefix - content;
    if (content > 0 && this.frame.type === FrameType.data) this.dataGap(this.frame.streamId, content);
    if (bytes === left) this.#frameDone();
  }

  /** The connection is over. Should bytes follow all the same, they are unreadable. */
  end(): void {
    if (this.#ended) return;
    if (this.#prefaceRead < this.#preface.length) this.#endInPreface(this.#prefaceRead);
    else this.lose('http.message_cut');
  }

  protected lose(reason: CounterName): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#giveUp(reason);
  }

  /** These are no frames. */
  #end(): void {
    this.#ended = true;
    this.#giveUp('http.message_cut');
    if (this.#settingsSeen) this.context.ledger.count('http.http2_invalid_frame');
  }

  /** The first bytes were the preface's up to here: `fromBefore` of them are of earlier pieces. */
  #endInPreface(fromBefore: number): void {
    this.context.pendingBytes -= fromBefore;
    this.leftover = Buffer.from(this.#preface.subarray(0, fromBefore));
    this.#ended = true;
  }

  /** Counts what was neither a message nor a loss yet, and gives all memory back. */
  #giveUp(reason: CounterName): void {
    this.losePending();
    this.#blockStream = 0;
    this.#inFrame = false;
    this.block.lose();
    this.abandon(reason);
  }
}
