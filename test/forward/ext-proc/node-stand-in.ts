// A native node that can be made to misbehave: Node's own HTTP/2 server, with what a test wants done with each stream.
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** Does what it likes with a stream; `number` counts them from 0, `cut` breaks every connection of the node. */
export type StreamBehaviour = (stream: ServerHttp2Stream, number: number, cut: () => void) => void;

/** Reads all, then ends with the status, as a gRPC server does. */
export const answerWith = (
  status: number, headers: Readonly<Record<string, string | number>> = {},
): StreamBehaviour => (stream) => {
  stream.resume();
  stream.on('end', () => {
    if (stream.closed) return;
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...headers }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(status) }));
    stream.end();
  });
};

export const ok = answerWith(0);

export class NodeStandIn {
  readonly sessions = new Set<Http2Session>();
  /** Sessions that were opened, in all. */
  sessionCount = 0;
  streamCount = 0;
  /** Of each stream. */
  readonly headers: IncomingHttpHeaders[] = [];
  readonly #server: Http2Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Http2Server, behaviour: StreamBehaviour) {
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.on('session', (session: ServerHttp2Session) => {
      this.sessionCount++;
      this.sessions.add(session);
      session.on('error', () => undefined);
      session.on('close', () => this.sessions.delete(session));
    });
    server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      this.headers.push(headers);
      stream.on('error', () => undefined);
      behaviour(stream, this.streamCount++, () => setImmediate(() => this.#cut()));
    });
  }

  /** On a free port of the loopback, or on `port`; ended with the test. `tls`: its key and certificate. */
  static async start(
    t: TestContext,
    behaviour: StreamBehaviour = ok,
    tls: SecureServerOptions | null = null,
    settings = {},
    port = 0,
  ): Promise<NodeStandIn> {
    const server = tls === null ? createServer({ settings }) : createSecureServer({ ...tls, settings });
    server.on('sessionError', () => undefined);
    const node = new NodeStandIn(server, behaviour);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    t.after(() => node.kill());
    return node;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * Of the sockets themselves: to destroy the session of a stream in its own callback ends the process (seen with
   * Node.js 20.20).
   */
  #cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** A process that was killed. */
  async kill(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#cut();
    await closed;
  }
}
