import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { attackIn } from './attack.ts';

/** A request as the node received it. */
export interface ReceivedRequest {
  /** That of X-Mirror-Id. */
  readonly id: string;
  readonly timeMs: number;
  readonly method: string;
  readonly target: string;
  readonly host: string;
  /** The address our rules derived, from X-Forwarded-For. */
  readonly clientAddress: string;
  /** What a detection node would have flagged; null = nothing. */
  readonly attack: string | null;
  /** That of X-Mirror-Reading; empty = the first. */
  readonly reading: string;
}

const KEPT_REQUESTS = 200;
const LOOKED_AT_BODY_BYTES = 64 * 1024;

/** Values of the client's own lines: those that only we may add are not its word. */
function clientHeaders({ rawHeaders }: IncomingMessage): string {
  return rawHeaders.filter((_, i) => i % 2 === 1 && !/^(?:x-mirror-(?!original-)|x-forwarded-|x-server-|x-real-ip)/i.test(rawHeaders[i - 1] ?? '')).join('\n');
}

/** Stands where a Wallarm node would: answers every request, lists it, and flags the attacks of attack.ts. */
export class NodeStandIn {
  readonly #server: Server;
  readonly #list: ReceivedRequest[] = [];
  readonly #onRequest: (request: ReceivedRequest) => void;

  private constructor(onRequest: (request: ReceivedRequest) => void) {
    this.#onRequest = onRequest;
    // A detection node must read what a tolerant server would: strict parsing would hide the oddest requests from it.
    const options = { insecureHTTPParser: true, maxHeaderSize: 256 * 1024, keepAliveTimeout: 65_000 };
    this.#server = createServer(options, (request, response) => {
      this.#read(request).then(() => {
        response.writeHead(200, { 'Content-Length': 0 });
        response.end();
      }, () => response.destroy());
    });
    this.#server.on('checkContinue', (request, response) => this.#server.emit('request', request, response));
  }

  static async start(host = '127.0.0.1', port = 0, onRequest: (request: ReceivedRequest) => void = () => undefined): Promise<NodeStandIn> {
    const node = new NodeStandIn(onRequest);
    node.#server.listen(port, host);
    await once(node.#server, 'listening');
    return node;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The last requests, oldest first. */
  received(): readonly ReceivedRequest[] {
    return this.#list;
  }

  /** Name of the attack in the request of this id, or in a second reading of it; null = none seen, or long ago. */
  attackIn(id: string, isSecondReading: boolean): string | null {
    return this.#list.findLast((one) => one.id === id && (one.reading !== '') === isSecondReading)?.attack ?? null;
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #read(request: IncomingMessage): Promise<void> {
    let body = '';
    for await (const chunk of request as AsyncIterable<Buffer>) {
      if (body.length < LOOKED_AT_BODY_BYTES) body += chunk.toString('latin1');
    }
    const header = (name: string): string => String(request.headers[name] ?? '');
    const received: ReceivedRequest = {
      id: header('x-mirror-id'),
      timeMs: Date.now(),
      method: request.method ?? '',
      target: request.url ?? '',
      host: header('host'),
      clientAddress: header('x-forwarded-for').replace(/^.*,/s, '').trim(),
      reading: header('x-mirror-reading'),
      attack: attackIn(request.url ?? '') ?? attackIn(body) ?? attackIn(clientHeaders(request)),
    };
    this.#list.push(received);
    if (this.#list.length > KEPT_REQUESTS) this.#list.shift();
    this.#onRequest(received);
  }
}
