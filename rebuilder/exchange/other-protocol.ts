import { isRequestAt } from '../http/search.ts';
import { TlsRecords } from '../http/tls-records.ts';
import type { Http2Requests } from '../http2/requests.ts';
import type { Ledger } from '../ledger.ts';
import { Origin, type Provenance } from '../reassembly/provenance.ts';
import { advance } from '../reassembly/sequence.ts';
import type { ForkKind } from '../reassembly/stream-sink.ts';

/**
 * What a client says that is no HTTP/1, for as long as it is that: frames of HTTP/2, records of TLS, or anything in a
 * tunnel. Where a packet begins with a request, those were no records.
 */
export class OtherProtocol {
  /** null: it is not HTTP/2. */
  readonly http2: Http2Requests | null;
  readonly #tls: TlsRecords | null;
  readonly #ledger: Ledger;
  /** Where `leftover` begins. */
  readonly leftoverFrom = new Origin();
  #hasEnded = false;

  private constructor(ledger: Ledger, http2: Http2Requests | null, tls: TlsRecords | null) {
    this.#ledger = ledger;
    this.http2 = http2;
    this.#tls = tls;
  }

  /** @param isHeadRead the head of its preface was read as a request */
  static http2(ledger: Ledger, requests: Http2Requests, isHeadRead: boolean): OtherProtocol {
    if (isHeadRead) requests.passPrefaceHead();
    return new OtherProtocol(ledger, requests, null);
  }

  static tls(ledger: Ledger): OtherProtocol {
    return new OtherProtocol(ledger, null, new TlsRecords());
  }

  /** It never ends. */
  static tunnel(ledger: Ledger): OtherProtocol {
    return new OtherProtocol(ledger, null, null);
  }

  /**
   * Another that reads on from here.
   * @param ledger where what that reads is counted
   * @param requests makes who reads its HTTP/2
   * @returns null: it cannot be told where the records of TLS begin; 'no_memory' = for what it holds
   */
  copy(kind: ForkKind, ledger: Ledger, requests: () => Http2Requests): OtherProtocol | 'no_memory' | null {
    if (this.http2 === null) return this.#tls === null ? OtherProtocol.tunnel(ledger) : null;
    const copy = requests();
    const { leftoverFrom } = this;
    const isCopied = kind === 'correction' ? copy.follow(this.http2) : copy.readBeside(this.http2);
    if (isCopied) {
      const protocol = OtherProtocol.http2(ledger, copy, false);
      protocol.leftoverFrom.set(leftoverFrom.seq, leftoverFrom);
      return protocol;
    }
    copy.discard();
    return 'no_memory';
  }

  /** It has come to bytes that are not its own: somebody else is to read on. */
  get isOver(): boolean {
    return this.#hasEnded || this.http2?.isOver === true;
  }

  /** What came may be HTTP/2, and may yet be a request: `P` begins both. */
  get isUndecided(): boolean {
    return this.http2?.isBegun === false;
  }

  get unfinished(): boolean {
    return this.http2?.unfinished === true || this.isUndecided;
  }

  /** Bytes of earlier pieces that turned out not to be its own, to be read again. */
  get leftover(): Uint8Array {
    return this.http2?.leftover ?? NOTHING;
  }

  /** Reads bytes[at, end). @returns how far it was read: less than `end` only when it is over */
  read(bytes: Uint8Array, at: number, end: number, seq: number, from: Provenance): number {
    if (this.http2 !== null) return this.#readHttp2(this.http2, bytes, at, end, seq, from);
    this.#hasEnded = this.#tls !== null && isRequestAt(bytes, at, end);
    if (this.#hasEnded) return at;
    const stop = this.#tls?.skip(bytes, at, end) ?? end;
    this.#ledger.count(this.#tls === null ? 'http.tunnel_bytes' : 'http.tls_bytes', stop - at);
    this.#hasEnded = stop < end;
    return stop;
  }

  #readHttp2(http2: Http2Requests, bytes: Uint8Array, at: number, end: number, seq: number, from: Provenance): number {
    const stop = http2.read(bytes, at, end, seq, from);
    const { undecided } = http2;
    // They began in this piece, else they are more than it.
    if (undecided > 0 && undecided <= end - at) this.leftoverFrom.set(advance(seq, end - at - undecided), from);
    return stop;
  }

  /** A hole of so many bytes; < 0: nobody knows how many. */
  gap(bytes: number): void {
    this.http2?.gap(bytes);
    if (this.#tls !== null) this.#hasEnded = bytes < 0 || !this.#tls.gap(bytes);
  }

  end(): void {
    this.http2?.end();
  }
}

const NOTHING = new Uint8Array(0);
