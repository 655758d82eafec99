/** RFC 9113 6 */
export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FrameFlag = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

/** None that is registered, or will be: 0xf0 and above are for experiments. */
const UNKNOWN_TYPE = 0xff;

export const Setting = { headerTableSize: 1, maxFrameSize: 5 } as const;

export const FRAME_HEADER_BYTES = 9;
/** SETTINGS_MAX_FRAME_SIZE before it is changed (RFC 9113 6.5.2). */
export const DEFAULT_FRAME_BYTES = 16_384;
/**
 * What is taken for a frame, behind a hole, while the other end's SETTINGS were not heard: servers ask for up to 1 MiB.
 * Under 4 MiB: no letter may be read as the beginning of a length, so that a line of HTTP/1 is never one.
 */
export const UNHEARD_FRAME_BYTES = 1 << 20;
export const MAX_FRAME_BYTES = 1 << 22;

/** Flags that a frame of each type may have. */
const FLAGS: readonly number[] = [
  FrameFlag.endStream | FrameFlag.padded,
  FrameFlag.endStream | FrameFlag.endHeaders | FrameFlag.padded | FrameFlag.priority,
  0, 0, FrameFlag.ack, FrameFlag.endHeaders | FrameFlag.padded, FrameFlag.ack, 0, 0,
];

/** The head of a frame (RFC 9113 4.1); overwritten by each parse. */
export class FrameHeader {
  length = 0;
  type = 0;
  flags = 0;
  streamId = 0;

  parse(bytes: Uint8Array, at: number): void {
    this.length = bytes[at]! << 16 | bytes[at + 1]! << 8 | bytes[at + 2]!;
    this.type = bytes[at + 3]!;
    this.flags = bytes[at + 4]!;
    this.streamId = (bytes[at + 5]! & 0x7f) << 24 | bytes[at + 6]! << 16 | bytes[at + 7]! << 8 | bytes[at + 8]!;
  }

  copyFrom(other: FrameHeader): void {
    this.length = other.length;
    this.type = other.type;
    this.flags = other.flags;
    this.streamId = other.streamId;
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  /** Bytes before the content of DATA, HEADERS and PUSH_PROMISE: pad length, priority, promised stream. */
  get prefixBytes(): number {
    const padding = this.has(FrameFlag.padded) ? 1 : 0;
    switch (this.type) {
      case FrameType.data: return padding;
      case FrameType.headers: return padding + (this.has(FrameFlag.priority) ? 5 : 0);
      case FrameType.pushPromise: return padding + 4;
      default: return 0;
    }
  }

  get isPadded(): boolean {
    const { type } = this;
    return this.has(FrameFlag.padded)
      && (type === FrameType.data || type === FrameType.headers || type === FrameType.pushPromise);
  }

  /** Is it one that anyone would send who does nothing odd? Not CONTINUATION, which never comes alone. */
  isUsual(maxBytes: number, lastStreamId: number): boolean {
    const { type, flags, length, streamId } = this;
    return type < FLAGS.length && (flags & ~FLAGS[type]!) === 0
      && streamId <= lastStreamId && (streamId === 0 || streamId % 2 === 1)
      && length <= maxBytes && this.isSound;
  }

  /** From here on it is one of a type that nobody knows: passed over by its length (RFC 9113 4.1). */
  makeUnknown(): void {
    this.type = UNKNOWN_TYPE;
    this.flags = 0;
  }

  /**
   * Is it one that receivers take? Most answer others with a connection error (RFC 9113 6). NGINX takes any length,
   * Node a PRIORITY of no stream; but a head that is all text is a line of HTTP/1.
   */
  get isSound(): boolean {
    const { type, length, streamId } = this;
    switch (type) {
      case FrameType.data:
      case FrameType.headers:
      case FrameType.pushPromise:
      case FrameType.continuation: return streamId !== 0 && length >= this.prefixBytes && !this.isText;
      case FrameType.priority: return length === 5;
      case FrameType.rstStream: return streamId !== 0 && length === 4;
      case FrameType.settings: return streamId === 0 && length % 6 === 0 && (length === 0 || !this.has(FrameFlag.ack));
      case FrameType.ping: return streamId === 0 && length === 8;
      case FrameType.goaway: return streamId === 0 && length >= 8;
      case FrameType.windowUpdate: return length === 4;
      // RFC 9113 4.1: frames of unknown types are ignored.
      default: return !this.isText;
    }
  }

  get isText(): boolean {
    const { length, streamId } = this;
    return isText(length >> 16) && isText(length >> 8) && isText(length) && isText(this.type) && isText(this.flags)
      && isText(streamId >> 24) && isText(streamId >> 16) && isText(streamId >> 8) && isText(streamId);
  }
}

/** Is the lowest byte of `number` printable, a tab or part of a line end? */
function isText(number: number): boolean {
  const byte = number & 0xff;
  return (byte >= 0x20 && byte < 0x7f) || byte === 9 || byte === 10 || byte === 13;
}
