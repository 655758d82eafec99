import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** One request as a strict reader of RFC 9112 finds it on a connection. */
export interface Received {
  /** Number of the connection, from 0. */
  readonly connection: number;
  /** The whole request, latin1. */
  readonly text: string;
  readonly head: string;
  readonly body: string;
  readonly requestLine: string;
}

/** What the stand-in does with a request: these bytes, or something else of its own with the socket. */
export type Behaviour = (request: Received, socket: Socket) => string | null | Promise<string | null>;

export const OK = 'HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 2\r\n\r\nok';

/**
 * Node.js leaves a socket that was to be ended before neither closed nor open when it is reset, and the event loop
 * spins on it.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** A detection node that records what it is sent, and answers in order, on a free port of the loopback. */
export class NodeStandIn {
  readonly received: Received[] = [];
  /** What no strict reader takes for a request. A test that expects none checks that it is empty. */
  readonly violations: string[] = [];
  readonly sockets = new Set<Socket>();
  connections = 0;
  port = 0;
  behaviour: Behaviour;
  #server: Server | null = null;

  constructor(behaviour: Behaviour = () => OK) {
    this.behaviour = behaviour;
  }

  /** `port` 0 = any free one. */
  async listen(port = 0): Promise<void> {
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    this.port = (server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Stops listening and resets all connections: a process that was killed. */
  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.sockets) reset(socket);
    await closed;
  }

  #serve(socket: Socket): void {
    const connection = this.connections++;
    let held = '';
    let answers = Promise.resolve();
    this.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      held += data.toString('latin1');
      for (;;) {
        const size = this.#sizeOfFirst(held);
        if (size === 0) return;
        if (size < 0) {
          this.violations.push(held);
          socket.destroy();
          return;
        }
        const text = held.slice(0, size);
        held = held.slice(size);
        const headEnd = text.indexOf('\r\n\r\n') + 4;
        const request = {
          connection, text, head: text.slice(0, headEnd), body: text.slice(headEnd), requestLine: text.slice(0, text.indexOf('\r\n')),
        };
        this.received.push(request);
        answers = answers.then(async () => {
          const answer = await this.behaviour(request, socket);
          if (answer === null || socket.destroyed) return;
          socket.write(request.requestLine.startsWith('HEAD ') ? answer.slice(0, answer.lastIndexOf('\r\n\r\n') + 4) : answer, 'latin1');
        });
      }
    });
  }

  /** Bytes of the request that `text` begins with; 0 = more is needed, -1 = it is none. */
  #sizeOfFirst(text: string): number {
    const headEnd = text.indexOf('\r\n\r\n');
    if (headEnd < 0) return 0;
    const [requestLine, ...lines] = text.slice(0, headEnd).split('\r\n');
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [^\x00-\x20\x7f]+ HTTP\/1\.[01]$/.test(requestLine!)) return -1;
    const lengths: string[] = [];
    const codings: string[] = [];
    let hosts = 0;
    for (const line of lines) {
      const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)$/.exec(line);
      if (match === null) return -1;
      const name = match[1]!.toLowerCase();
      if (name === 'content-length') lengths.push(match[2]!);
      else if (name === 'transfer-encoding') codings.push(match[2]!);
      else if (name === 'host') hosts++;
      else if (/^(content.?length|transfer.?encoding)$/.test(name)) return -1;
    }
    if (lengths.length + codings.length > 1 || hosts > 1 || (hosts === 0 && requestLine!.endsWith('1.1'))) return -1;
    const bodyStart = headEnd + 4;
    if (codings.length === 1) {
      if (codings[0]!.toLowerCase() !== 'chunked') return -1;
      return this.#sizeOfChunked(text, bodyStart);
    }
    if (lengths.length === 0) return bodyStart;
    if (!/^\d+$/.test(lengths[0]!)) return -1;
    const end = bodyStart + Number(lengths[0]);
    return end <= text.length ? end : 0;
  }

  #sizeOfChunked(text: string, start: number): number {
    let at = start;
    for (;;) {
      const lineEnd = text.indexOf('\r\n', at);
      if (lineEnd < 0) return 0;
      const match = /^([0-9a-f]+)(;.*)?$/i.exec(text.slice(at, lineEnd));
      if (match === null) return -1;
      const size = Number.parseInt(match[1]!, 16);
      at = lineEnd + 2;
      if (size === 0) break;
      if (text.length < at + size + 2) return 0;
      if (text.slice(at + size, at + size + 2) !== '\r\n') return -1;
      at += size + 2;
    }
    for (;;) {
      const lineEnd = text.indexOf('\r\n', at);
      if (lineEnd < 0) return 0;
      if (lineEnd === at) return at + 2;
      at = lineEnd + 2;
    }
  }
}
