import type { Provenance } from '../reassembly/provenance.ts';
import type { ForkKind, StreamSink } from '../reassembly/stream-sink.ts';
import type { ReaderContext } from '../http/reader-context.ts';
import { type ProxyAddresses, parseProxyHeader } from './proxy-protocol.ts';

/** Longer than any header with TLVs that balancers send (AWS: under 100 bytes). */
const MAX_HEADER_BYTES = 4096;
const EMPTY = Buffer.alloc(0);

/**
 * The first bytes of a connection from a balancer that is known to send the PROXY protocol: its header tells the
 * client's address and is not part of the first request. Whatever is no such header goes on to the parser untouched.
 */
export class ProxyPrefix implements StreamSink {
  readonly #inner: StreamSink;
  readonly #context: ReaderContext;
  /**
   * Told once: the addresses of the header (null = none was there, or LOCAL); from then on the inner sink reads alone.
   */
  readonly #decided: (addresses: ProxyAddresses | null) => void;
  #held = EMPTY;
  #done = false;

  constructor(inner: StreamSink, context: ReaderContext, decided: (addresses: ProxyAddresses | null) => void) {
    this.#inner = inner;
    this.#context = context;
    this.#decided = decided;
  }

  data(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): void {
    if (this.#done) {
      this.#inner.data(bytes, start, end, seq, from);
      return;
    }
    const before = this.#held.length;
    const all = before === 0 ? bytes.subarray(start, end) : Buffer.concat([this.#held, bytes.subarray(start, end)]);
    const header = parseProxyHeader(all, 0, all.length);
    if (header.kind === 'need_more' && all.length < MAX_HEADER_BYTES) {
      this.#held = Buffer.from(all);
      this.#context.pendingBytes += end - start;
      return;
    }
    const length = header.kind === 'proxied' || header.kind === 'local' ? header.length : 0;
    this.#decide(header.kind === 'proxied' ? header.addresses : null);
    this.#context.ledger.count('http.proxy_protocol_bytes', length);
    if (length < all.length) this.#inner.data(all, length, all.length, (seq - before + length) | 0, from);
  }

  gap(bytes: number): void {
    this.#giveUp();
    this.#inner.gap(bytes);
  }

  end(): void {
    this.#giveUp();
    this.#inner.end();
  }

  stall(nowMs: number, afterMs: number): boolean { return this.#inner.stall(nowMs, afterMs); }
  get unfinished(): boolean { return this.#held.length > 0 || this.#inner.unfinished; }
  fork(kind: ForkKind, afresh?: boolean): StreamSink | null { return this.#inner.fork(kind, afresh); }
  discard(): void { this.#inner.discard(); }

  #decide(addresses: ProxyAddresses | null): void {
    this.#done = true;
    this.#context.pendingBytes -= this.#held.length;
    this.#held = EMPTY;
    this.#decided(addresses);
  }

  #giveUp(): void {
    if (this.#done) return;
    this.#context.ledger.count('http.skipped_bytes', this.#held.length);
    this.#decide(null);
  }
}
