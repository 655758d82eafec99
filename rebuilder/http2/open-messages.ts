import type { CounterName } from '../ledger.ts';
import type { ReaderContext } from '../http/reader-context.ts';
import type { HeaderBlock } from './header-block.ts';
import type { Http2Message } from './message.ts';
import { trailerLines } from './translation.ts';

/**
 * Streams whose message is not whole, in one direction: servers allow 100 to 250 at a time. But those that a server has
 * answered are over for it, and a client need not end them: the oldest is told as it is, and followed on.
 */
export const MAX_OPEN_STREAMS = 1000;
/** … so many of them. */
const MAX_TOLD_STREAMS = 20_000;

/** How a message is told; its bytes are good until another is. */
export interface Telling {
  /** Lines with their CRLF; '' = none */
  readonly trailers: string;
  /** Its end was seen. */
  readonly isWhole: boolean;
  readonly lost: CounterName[] | null;
  /** Its stream ended with its head. */
  readonly isHeadOnly: boolean;
}

/** Who tells the messages of one direction. */
export interface MessageTeller {
  tell(streamId: number, message: Http2Message, how: Telling): void;
}

/** The messages of one direction that are begun and not whole, by their streams, oldest first. */
export class OpenMessages {
  readonly #context: ReaderContext;
  readonly #teller: MessageTeller;
  readonly #open = new Map<number, Http2Message>();
  /** Those that were told as they were, because there were too many; should more of one come, that is a correction. */
  readonly #told = new Map<number, Http2Message>();
  /** None of them has waited since before then. */
  #oldestMs = Infinity;

  constructor(context: ReaderContext, teller: MessageTeller) {
    this.#context = context;
    this.#teller = teller;
  }

  get size(): number {
    return this.#open.size + this.#told.size;
  }

  has(streamId: number): boolean {
    return this.#open.has(streamId) || this.#told.has(streamId);
  }

  #get(streamId: number): Http2Message | undefined {
    return this.#open.get(streamId) ?? this.#told.get(streamId);
  }

  /** The first block of a stream was read. */
  begin(streamId: number, message: Http2Message, block: HeaderBlock, endsStream: boolean): void {
    addLosses(message, block);
    if (endsStream) {
      this.#teller.tell(streamId, message, { trailers: '', isWhole: true, lost: message.lost, isHeadOnly: true });
      return;
    }
    if (this.#open.size >= MAX_OPEN_STREAMS) this.#makeRoom();
    this.#open.set(streamId, message);
    this.#oldestMs = Math.min(this.#oldestMs, message.lastByteMs);
    if (message.hold()) return;
    this.#tellPart(streamId, message, 'http.memcap');
    message.drop();
  }

  #makeRoom(): void {
    const [oldest] = this.#open;
    const [streamId, message] = oldest!;
    this.#open.delete(streamId);
    if (message.isDropped) return;
    if (message.bodySize > message.stalledSize) this.#tellPart(streamId, message, 'http.http2_stream_limit');
    message.stalledSize = message.bodySize;
    if (this.#told.size >= MAX_TOLD_STREAMS) {
      const [first] = this.#told;
      this.#finish(first![0], first![1], '', 'http.http2_stream_limit');
    }
    if (message.rest()) this.#told.set(streamId, message);
    else message.drop();
  }

  /** Another block of a stream, its trailers. @returns false: the stream is not open */
  trailers(streamId: number, block: HeaderBlock, endsStream: boolean, nowMs: number): boolean {
    const message = this.#get(streamId);
    if (message === undefined) return false;
    message.lastByteMs = nowMs;
    addLosses(message, block);
    if (endsStream) this.#finish(streamId, message, trailerLines(block.fields));
    return true;
  }

  /** Another block of a stream cannot be read. @returns false: the stream is not open */
  unreadable(streamId: number, endsStream: boolean): boolean {
    const message = this.#get(streamId);
    if (message !== undefined && endsStream) this.#finish(streamId, message, '', 'tcp.reassembly_gap');
    return message !== undefined;
  }

  data(streamId: number, bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    this.#get(streamId)?.data(bytes, start, end, nowMs);
  }

  /** Bytes of its data are missing. */
  gap(streamId: number, bytes: number): void {
    this.#get(streamId)?.gap(bytes);
  }

  /** @param cut why more of it will not come; null = it is whole. @returns false: the stream is not open */
  end(streamId: number, cut: CounterName | null): boolean {
    const message = this.#get(streamId);
    if (message !== undefined) this.#finish(streamId, message, '', cut);
    return message !== undefined;
  }

  /** No more of any of them can be read. */
  abandon(reason: CounterName): void {
    for (const messages of [this.#told, this.#open]) {
      for (const [streamId, message] of messages) this.#finish(streamId, message, '', reason);
    }
    this.#oldestMs = Infinity;
  }

  /** Tells those that nothing was added to for `afterMs`, as far as they came. */
  stall(nowMs: number, afterMs: number): void {
    if (nowMs - this.#oldestMs < afterMs) return;
    this.#oldestMs = Infinity;
    for (const [streamId, message] of this.#open) {
      if (message.isDropped || message.stalledSize >= 0) continue;
      if (nowMs - message.lastByteMs < afterMs) {
        this.#oldestMs = Math.min(this.#oldestMs, message.lastByteMs);
        continue;
      }
      this.#tellPart(streamId, message, 'http.stalled');
      message.stalledSize = message.bodySize;
    }
  }

  /** Frees what is held without a word. */
  discard(): void {
    for (const messages of [this.#told, this.#open]) {
      for (const message of messages.values()) message.drop();
      messages.clear();
    }
  }

  /** @returns false: there was no memory for what the others hold */
  copyFrom(other: OpenMessages): boolean {
    this.discard();
    for (const [to, from] of [[this.#told, other.#told], [this.#open, other.#open]] as const) {
      for (const [streamId, message] of from) {
        const copy = message.copy(this.#context);
        if (copy === null) return false;
        to.set(streamId, copy);
      }
    }
    this.#oldestMs = -Infinity;
    return true;
  }

  /** What was told of each so far is taken for half of it: should it be whole, that is a correction. */
  markTold(): void {
    for (const message of this.#open.values()) message.stalledSize = Math.max(message.stalledSize, 0);
  }

  #tellPart(streamId: number, message: Http2Message, reason: CounterName): void {
    const lost = [...message.lost ?? [], reason];
    this.#teller.tell(streamId, message, { trailers: '', isWhole: false, lost, isHeadOnly: false });
  }

  /** @param cut why its end is missing */
  #finish(streamId: number, message: Http2Message, trailers: string, cut: CounterName | null = null): void {
    if (!this.#open.delete(streamId)) this.#told.delete(streamId);
    if (cut !== null) message.addLost(cut);
    if (!message.isDropped && (cut === null || message.bodySize > message.stalledSize)) {
      this.#teller.tell(streamId, message, { trailers, isWhole: cut === null, lost: message.lost, isHeadOnly: false });
    }
    message.drop();
  }
}

function addLosses(message: Http2Message, { isCut, hasUnknown }: HeaderBlock): void {
  if (isCut) message.addLost('http.head_limit');
  if (hasUnknown) message.addLost('tcp.reassembly_gap');
}
