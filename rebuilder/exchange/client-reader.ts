import type { Provenance } from '../reassembly/provenance.ts';
import type { ForkKind } from '../reassembly/stream-sink.ts';
import { emptyLine } from '../http/request-line.ts';
import type { BodyDifference } from '../http1/body-difference.ts';
import { type Reading, lengthOf } from '../http1/message-grammar.ts';
import { ClientProtocols } from './client-protocols.ts';
import { SecondReaders } from './second-readers.ts';

/**
 * What a client says on one connection, in every way in which servers may read it: where requests can be framed in more
 * than one, others read the same bytes beside it (SecondReaders).
 */
export class ClientReader extends ClientProtocols {
  /** Made when it is needed: most connections have one reading. */
  #beside: SecondReaders<ClientReader> | null = null;
  protected isFirst = true;

  get unfinished(): boolean {
    return this.isWithin() || (this.isFirst && this.#beside?.unfinished === true);
  }

  get leftOfBody(): number { return this.requests().framer.leftOfBody; }

  data(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): void {
    for (let at = start; at < end;) {
      const here = (seq + at - start) | 0;
      const stop = this.read(bytes, at, end, here, from, this.isFirst);
      if (this.#beside !== null && this.isFirst && !this.#beside.data(bytes, at, stop, here, from)) this.#beside = null;
      at = stop;
    }
  }

  override gap(bytes: number): void {
    if (this.isFirst) this.#beside?.gap(bytes);
    super.gap(bytes);
  }

  override end(): void {
    super.end();
    if (this.isFirst) this.#beside?.end();
    this.#beside = null;
  }

  override stall(nowMs: number, afterMs: number): boolean {
    const besideMay = this.isFirst && this.#beside?.stall(nowMs, afterMs) === true;
    return super.stall(nowMs, afterMs) || besideMay;
  }

  override discard(): void {
    super.discard();
    if (this.isFirst) this.#beside?.discard();
    this.#beside = null;
    this.sink.forkDiscarded();
  }

  protected isBehindAnother(seq: number): boolean {
    // Where another has begun it reads otherwise.
    return !this.requests().endsByCr && this.#beside?.isBehindAnother(this, seq) === true;
  }

  protected get isCrowded(): boolean { return this.#beside?.isCrowded === true; }

  protected allBegin(at: number, pieceStart: number): boolean {
    return !this.isFirst || this.#beside?.allBegin(at, pieceStart) !== false;
  }

  // --- copies

  fork(kind: ForkKind, afresh = false): ClientReader | null {
    if (afresh) return this.other?.isUndecided ?? true ? this.#another(kind, null) : null;
    const http2 = this.other?.http2;
    if (http2 && (http2.knowledge === 0 || (kind === 'correction' && http2.isFollowed))) return null;
    const copy = this.#copy(kind, null);
    if (copy === null || this.#beside === null) return copy;
    copy.#beside = this.#beside.fork(copy, (reader, beside) => reader.#copy('reading', beside));
    return copy;
  }

  /** One between two messages that reports elsewhere; null = nobody wants it. @param beside it is one of those */
  #another(kind: ForkKind, beside: SecondReaders<ClientReader> | null): ClientReader | null {
    const fork = this.sink.forkSink(kind);
    if (fork === null) return null;
    const reader = new ClientReader(fork.context, this.endpoints, fork.sink, false);
    reader.#beside = beside;
    reader.isFirst = beside === null;
    return reader;
  }

  /** Another reader in the same state as this one; null = nobody wants it, or there is no memory. */
  #copy(kind: ForkKind, beside: SecondReaders<ClientReader> | null): ClientReader | null {
    const copy = this.#another(kind, beside);
    if (copy === null || copy.takeOver(this, kind)) return copy;
    copy.discard();
    this.context.ledger.count(kind === 'correction' ? 'tcp.correction_memcap' : 'http.readings_limit');
    return null;
  }

  // --- RequestReader: what can be read otherwise

  #besides(): SecondReaders<ClientReader> {
    return this.#beside ??= new SecondReaders<ClientReader>(this, this.context.ledger);
  }

  otherReadings(
    hows: readonly Reading[], bytes: Uint8Array, start: number, headersStart: number, headEnd: number, bodyAt: number,
  ): void {
    for (const how of hows) {
      const beside = this.#besides();
      const reader = beside.takesOne() ? this.#another('reading', beside) : null;
      if (reader === null) return;
      reader.mayBeHttp2 = false;
      const { framer } = reader.requests();
      if (!reader.requests().begin(this.requests(), bytes, start, headersStart, headEnd)) {
        reader.discard();
        this.context.ledger.count('http.readings_limit');
        continue;
      }
      beside.add(reader, bodyAt, lengthOf(how), () => {
        if (how === 'dropped_body') return reader.searchBody();
        return how === 'shorter_lines' ? reader.requests().beginByCr() : framer.readOtherwise(how);
      });
    }
  }

  otherBody(at: number, how: BodyDifference): void {
    const beside = this.#besides();
    const reader = beside.takesOne() ? this.#copy('reading', beside) : null;
    if (reader === null) return;
    const { framer } = reader.requests();
    beside.add(reader, at, lengthOf(how), () => how === 'cut_line' ? reader.#searchBehindBody() : framer.readOtherwise(how));
  }

  /** Its body may be the beginning of a request line. */
  #searchBehindBody(): null {
    const { framer } = this.requests();
    const { seq } = framer.began;
    const message = framer.releaseNone();
    this.searchBody();
    this.read(message, Math.max(0, emptyLine(message, 0, message.length)), message.length, seq, framer.began);
    return null;
  }
}
