import type { CounterName } from '../ledger.ts';
import { ChunkScanner, entityOf } from './chunked.ts';
import { HeldBytes } from '../http/held-bytes.ts';
import type { ReaderContext } from '../http/reader-context.ts';

/** What there is of a message that is not finished: the bytes held, how many were captured, and what is known to be missing. */
export class MessageProgress {
  readonly held: HeldBytes;
  /** Where in its chunked body it is. */
  readonly chunks = new ChunkScanner();
  /** Bytes captured, held or not. */
  bytes = 0;
  /** Where in `held` the search for the empty line goes on. */
  scanFrom = 0;
  headersStart = 0;
  headEnd = 0;
  contentLength = 0;
  /** Bytes of a body of known length that are still to come. */
  remaining = 0;
  /** The held body is the entity, chunk framing taken off: a hole made the framing unreadable, or this reading has its own. */
  unchunked = false;
  lost: CounterName[] | null = null;
  /** It was emitted once, incomplete, because nothing more came. */
  stalled = false;
  readonly #context: ReaderContext;

  constructor(context: ReaderContext) {
    this.#context = context;
    this.held = new HeldBytes(context.budget);
  }

  /** Counts captured bytes (fewer than 0: takes them back). */
  add(bytes: number): void {
    this.bytes += bytes;
    this.#context.pendingBytes += bytes;
  }

  /**
   * Counts bytes[start, end) and holds as much of it as fits.
   * @param limit bytes held at most; what is beyond is lost for `reason` (null = nobody wants it)
   * @param expected length the message will have, when known
   * @returns false: no memory
   */
  hold(bytes: Uint8Array, start: number, end: number, limit: number, reason: CounterName | null, expected: number): boolean {
    this.add(end - start);
    let to = end;
    if (this.held.length + to - start > limit) {
      to = start + Math.max(0, limit - this.held.length);
      if (reason !== null) this.lose(reason);
    }
    if (to === start || this.held.append(bytes, start, to, Math.min(expected, limit))) return true;
    for (const stalled of this.#context.stalled) {
      stalled.gap(-1);
      if (this.held.append(bytes, start, to, Math.min(expected, limit))) return true;
    }
    this.lose('http.memcap');
    return false;
  }

  /** Bytes are missing. */
  lose(reason: CounterName): void {
    if (this.lost === null) this.lost = [reason];
    else if (!this.lost.includes(reason)) this.lost.push(reason);
  }

  /** Ready for the next message. */
  clear(): void {
    this.add(-this.bytes);
    this.held.clear();
    this.scanFrom = 0;
    this.headersStart = 0;
    this.headEnd = 0;
    this.contentLength = 0;
    this.remaining = 0;
    this.unchunked = false;
    this.lost = null;
    this.stalled = false;
  }

  /** Passes over a hole in a body. @returns false: it may have swallowed where the body ends */
  passOver(framing: 'length' | 'chunked' | 'close', bytes: number): boolean {
    if (framing === 'length' && bytes > this.remaining) return false;
    if (framing === 'chunked' && bytes > this.chunks.dataRemaining) return false;
    this.lose('tcp.reassembly_gap');
    if (framing === 'length') this.remaining -= bytes;
    if (framing !== 'chunked') return true;
    this.unchunk();
    this.chunks.skipData(bytes);
    return true;
  }

  /** Has it come as far as `other`, in the same state? */
  isLevelWith(other: MessageProgress): boolean {
    return this.bytes === other.bytes && this.remaining === other.remaining && this.unchunked === other.unchunked && this.headEnd === other.headEnd
      && this.chunks.isLevelWith(other.chunks);
  }

  /** @returns false: there was no memory for what the other one holds */
  copyFrom(other: MessageProgress): boolean {
    this.chunks.copyFrom(other.chunks);
    this.add(other.bytes);
    this.scanFrom = other.scanFrom;
    this.headersStart = other.headersStart;
    this.headEnd = other.headEnd;
    this.contentLength = other.contentLength;
    this.remaining = other.remaining;
    this.unchunked = other.unchunked;
    this.lost = other.lost === null ? null : [...other.lost];
    return this.held.append(other.held.bytes, 0, other.held.length);
  }

  /** Takes the chunk framing off what is held of the body. */
  unchunk(): void {
    if (this.unchunked) return;
    this.unchunked = true;
    const { held, headEnd } = this;
    const entity = entityOf(held.bytes, headEnd, held.length).slice();
    held.truncate(headEnd);
    held.append(entity, 0, entity.length);
  }
}
