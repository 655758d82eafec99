import type { CounterName } from '../ledger.ts';
import { Origin, type Provenance } from '../reassembly/provenance.ts';
import type { ForkKind, StreamSink } from '../reassembly/stream-sink.ts';
import { MessageProgress } from './message-progress.ts';
import type { Framing } from '../http/message.ts';
import { type Body, type BodyFraming, wholeBody } from '../http/reader-context.ts';
import type { Http1Context } from './http1-context.ts';
import { emptyLine, lineEnd } from '../http/request-line.ts';

const LF = 10;
type State = 'idle' | 'head' | 'length' | 'chunked' | 'close' | 'other';

/**
 * Frames the messages of one direction (RFC 9112): a head, then a body by length, by chunks or up to the end. Requests and responses differ
 * in their start line and in the rules of RFC 9112 6.3; the subclasses know those. A message that lies whole in one captured piece is never
 * copied; any other is held contiguous until it ends, is cut or is given up.
 */
export abstract class MessageReader implements StreamSink {
  protected readonly context: Http1Context;
  protected state: State = 'idle';
  /** Only counts and frames: bodies are not kept (responses nobody asked for). */
  protected keepBodies = true;
  /** What is known of a message that lies in several pieces; null = there is none, or all of it is in this piece. */
  #part: MessageProgress | null = null;
  /** Where in `held` the search for the empty line goes on. */
  #scanFrom = 0;
  #headersStart = 0;
  #headEnd = 0;
  #contentLength = 0;
  #remaining = 0;
  /** The held body is the entity, chunk framing taken off: a hole made the framing unreadable. */
  #unchunked = false;
  /** Where the message in progress begins, and in which packet. */
  protected readonly began = new Origin();
  protected lastByteMs = 0;

  constructor(context: Http1Context) {
    this.context = context;
  }

  get #progress(): MessageProgress {
    return this.#part ??= this.context.spareProgress.pop() ?? new MessageProgress(this.context);
  }

  /** At a message's first byte: true = read a head from here. false = it has dealt with it, `skipped` says up to where. */
  protected abstract begin(bytes: Uint8Array, at: number, end: number): boolean;
  protected skipped = 0;
  protected abstract other(bytes: Uint8Array, at: number, end: number): number;
  /** Can the held beginning of a line still become a start line? */
  protected abstract partialLine(bytes: Uint8Array, length: number): 'yes' | 'no';
  /** Is the whole line bytes[start, end) a start line? 'alone' = a message of that line only (HTTP/0.9). */
  protected abstract startLine(bytes: Uint8Array, start: number, end: number): 'yes' | 'no' | 'alone';
  /** Reads context.lines of a complete head. */
  protected abstract frame(bytes: Uint8Array, start: number, headersStart: number, headEnd: number): BodyFraming;
  /** bytes[start, end) is a message; context.lines hold its header lines. */
  protected abstract emit(bytes: Uint8Array, start: number, headersStart: number, headEnd: number, end: number, body: Body): void;
  /** Counts captured bytes that became part of a message. */
  protected abstract countBytes(bytes: number): void;
  /** What stands here is no message: look for the next one. */
  protected abstract lose(bytes: number): void;
  protected abstract resync(): void;

  data(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): void {
    this.lastByteMs = from.timeMs;
    let at = start;
    while (at < end) {
      switch (this.state) {
        case 'idle':
          if (this.begin(bytes, at, end)) {
            this.began.set((seq + at - start) | 0, from);
            at = this.#newHead(bytes, at, end);
          } else {
            at = this.skipped;
          }
          break;
        case 'head': at = this.#moreHead(bytes, at, end); break;
        case 'length': at = this.#lengthBody(bytes, at, end); break;
        case 'chunked': at = this.#chunkedBody(bytes, at, end); break;
        case 'close':
          this.#hold(bytes, at, end);
          at = end;
          break;
        case 'other':
          this.began.set((seq + at - start) | 0, from); // of the message that `other` may find
          at = this.other(bytes, at, end);
          break;
      }
    }
  }

  gap(bytes: number): void {
    const known = bytes >= 0;
    if (this.state === 'length' && known && bytes <= this.#remaining) {
      this.#progress.lose('tcp.reassembly_gap');
      this.#remaining -= bytes;
      if (this.#remaining === 0) this.#finishHeld();
    } else if (this.state === 'chunked' && known && bytes <= this.#progress.chunks.dataRemaining) {
      this.#progress.lose('tcp.reassembly_gap');
      this.#unchunk();
      this.#progress.chunks.skipData(bytes);
    } else if (this.state === 'close' && known) {
      this.#progress.lose('tcp.reassembly_gap');
    } else if (!this.gapInOther(bytes)) {
      this.giveUp('tcp.reassembly_gap');
      this.resync();
    }
  }

  /** A hole while the state is `other`; @returns true when it could be passed over. */
  protected abstract gapInOther(bytes: number): boolean;

  end(): void {
    if (this.state === 'close') this.#finishHeld();
    else this.giveUp('http.message_cut');
  }

  /** Is a message begun and not finished? */
  get unfinished(): boolean {
    return this.#part !== null && this.#part.bytes > 0;
  }

  /**
   * Emits what there is of a message that nothing was added to for long, so that it does not wait for its lost end. The reading goes on: should
   * the rest come, the whole message is emitted again as a correction, unless what is held had to make room.
   */
  stall(nowMs: number, afterMs: number): boolean {
    const part = this.#part;
    if (part === null || part.bytes === 0 || this.state === 'close') return false;
    if (nowMs - this.lastByteMs < afterMs) return true;
    if (!part.stalled) part.stalled = this.#emitPart('http.stalled', false);
    this.context.stalled.add(this);
    return false;
  }

  /** Frees what is held without a word: for copies that are dropped. */
  discard(): void {
    this.#reset();
    this.state = 'idle';
  }

  abstract fork(kind: ForkKind, afresh?: boolean): StreamSink | null;

  /** Takes over the state of another reader, with a copy of what it holds. @returns false: there was no memory for that */
  protected copyFrom(other: MessageReader): boolean {
    this.state = other.state;
    this.#scanFrom = other.#scanFrom;
    this.#headersStart = other.#headersStart;
    this.#headEnd = other.#headEnd;
    this.#contentLength = other.#contentLength;
    this.#remaining = other.#remaining;
    this.#unchunked = other.#unchunked;
    this.began.set(other.began.seq, other.began);
    this.lastByteMs = other.lastByteMs;
    return other.#part === null || this.#progress.copyFrom(other.#part);
  }

  /** A message begins in a piece; @returns how far it was read. */
  #newHead(bytes: Uint8Array, start: number, end: number): number {
    const headersStart = lineEnd(bytes, start, end);
    if (headersStart >= 0) {
      const kind = this.startLine(bytes, start, headersStart);
      if (kind === 'no') {
        this.resync();
        return start;
      }
      const scanned = this.context.lines.scan(bytes, headersStart, kind === 'alone' ? headersStart : end);
      const headEnd = kind === 'alone' ? headersStart : scanned;
      if (headEnd >= 0) return this.#headDone(bytes, start, headersStart, headEnd, end);
    }
    this.state = 'head';
    this.#headersStart = 0;
    this.#scanFrom = 0;
    return this.#moreHead(bytes, start, end);
  }

  /** A head whole in bytes[start, headEnd), in the captured piece. */
  #headDone(bytes: Uint8Array, start: number, headersStart: number, headEnd: number, end: number): number {
    const { framing, contentLength } = this.frame(bytes, start, headersStart, headEnd);
    this.#contentLength = contentLength;
    if (framing === 'none' || (framing === 'length' && headEnd + contentLength <= end)) {
      const messageEnd = headEnd + contentLength;
      this.countBytes(messageEnd - start);
      this.state = 'idle';
      this.emit(bytes, start, headersStart, headEnd, messageEnd, wholeBody(framing, contentLength, 0));
      return messageEnd;
    }
    let bodyEnd = end;
    if (framing === 'chunked') {
      const { chunks } = this.context;
      chunks.reset();
      bodyEnd = chunks.scan(bytes, headEnd, end);
      if (chunks.state === 'done') {
        this.countBytes(bodyEnd - start);
        this.state = 'idle';
        this.emit(bytes, start, headersStart, headEnd, bodyEnd, wholeBody('chunked', chunks.entityBytes, chunks.irregular));
        return bodyEnd;
      }
      this.#progress.chunks.copyFrom(chunks);
    }
    this.#headersStart = headersStart - start;
    this.#headEnd = headEnd - start;
    this.#remaining = contentLength - (bodyEnd - headEnd);
    this.state = framing;
    if (!this.#hold(bytes, start, headEnd, this.#headEnd + contentLength)) return this.#emitUnheld(bytes, start, headersStart, headEnd, bodyEnd);
    this.#hold(bytes, headEnd, bodyEnd);
    if (framing === 'chunked' && this.#progress.chunks.state === 'invalid') this.#finishInvalid();
    return bodyEnd;
  }

  /** There is no memory even for the head: what this piece has of the message is emitted at once, and the next one searched. */
  #emitUnheld(bytes: Uint8Array, start: number, headersStart: number, headEnd: number, end: number): number {
    const size = this.state === 'chunked' ? this.#progress.chunks.entityBytes : this.#contentLength;
    this.#progress.add(end - headEnd);
    this.#done(true);
    const framing = this.#heldFraming();
    this.emit(bytes, start, headersStart, headEnd, end, { framing, size, complete: false, lost: ['http.memcap'], irregular: 0, correction: false });
    this.resync();
    return end;
  }

  /** More of a head that did not end in its first piece. */
  #moreHead(bytes: Uint8Array, at: number, end: number): number {
    const held = this.#progress.held;
    const before = held.length;
    const to = Math.min(end, at + this.context.headBytes - before);
    if (to > at && !this.#hold(bytes, at, to)) {
      this.giveUp('http.memcap');
      this.resync();
      return to;
    }
    if (this.#headersStart === 0) {
      const start = lineEnd(held.bytes, this.#scanFrom, held.length);
      if (start < 0) this.#scanFrom = held.length;
      const kind = start < 0 ? this.partialLine(held.bytes, held.length) : this.startLine(held.bytes, 0, start);
      if (kind === 'no') return this.#notAHead(at, to);
      if (kind === 'alone') return this.#heldHeadDone(start, start, before, at);
      if (start >= 0) {
        this.#headersStart = start;
        this.#scanFrom = start - 1;
      }
    }
    if (this.#headersStart > 0) {
      const headEnd = emptyLine(held.bytes, this.#scanFrom, held.length);
      if (headEnd >= 0) return this.#heldHeadDone(this.#headersStart, headEnd, before, at);
      // The last line's end may be the first half of an empty line.
      this.#scanFrom = Math.max(this.#headersStart - 1, held.length - 2);
    }
    if (held.length >= this.context.headBytes) {
      this.giveUp('http.head_limit');
      this.resync();
    }
    return to;
  }

  /** The held bytes are no head: all of them but those of this piece are lost, and the search begins with this piece. */
  #notAHead(at: number, to: number): number {
    this.#progress.add(at - to);
    this.#done(false);
    this.resync();
    return at;
  }

  /** The held head ends at headEnd; what was held beyond it is read again from the piece. */
  #heldHeadDone(headersStart: number, headEnd: number, before: number, at: number): number {
    const { held } = this.#progress;
    const beyond = held.length - headEnd;
    held.truncate(headEnd);
    this.#progress.bytes -= beyond;
    this.context.pendingBytes -= beyond;
    this.context.lines.scan(held.bytes, headersStart, headEnd);
    const { framing, contentLength } = this.frame(held.bytes, 0, headersStart, headEnd);
    this.#headersStart = headersStart;
    this.#headEnd = headEnd;
    this.#contentLength = contentLength;
    this.#remaining = contentLength;
    if (framing === 'none' || (framing === 'length' && contentLength === 0)) {
      this.state = 'length';
      this.#finishHeld(framing);
    } else {
      if (framing === 'chunked') this.#progress.chunks.reset();
      this.state = framing;
    }
    return at + headEnd - before;
  }

  #lengthBody(bytes: Uint8Array, at: number, end: number): number {
    const to = Math.min(end, at + this.#remaining);
    this.#hold(bytes, at, to, this.#headEnd + this.#contentLength);
    this.#remaining -= to - at;
    if (this.#remaining === 0) this.#finishHeld();
    return to;
  }

  #chunkedBody(bytes: Uint8Array, at: number, end: number): number {
    let stop = at;
    if (this.#unchunked) {
      // Only data is held; the framing between is passed over.
      const data = this.#progress.chunks.dataRemaining;
      stop = this.#progress.chunks.scan(bytes, at, data > 0 ? Math.min(end, at + data) : at + 1);
      if (data > 0) this.#hold(bytes, at, stop);
      else this.#progress.add(stop - at);
    } else {
      stop = this.#progress.chunks.scan(bytes, at, end);
      this.#hold(bytes, at, stop);
    }
    if (this.#progress.chunks.state === 'done') this.#finishHeld();
    else if (this.#progress.chunks.state === 'invalid') this.#finishInvalid();
    return stop;
  }

  #unchunk(): void {
    if (!this.#unchunked) this.#progress.unchunk(this.#headEnd);
    this.#unchunked = true;
  }

  /** Adds captured bytes to the message; beyond the limits they are only counted. @returns false: there was no memory */
  #hold(bytes: Uint8Array, start: number, end: number, expected = 0): boolean {
    const { bodyLimitBytes } = this.context;
    this.context.stalled.delete(this);
    const limit = this.state === 'head' ? Infinity : this.#headEnd + (this.keepBodies ? bodyLimitBytes : 0);
    return this.#progress.hold(bytes, start, end, limit, this.keepBodies ? 'http.body_limit' : null, expected);
  }

  #finishInvalid(): void {
    this.#progress.lose('http.invalid_chunk');
    this.#finishHeld();
    this.resync();
  }

  #finishHeld(framing: Framing = this.#heldFraming()): void {
    this.#emitHeld(framing, this.#progress.lost, this.#progress.stalled, true);
    this.#done(true);
  }

  /** Ends a message in progress: what there is of it is emitted as incomplete; less than a start line is counted as lost. */
  giveUp(reason: CounterName): void {
    if (!this.unfinished) return;
    const emitted = this.#progress.stalled || this.#emitPart(reason, true);
    this.state = 'idle';
    this.#done(emitted);
  }

  /** Emits what there is; @returns false when that is not even a start line. */
  #emitPart(reason: CounterName, final: boolean): boolean {
    if (this.state !== 'head') {
      this.#emitHeld(this.#heldFraming(), this.#progress.lost === null ? [reason] : [...this.#progress.lost, reason], false, final);
      return true;
    }
    // Of a head, the lines that are whole.
    const { held } = this.#progress;
    const end = held.length === 0 ? 0 : held.bytes.lastIndexOf(LF, held.length - 1) + 1;
    if (this.#headersStart === 0 || end < this.#headersStart) return false;
    this.context.lines.scan(held.bytes, this.#headersStart, end);
    this.emit(held.bytes, 0, this.#headersStart, end, end, { framing: 'none', size: 0, complete: false, lost: [reason], irregular: 0, correction: false });
    return true;
  }

  #heldFraming(): Framing {
    if (this.state === 'chunked') return this.#unchunked ? 'length' : 'chunked';
    return this.state === 'close' ? 'close' : 'length';
  }

  #emitHeld(framing: Framing, lost: CounterName[] | null, correction: boolean, final: boolean): void {
    const { held } = this.#progress;
    this.context.lines.scan(held.bytes, this.#headersStart, this.#headEnd);
    const size = this.state === 'chunked' ? this.#progress.chunks.entityBytes : this.state === 'close' ? this.#progress.bytes - this.#headEnd : this.#contentLength;
    const irregular = this.state === 'chunked' ? this.#progress.chunks.irregular : 0;
    if (final) this.state = 'idle'; // what follows is read afresh, unless emit() says otherwise
    this.emit(held.bytes, 0, this.#headersStart, this.#headEnd, held.length, { framing, size, complete: lost === null, lost, irregular, correction });
  }

  /** @param emitted false: the captured bytes became no message */
  #done(emitted: boolean): void {
    if (emitted) this.countBytes(this.#progress.bytes);
    else this.lose(this.#progress.bytes);
    this.#reset();
  }

  #reset(): void {
    const part = this.#part;
    if (part !== null) {
      part.clear();
      this.context.stalled.delete(this);
      this.context.spareProgress.push(part);
      this.#part = null;
    }
    this.#unchunked = false;
    this.#headersStart = 0;
    this.#scanFrom = 0;
  }
}
