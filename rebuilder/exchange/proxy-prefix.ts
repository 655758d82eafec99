import { Origin, type Provenance } from '../reassembly/provenance.ts';
import type { ForkKind, StreamSink } from '../reassembly/stream-sink.ts';
import { HeldBytes } from '../http/held-bytes.ts';
import type { ReaderContext } from '../http/reader-context.ts';
import { type ProxyAddresses, parseProxyHeader } from './proxy-protocol.ts';

/**
 * The first bytes of a connection from a balancer that is known to send the PROXY protocol: its header tells the
 * client's address and is not part of the first request. Whatever is no such header, or was cut, goes on to the inner
 * sink untouched: bytes that a client may have written are never dropped here.
 */
export class ProxyPrefix implements StreamSink {
  readonly #inner: StreamSink;
  readonly #context: ReaderContext;
  /** The context of forks. */
  readonly #late: ReaderContext;
  /**
   * Called once, with the addresses of the header (null = none was there, or LOCAL); from then on the inner sink reads
   * alone.
   */
  readonly #decided: (addresses: ProxyAddresses | null) => void;
  /** The part of a header that has come. */
  readonly #held: HeldBytes;
  readonly #began = new Origin();
  #done = false;

  constructor(
    inner: StreamSink, context: ReaderContext, late: ReaderContext,
    decided: (addresses: ProxyAddresses | null) => void,
  ) {
    this.#inner = inner;
    this.#context = context;
    this.#late = late;
    this.#held = new HeldBytes(context.budget);
    this.#decided = decided;
  }

  data(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): void {
    if (this.#done) {
      this.#inner.data(bytes, start, end, seq, from);
      return;
    }
    const before = this.#held.length;
    if (before === 0) this.#began.set(seq, from);
    // A header in one piece, which is nearly every one, is not copied.
    let header = before === 0 ? parseProxyHeader(bytes, start, end) : null;
    if (header === null || header.kind === 'need_more') {
      if (!this.#held.append(bytes, start, end)) {
        this.#passOn();
        this.#inner.data(bytes, start, end, seq, from);
        return;
      }
      this.#context.pendingBytes += end - start;
      header = parseProxyHeader(this.#held.bytes, 0, this.#held.length);
      if (header.kind === 'need_more') return;
    }
    if (header.kind !== 'proxied' && header.kind !== 'local') {
      if (this.#held.length > 0) return this.#passOn();
      this.#decide(null);
      return this.#inner.data(bytes, start, end, seq, from);
    }
    this.#decide(header.kind === 'proxied' ? header.addresses : null);
    this.#context.ledger.count('http.proxy_protocol_bytes', header.length);
    const ofPiece = header.length - before;
    if (ofPiece < end - start) this.#inner.data(bytes, start + ofPiece, end, (seq + ofPiece) | 0, from);
  }

  gap(bytes: number): void {
    this.#passOn();
    this.#inner.gap(bytes);
  }

  end(): void {
    this.#passOn();
    this.#inner.end();
  }

  stall(nowMs: number, afterMs: number): boolean { return this.#inner.stall(nowMs, afterMs); }

  get unfinished(): boolean { return this.#held.length > 0 || this.#inner.unfinished; }

  fork(kind: ForkKind, afresh?: boolean): StreamSink | null {
    const inner = this.#inner.fork(kind, afresh);
    if (inner === null || this.#done) return inner;
    // A second reading may be made up: what it says of the client is not believed.
    const decided = kind === 'correction' ? this.#decided : () => {};
    const copy = new ProxyPrefix(inner, this.#late, this.#late, decided);
    const { bytes, length } = this.#held;
    if (length > 0 && !copy.#held.append(bytes, 0, length)) {
      copy.discard();
      return null;
    }
    copy.#began.set(this.#began.seq, this.#began);
    this.#late.pendingBytes += length;
    return copy;
  }

  discard(): void {
    this.#release();
    this.#inner.discard();
  }

  #decide(addresses: ProxyAddresses | null): void {
    this.#done = true;
    this.#release();
    this.#decided(addresses);
  }

  /** What is held is no header. */
  #passOn(): void {
    if (this.#done) return;
    const held = Buffer.from(this.#held.bytes.subarray(0, this.#held.length));
    this.#decide(null);
    if (held.length > 0) this.#inner.data(held, 0, held.length, this.#began.seq, this.#began);
  }

  #release(): void {
    this.#context.pendingBytes -= this.#held.length;
    this.#held.clear();
  }
}
