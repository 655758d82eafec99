import type { Origin, Provenance } from '../reassembly/provenance.ts';
import type { Endpoints } from '../http/message.ts';
import type { ReaderContext } from '../http/reader-context.ts';
import { Irregular } from '../http/irregular.ts';
import { RequestLine, requestStart } from '../http/request-line.ts';
import { TlsRecords } from '../http/tls-records.ts';
import { type Found, StartSearch, knownMethod } from '../http/search.ts';
import type { ClientSink } from './client-sink.ts';
import { UnreadBytes } from './unread-bytes.ts';

/** What a piece brought. */
interface Outcome {
  readonly found: Found;
  /** How far the piece was read: a request begins there, or goes on there behind `line`. */
  readonly at: number;
  /** The request line as far as it came in earlier pieces, and its end. */
  readonly line: Uint8Array;
  /** These are a server's bytes, and belong to the other reader. */
  readonly isServer: boolean;
}

const NO_LINE = new Uint8Array(0);
const requestLine = new RequestLine();

function isSpaced(line: Uint8Array): boolean {
  return requestLine.parse(line, 0, line.length) && (requestLine.irregular & Irregular.raw_space_in_target) !== 0;
}

/** What a line that is carried is charged besides its bytes, twice what that takes. */
const LINE_OVERHEAD = 768;

/**
 * What a client says where no request could be read: it is searched for the next one. What is passed over is counted,
 * and kept to be told where it stood behind a request (UnreadBytes).
 */
export class RequestSearch {
  readonly #context: ReaderContext;
  readonly #endpoints: Endpoints;
  readonly #sink: Pick<ClientSink, 'isServer' | 'request'>;
  readonly #search = new StartSearch();
  #unread: UnreadBytes | null = null;
  /** Sequence number from which on the bytes were searched last: if they were a server's, they were not read here. */
  beganAt = 0;
  /** The last request was found here, or one before it in its piece. */
  hasFound = false;
  /** Sequence number of the request that was found last. */
  #foundSeq = 0;
  /** … and where none stands, however it looks: the next search does not find it there. null = nowhere */
  noneAt: number | null = null;
  /** What is searched may be a body for all others: a line that goes on behind it is one where no blank is too many. */
  isInBody = false;
  /** The server said 2xx to CONNECT: what cannot be read is likely none of its requests. */
  mayBeTunnel = false;
  /**
   * The server agreed to another protocol. But a client can have it send its own bytes, such as a file with a 101 in
   * it, and have them framed wrongly here: where a request stands, HTTP/1 goes on.
   */
  isBehindSwitch = false;

  constructor(context: ReaderContext, endpoints: Endpoints, sink: Pick<ClientSink, 'isServer' | 'request'>) {
    this.#context = context;
    this.#endpoints = endpoints;
    this.#sink = sink;
  }

  /** Bytes of a line that may become a request line. */
  get carried(): number {
    return this.#search.carry.length;
  }

  /** It was begun with one of the usual methods, or with what may become one. */
  get isInRequestLine(): boolean {
    return this.carried > 0 && knownMethod(this.#search.carry, 0, this.carried);
  }

  get unfinished(): boolean {
    return this.carried > 0 || this.#unread !== null;
  }

  /** What comes from `seq` on stands behind a request. */
  keepUnread(seq: number, from: Provenance): void {
    this.#unread = new UnreadBytes(this.#context, seq, from);
  }

  /** Searches bytes[at, end), a captured piece. */
  read(bytes: Uint8Array, at: number, end: number, seq: number, timeMs: number): Outcome {
    const search = this.#search;
    const { noneAt } = this;
    this.noneAt = null;
    this.beganAt = seq;
    const { carry } = search;
    const found = search.search(bytes, at, end);
    if (found === 'nothing') {
      // What is carried is neither skipped nor of a request yet.
      if (!this.#holds(carry.length)) search.reset();
      const skipped = carry.length + end - at - search.carry.length;
      this.#context.pendingBytes += search.carry.length - carry.length;
      this.skip(carry, 0, Math.min(carry.length, skipped), timeMs);
      this.skip(bytes, at, at + Math.max(0, skipped - carry.length), timeMs);
      return { found, at: end, line: NO_LINE, isServer: false };
    }
    const { foundAt, inCarry, carry: line } = search;
    if (this.isInBody && inCarry && isSpaced(line)) {
      this.drop(timeMs, carry);
      this.skip(bytes, at, foundAt, timeMs);
      return { found: 'nothing', at: foundAt, line: NO_LINE, isServer: false };
    }
    search.reset();
    this.#release(carry.length);
    this.#context.pendingBytes -= carry.length;
    // A line that began in an earlier piece was read here.
    const isServer = found === 'response' && !inCarry && this.#sink.isServer();
    if (!inCarry || found === 'response') this.skip(carry, 0, carry.length, timeMs);
    if (isServer) return { found, at: end, line: NO_LINE, isServer };
    if (!inCarry) this.skip(bytes, at, foundAt, timeMs);
    if (found === 'request' && !inCarry && noneAt === (seq + foundAt - at | 0)) {
      this.skip(bytes, foundAt, foundAt + 1, timeMs);
      return { found: 'nothing', at: foundAt + 1, line: NO_LINE, isServer };
    }
    if (found !== 'response') return { found, at: foundAt, line: inCarry ? line : NO_LINE, isServer };
    // A client that writes a status line: one line to pass over, not a reason to believe anything.
    const stop = Math.min(end, Math.max(at + 1, inCarry ? foundAt : foundAt + 12));
    this.skip(bytes, inCarry ? at : foundAt, stop, timeMs);
    return { found, at: stop, line: NO_LINE, isServer };
  }

  /** A request was found at `seq`: nothing proves that it is one, or what follows it in its piece. */
  found(seq: number): void {
    this.hasFound = true;
    this.#foundSeq = seq;
  }

  /** A request begins a piece at `seq`, behind a message that ended with the one before: that was not found. */
  beginsPiece(seq: number): void {
    if (seq !== this.#foundSeq) this.hasFound = false;
  }

  /** Passes over bytes[start, end). */
  skip(bytes: Uint8Array, start: number, end: number, timeMs: number): void {
    if (start >= end) return;
    const kept = this.#unread?.add(bytes, start, end, timeMs) ?? 0;
    this.#context.ledger.count(this.mayBeTunnel ? 'http.tunnel_bytes' : 'http.skipped_bytes', end - start - kept);
  }

  /**
   * Passes over a line that has not ended; behind a request it is kept to be told, unless it may be half of a request
   * line. @returns what it is: the beginning of a TLS record, or of nothing
   */
  lost(bytes: Uint8Array, from: Origin, isBehindRequest: boolean): 'tls' | 'nothing' {
    if (TlsRecords.beginsIn(bytes, bytes, 0, 0)) {
      this.#context.ledger.count('http.tls_bytes', bytes.length);
      return 'tls';
    }
    if (isBehindRequest && requestStart(bytes, 0, bytes.length) === 'no') this.keepUnread(from.seq, from);
    this.skip(bytes, 0, bytes.length, from.timeMs);
    return 'nothing';
  }

  /** What is carried becomes no request line. */
  drop(timeMs: number, carry = this.#search.carry): void {
    this.#context.pendingBytes -= carry.length;
    this.#release(carry.length);
    this.#search.reset();
    this.skip(carry, 0, carry.length, timeMs);
  }

  /** @returns true: something may still be told so, ask again */
  stall(nowMs: number, afterMs: number): boolean {
    if (this.#unread !== null && nowMs - this.#unread.lastByteMs >= afterMs) this.endUnread();
    return this.#unread !== null;
  }

  /** What could not be read behind a request is told. */
  endUnread(): void {
    const unread = this.#unread;
    if (unread === null) return;
    this.#unread = null;
    const request = unread.end(this.#endpoints);
    if (request !== null) this.#sink.request(request);
    this.#context.ledger.count(request === null ? 'http.skipped_bytes' : 'http.request_bytes', unread.discard());
  }

  /** Now that it carries other bytes than the `before` ones. @returns false: there is no memory for them */
  #holds(before: number): boolean {
    this.#release(before);
    const { carried } = this;
    return carried === 0 || this.#context.budget.take(carried, LINE_OVERHEAD);
  }

  #release(carried: number): void {
    if (carried > 0) this.#context.budget.release(carried, LINE_OVERHEAD);
  }

  copyFrom(other: RequestSearch): void {
    this.mayBeTunnel = other.mayBeTunnel;
    this.hasFound = other.hasFound;
    this.#foundSeq = other.#foundSeq;
    this.isBehindSwitch = other.isBehindSwitch;
    this.isInBody = other.isInBody;
    this.#search.carry = other.#search.carry;
    if (!this.#holds(0)) this.#search.reset();
    this.#context.pendingBytes += this.carried;
  }

  discard(): void {
    this.#context.pendingBytes -= this.carried;
    this.#release(this.carried);
    this.#search.reset();
    this.#unread?.discard();
    this.#unread = null;
  }
}
