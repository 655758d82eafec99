import {
  connect as connectHttp2, constants, sensitiveHeaders, type ClientHttp2Session, type ClientHttp2Stream,
  type IncomingHttpHeaders, type OutgoingHttpHeaders,
} from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import type { Address } from '../address-book.ts';
import type { LoopMarker } from '../loop-marker.ts';
import type { QueuedExchange } from './queued-exchange.ts';
import { fateText, streamVerdict, type StreamEnd, type StreamFate } from './stream-verdict.ts';

/** Where the nodes are, and what is said to them. */
export interface NodeTarget {
  /** Name or address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** The same as a URL, `http:` or `https:`. */
  readonly url: string;
  /** null = without TLS. */
  readonly tls: { readonly serverName: string; readonly trusted: readonly string[] | undefined } | null;
  readonly marker: LoopMarker;
}

const METHOD = '/envoy.service.ext_proc.v3.ExternalProcessor/Process';
/** They differ each time, so HPACK's table is not filled with them. */
const OWN_NAMES = ['x-mirror-id', 'x-mirror-loop'];

/** Of the stream of an exchange. Mirrored, on a plain connection, it is known by the mark of a delivered request. */
function streamHeaders(id: string, marker: LoopMarker): OutgoingHttpHeaders {
  return {
    ':method': 'POST', ':path': METHOD, 'content-type': 'application/grpc', 'te': 'trailers',
    'x-mirror-id': id, 'x-mirror-loop': marker.of(id), [sensitiveHeaders]: OWN_NAMES,
  };
}

export interface NodeConnectionOwner {
  opened(connection: NodeConnection): void;
  /** `detail`: one sentence; empty = delivered. `early`: the node wanted no more of it. */
  streamEnded(
    connection: NodeConnection, exchange: QueuedExchange, end: StreamEnd, detail: string, early: boolean,
  ): void;
  /** The connection is over; `lost` are the exchanges that were under way. */
  ended(connection: NodeConnection, lost: readonly QueuedExchange[], detail: string): void;
}

/** One exchange under way. */
interface Stream extends StreamFate {
  readonly exchange: QueuedExchange;
  readonly http2: ClientHttp2Stream;
  readonly sentMs: number;
  httpStatus: number;
  grpcStatus: number;
  resetCode: number;
  /** The node's status came before all was sent. */
  early: boolean;
}

/**
 * Memory that Node.js lets a session hold, MB: beyond it new streams fail. Our own limits are on streams and bytes;
 * this one shall not be the first.
 */
const SESSION_MEMORY_MB = 4096;

/** One HTTP/2 connection to a node, with a stream for each exchange. */
export class NodeConnection {
  readonly address: Address;
  /** Clock of the owner, ms: when it was begun, later when it was last of use. */
  sinceMs: number;
  isOpen = false;
  /** Nothing more is to be sent on it. */
  isDraining = false;
  /** Its only exchange may be the one that ended a connection. */
  isAlone = false;
  /** A stream of it has come to an end of the node's making. */
  hasAnswered = false;
  readonly #owner: NodeConnectionOwner;
  readonly #target: NodeTarget;
  readonly #session: ClientHttp2Session;
  readonly #streams = new Set<Stream>();
  #detail = '';
  #isOver = false;

  constructor(owner: NodeConnectionOwner, address: Address, target: NodeTarget, nowMs: number) {
    this.#owner = owner;
    this.address = address;
    this.#target = target;
    this.sinceMs = nowMs;
    this.#session = connectHttp2(target.url, {
      createConnection: () => openSocket(address.ip, target),
      settings: { enablePush: false },
      maxSessionMemory: SESSION_MEMORY_MB,
    });
    this.#session.on('connect', (_, socket) => this.#connected(socket));
    this.#session.on('goaway', (code) => {
      this.isDraining = true;
      if (code !== constants.NGHTTP2_NO_ERROR) this.#detail = `the node ended the connection with HTTP/2 error ${code}`;
    });
    this.#session.on('error', (error: Error) => {
      if (this.#detail === '') this.#detail = errorText(error);
    });
    this.#session.on('close', () => this.#over());
  }

  /** Exchanges under way. */
  get inFlight(): number {
    return this.#streams.size;
  }

  /** When the oldest of them was sent, ms; Infinity = there is none. */
  get oldestMs(): number {
    for (const { sentMs } of this.#streams) return sentMs;
    return Infinity;
  }

  /** Streams that the node allows; not yet known = HTTP/2's own proposal (RFC 9113, 6.5.2). */
  get maxStreams(): number {
    return this.#session.remoteSettings.maxConcurrentStreams ?? 100;
  }

  #connected(socket: Socket | TLSSocket): void {
    if (socket instanceof TLSSocket && socket.alpnProtocol !== 'h2') {
      this.end('it speaks TLS, but no HTTP/2 (ALPN)');
      return;
    }
    this.isOpen = true;
    this.#owner.opened(this);
  }

  /** @returns false: it cannot take it any more */
  send(exchange: QueuedExchange, nowMs: number): boolean {
    if (this.#session.closed || this.#session.destroyed) {
      this.isDraining = true;
      return false;
    }
    const http2 = this.#session.request(streamHeaders(exchange.id, this.#target.marker), { endStream: false });
    const stream: Stream = {
      exchange, http2, sentMs: nowMs, httpStatus: 0, grpcStatus: -1, resetCode: 0, early: false,
    };
    this.#streams.add(stream);
    this.sinceMs = nowMs;
    http2.on('response', (headers) => {
      stream.httpStatus = headers[':status'] ?? 0;
      readStatus(stream, headers);
    });
    http2.on('trailers', (headers) => readStatus(stream, headers));
    // What the node says of each message is not for us: in observability_mode it does not matter.
    http2.resume();
    http2.on('error', () => undefined);
    http2.on('close', () => this.#closed(stream));
    http2.end(exchange.bytes);
    return true;
  }

  #closed(stream: Stream): void {
    // Those of a connection that ended are told together, by #over.
    if (this.#session.destroyed && stream.grpcStatus < 0) return;
    if (!this.#streams.delete(stream)) return;
    stream.resetCode = stream.http2.rstCode ?? 0;
    const end = streamVerdict(stream);
    if (end !== 'not_processed') this.hasAnswered = true;
    const detail = end === 'delivered' ? '' : fateText(stream);
    this.#owner.streamEnded(this, stream.exchange, end, detail, stream.early);
  }

  /** Gives up what the node has not ended since `beforeMs`. */
  expire(beforeMs: number, timeoutMs: number): void {
    for (const stream of this.#streams) {
      if (stream.sentMs >= beforeMs) return;
      this.#streams.delete(stream);
      stream.http2.close(constants.NGHTTP2_CANCEL);
      this.#owner.streamEnded(this, stream.exchange, 'timeout', `no answer in ${timeoutMs} ms`, false);
    }
  }

  /** Ends it at once. @param detail why; empty = for no fault */
  end(detail: string): void {
    if (this.#detail === '') this.#detail = detail;
    this.#session.destroy();
  }

  /** What is under way becomes the owner's again. */
  takeAll(): readonly QueuedExchange[] {
    const exchanges = Array.from(this.#streams, ({ exchange }) => exchange);
    this.#streams.clear();
    return exchanges;
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#owner.ended(this, this.takeAll(), this.#detail === '' ? 'it was closed' : this.#detail);
  }
}

function openSocket(host: string, { port, tls }: NodeTarget): Socket {
  if (tls === null) return connectTcp({ host, port, noDelay: true });
  const { serverName, trusted } = tls;
  const ca = trusted === undefined ? {} : { ca: [...trusted] };
  const socket = connectTls({ host, port, servername: serverName, ALPNProtocols: ['h2'], ...ca });
  socket.setNoDelay(true);
  return socket;
}

function readStatus(stream: Stream, headers: IncomingHttpHeaders): void {
  const status = headers['grpc-status'];
  if (typeof status !== 'string' || !/^\d{1,3}$/.test(status)) return;
  stream.grpcStatus = Number(status);
  stream.early = !stream.http2.writableFinished;
}

function errorText(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // OpenSSL's and Node's own words for a certificate are sentences; those of sockets only repeat the code.
  return code === '' || error.message.includes(code) ? error.message : `${error.message} (${code})`;
}
