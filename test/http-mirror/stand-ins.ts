// What stands around a proxy under test: an application, a detection node that records, and a client that speaks plain
// HTTP/1.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import type { Duplex } from 'node:stream';

export interface Recorded {
  method: string;
  target: string;
  /** Name and value in the order and case of the wire. */
  fields: (readonly [string, string])[];
  body: Buffer;
}

/** Values of a field, by any case of its name. */
export const values = (request: Recorded, name: string): string[] =>
  request.fields.filter(([field]) => field.toLowerCase() === name.toLowerCase()).map(([, value]) => value);

const pairs = (raw: readonly string[]): [string, string][] => {
  const fields: [string, string][] = [];
  for (let i = 0; i < raw.length; i += 2) fields.push([raw[i]!, raw[i + 1]!]);
  return fields;
};

const portOf = (server: net.Server): number => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
};

const listen = async (server: http.Server, port: number): Promise<number> => {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return portOf(server);
};

/** Records every request with its body; answers when `answer` says so. */
export class Recorder {
  readonly requests: Recorded[] = [];
  port = 0;
  readonly #server: http.Server;
  readonly #sockets = new Set<Duplex>();
  #waiting: (() => void)[] = [];

  constructor(
    answer: (request: Recorded, response: http.ServerResponse) => void,
    upgrade?: (request: Recorded, socket: Duplex) => void,
  ) {
    this.#server = http.createServer({ keepAliveTimeout: 30_000, maxHeaderSize: 262_144 }, (incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', () => undefined);
      incoming.on('end', () => answer(this.#record(incoming, Buffer.concat(chunks)), response));
    });
    this.#server.on('clientError', (_error, socket) => socket.destroy());
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
    });
    if (upgrade) this.#server.on('upgrade', (incoming: http.IncomingMessage, socket: Duplex) => upgrade(this.#record(incoming, Buffer.alloc(0)), socket));
  }

  #record(incoming: http.IncomingMessage, body: Buffer): Recorded {
    const request = { method: incoming.method ?? '', target: incoming.url ?? '', fields: pairs(incoming.rawHeaders), body };
    this.requests.push(request);
    for (const wake of this.#waiting.splice(0)) wake();
    return request;
  }

  async start(port = 0): Promise<this> {
    this.port = await listen(this.#server, port);
    return this;
  }

  /** The first request that `wanted` accepts, now or within ten seconds. */
  async waitFor(wanted: (request: Recorded) => boolean, what: string): Promise<Recorded> {
    const deadline = Date.now() + 10_000;
    for (;;) {
      const found = this.requests.find(wanted);
      if (found) return found;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no ${what} came within 10 s; came: ${this.requests.map((r) => `${r.method} ${r.target}`).join(', ') || 'nothing'}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * The application: its answer tells what it was asked, so that a changed request or a foreign answer shows. To /never
 * it gives none.
 */
export const startApp = (): Promise<Recorder> => new Recorder(
  (request, response) => {
    if (request.target.startsWith('/never')) return;
    response.writeHead(request.target.startsWith('/teapot') ? 418 : 200, { 'Content-Type': 'text/plain', 'X-App': 'yes' });
    response.end(`app: ${request.method} ${request.target} ${request.body.length}`);
  },
  (request, socket) => {
    // RFC 6455, 4.2.2: proxies check it.
    const accept = createHash('sha1').update(`${values(request, 'Sec-WebSocket-Key').join()}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    socket.on('data', (chunk) => socket.write(chunk));
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
  },
).start();

/**
 * The detection node: `hold()` keeps its answers back until `release()`. Its answer is nothing a client may ever see.
 */
export class DetectionNode {
  readonly recorder: Recorder;
  answered = 0;
  status = 403;
  #held: http.ServerResponse[] = [];
  #holding = false;

  constructor() {
    this.recorder = new Recorder((_request, response) => {
      if (this.#holding) this.#held.push(response);
      else this.#answer(response);
    });
  }

  async start(port = 0): Promise<this> {
    await this.recorder.start(port);
    return this;
  }

  hold(): void {
    this.#holding = true;
  }

  release(): void {
    this.#holding = false;
    for (const response of this.#held.splice(0)) this.#answer(response);
  }

  #answer(response: http.ServerResponse): void {
    this.answered++;
    response.writeHead(this.status, { 'X-Node': 'must never reach a client' });
    response.end('node: must never reach a client');
  }
}

export interface Ask {
  method?: string;
  path: string;
  headers?: Record<string, string | string[]>;
  body?: Buffer;
  /** Send the body in chunks of this many bytes, without a Content-Length. */
  chunk?: number;
}

export interface Answer {
  status: number;
  fields: (readonly [string, string])[];
  body: string;
}

/** One connection to the proxy, kept alive: what a browser or a load balancer holds. */
export class Client {
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;
  /** The port of this client's end at its last request. */
  localPort = 0;

  readonly #address: string;

  /** `address` is the client's own: any of 127.0.0.0/8, to be told from the proxy's. */
  constructor(port: number, address = '127.0.0.1') {
    this.#port = port;
    this.#address = address;
  }

  async ask({ method = 'GET', path, headers = {}, body, chunk }: Ask): Promise<Answer> {
    const length: Record<string, string> = body && chunk === undefined ? { 'Content-Length': String(body.length) } : {};
    const request = http.request({
      host: '127.0.0.1', port: this.#port, localAddress: this.#address, agent: this.#agent,
      method, path, headers: { Host: 'shop.example', ...headers, ...length }, timeout: 20_000,
    });
    request.on('timeout', () => request.destroy(new Error(`no answer to ${method} ${path} within 20 s`)));
    request.on('socket', (socket) => {
      const note = (): void => { this.localPort = socket.localPort ?? 0; };
      if (socket.connecting) socket.once('connect', note); else note();
    });
    if (body && chunk !== undefined) {
      for (let at = 0; at < body.length; at += chunk) request.write(body.subarray(at, at + chunk));
    }
    request.end(chunk === undefined ? body : undefined);
    const [response] = await once(request, 'response') as [http.IncomingMessage];
    const chunks: Buffer[] = [];
    response.on('data', (part: Buffer) => chunks.push(part));
    await once(response, 'end');
    return { status: response.statusCode ?? 0, fields: pairs(response.rawHeaders), body: Buffer.concat(chunks).toString('latin1') };
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A handshake to another protocol, one message there and back: resolves to the status and what was echoed. */
export const upgrade = async (
  port: number, path: string, message: string,
): Promise<{ status: number; echoed: string }> => {
  const request = http.request({
    host: '127.0.0.1', port, path, timeout: 20_000,
    headers: {
      Host: 'shop.example', Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version': '13',
    },
  });
  request.on('timeout', () => request.destroy(new Error('no answer to the upgrade within 20 s')));
  request.end();
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, echoed: '' });
    });
    request.on('upgrade', (response, socket) => {
      let echoed = '';
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        echoed += chunk.toString('latin1');
        if (echoed.length < message.length) return;
        socket.destroy();
        resolve({ status: response.statusCode ?? 0, echoed });
      });
      socket.write(message);
    });
  });
};

/** Sends a request, and goes away once `gone` resolves, without having read anything. */
export const goAway = async (port: number, path: string, gone: () => Promise<unknown>): Promise<void> => {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: shop.example\r\n\r\n`);
  await gone();
  socket.resetAndDestroy();
};

/** Sends bytes as they are on a connection of their own and reads until the peer closes. */
export const sendRaw = async (port: number, bytes: string | Buffer): Promise<string> => {
  const socket = net.connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => { received += chunk.toString('latin1'); });
  socket.setTimeout(20_000, () => socket.destroy(new Error('the connection was not closed within 20 s')));
  socket.write(bytes);
  await once(socket, 'close');
  return received;
};
