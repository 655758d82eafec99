import type { Connection } from '../reassembly/connection.ts';
import type { Provenance } from '../reassembly/provenance.ts';
import { advance, distance } from '../reassembly/sequence.ts';
import type { ForkKind, StreamSink } from '../reassembly/stream-sink.ts';
import { ClientReader } from './client-reader.ts';
import { ServerReader } from './server-reader.ts';
import { RequestLine, lineEnd } from '../http/request-line.ts';

const line = new RequestLine();

/**
 * One direction of a connection joined in its middle, when nobody has said who the client is. The guess (the lower port
 * is the server's) is taken back when the bytes say otherwise, and a direction taken for a server's is looked at for
 * requests all the same: a client cannot become a server by what it writes.
 */
export class TentativeStream implements StreamSink {
  inner: StreamSink;
  readonly #roles: { swapRoles(role: 'client' | 'server'): boolean };

  constructor(inner: StreamSink, roles: { swapRoles(role: 'client' | 'server'): boolean }) {
    this.inner = inner;
    this.#roles = roles;
  }

  data(bytes: Uint8Array, start: number, end: number, seq: number, from: Provenance): void {
    if (this.inner instanceof ServerReader && isRequestLine(bytes, start, end)) this.#roles.swapRoles('server');
    const { inner } = this;
    inner.data(bytes, start, end, seq, from);
    if (this.inner === inner) return;
    // It turned out to be the other role: the piece is that parser's, from where this one stopped.
    const read = inner instanceof ClientReader ? distance(inner.searchedAt, seq) : 0;
    this.inner.data(bytes, start + read, end, advance(seq, read), from);
  }

  gap(bytes: number): void { this.inner.gap(bytes); }
  end(): void { this.inner.end(); }
  stall(nowMs: number, afterMs: number): boolean { return this.inner.stall(nowMs, afterMs); }
  get unfinished(): boolean { return this.inner.unfinished; }
  fork(kind: ForkKind, afresh?: boolean): StreamSink | null { return this.inner.fork(kind, afresh); }
  discard(): void { this.inner.discard(); }
}

function isRequestLine(bytes: Uint8Array, start: number, end: number): boolean {
  const lf = lineEnd(bytes, start, end);
  return lf > 0 && line.parse(bytes, start, lf) && line.minor >= 0;
}

/** Is end `a`, which sent the first packet, more likely the server? */
export function serverPortFirst(connection: Connection): boolean {
  return connection.aPort < connection.bPort;
}
