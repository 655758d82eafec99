import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

const MAX_LINE_BYTES = 16 * 1024;
const MAX_HEAD_BYTES = 64 * 1024;

interface Framed {
  /** Bytes of the whole request. */
  readonly length: number;
  readonly head: string;
  readonly bodyless: boolean;
}

/**
 * The load balancer between the rebuilders and the nodes, as its documents describe it with `desync_mitigation_mode =
 * "monitor"`: it refuses what is beyond its limits, TRACE, and what it cannot frame; overwrites X-Forwarded-Proto and
 * -Port, adds X-Amzn-Trace-Id, keeps the rest, and sends one request after the other over connections of its own.
 */
export class LoadBalancerStandIn {
  readonly port: number;
  /** Requests that it answered itself, by status: none of ours should be among them. */
  readonly refused: string[] = [];

  private constructor(port: number) {
    this.port = port;
  }

  static async start(t: TestContext, nodePort: number): Promise<LoadBalancerStandIn> {
    const sockets = new Set<Socket>();
    let standIn: LoadBalancerStandIn | null = null;
    const server = createServer((client) => {
      sockets.add(client);
      client.on('close', () => sockets.delete(client));
      client.on('error', () => client.destroy());
      // A client that resets ends its connection, and nothing else.
      standIn!.#serve(client, nodePort).catch(() => client.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    standIn = new LoadBalancerStandIn((server.address() as AddressInfo).port);
    t.after(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return standIn;
  }

  async #serve(client: Socket, nodePort: number): Promise<void> {
    const node = connect(nodePort, '127.0.0.1');
    const answers = messagesOf(node);
    node.on('error', () => client.destroy());
    client.on('close', () => node.destroy());
    let held = Buffer.alloc(0);
    for await (const piece of client as AsyncIterable<Buffer>) {
      held = Buffer.concat([held, piece]);
      for (let framed = frame(held); framed !== null; framed = frame(held)) {
        if (typeof framed === 'number') {
          this.refused.push(`${framed} ${held.toString('latin1', 0, 200)}`);
          client.end(`HTTP/1.1 ${framed} Refused\r\nServer: awselb/2.0\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
          return;
        }
        const request = held.subarray(0, framed.length);
        held = held.subarray(framed.length);
        const head = framed.head.replace(/^X-Forwarded-(Proto|Port):.*\r\n/gmi, '')
          .replace(/\r\n$/, '\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: 8445\r\nX-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793\r\n');
        node.write(Buffer.concat([Buffer.from(head, 'latin1'), request.subarray(framed.head.length)]));
        const answer = await answers.next(framed.bodyless);
        if (answer === null) {
          client.destroy();
          return;
        }
        client.write(answer);
      }
    }
  }
}

/** The first request in `held`: how long it is; null = it is not whole; or the status with which it is refused. */
function frame(held: Buffer): Framed | null | number {
  const end = held.indexOf('\r\n\r\n');
  if (end < 0) return held.length > MAX_HEAD_BYTES ? 400 : null;
  // With the line end of the last line, without the empty one.
  const head = held.toString('latin1', 0, end + 2);
  const [line = '', ...lines] = head.slice(0, -2).split('\r\n');
  if (end > MAX_HEAD_BYTES || [line, ...lines].some((one) => one.length > MAX_LINE_BYTES)) return 400;
  const method = /^([A-Z_-]{1,40}) (?:\/|[Hh][Tt]{2}[Pp][Ss]?:\/\/)[^\x00-\x20]* HTTP\/1\.[01]$/.exec(line)?.[1];
  if (method === undefined || lines.some((one) => !/^[^\s:]+:[^\x00\r\n]*$/.test(one))) return 400;
  if (method === 'TRACE') return 405;
  const values = (name: string): string[] => lines.filter((one) => one.slice(0, one.indexOf(':')).toLowerCase() === name)
    .map((one) => one.slice(one.indexOf(':') + 1).trim());
  const lengths = values('content-length');
  const codings = values('transfer-encoding');
  if (line.endsWith('1') && values('host').length !== 1) return 400;
  if (lengths.length + codings.length > 1) return 400;
  const bodyless = method === 'HEAD';
  if (codings.length === 1) {
    if (codings[0]!.toLowerCase() !== 'chunked') return 400;
    const length = chunkedEnd(held, end + 4);
    return length < 0 ? null : { length, head, bodyless };
  }
  if (lengths.length === 1 && !/^\d+$/.test(lengths[0]!)) return 400;
  const length = end + 4 + Number(lengths[0] ?? 0);
  return held.length < length ? null : { length, head, bodyless };
}

/** One past a strictly chunked body; -1 = it is not whole. */
function chunkedEnd(held: Buffer, from: number): number {
  for (let at = from; ;) {
    const lineEnd = held.indexOf('\r\n', at);
    if (lineEnd < 0) return -1;
    const size = Number.parseInt(held.toString('latin1', at, lineEnd), 16);
    at = lineEnd + 2;
    if (size === 0) {
      for (;;) {
        const trailerEnd = held.indexOf('\r\n', at);
        if (trailerEnd < 0) return -1;
        const isLast = trailerEnd === at;
        at = trailerEnd + 2;
        if (isLast) return at;
      }
    }
    at += size + 2;
    if (at > held.length) return -1;
  }
}

/** The responses on a connection, one by one; null = it ended. */
function messagesOf(node: Socket): { next(bodyless: boolean): Promise<Buffer | null> } {
  let held = Buffer.alloc(0);
  const pieces = node[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  return {
    next: async (bodyless) => {
      for (;;) {
        const length = responseLength(held, bodyless);
        if (length >= 0 && held.length >= length) {
          const answer = held.subarray(0, length);
          held = held.subarray(length);
          return answer;
        }
        const piece = await pieces.next().catch(() => ({ done: true as const, value: undefined }));
        if (piece.done === true || piece.value === undefined) return null;
        held = Buffer.concat([held, piece.value]);
      }
    },
  };
}

function responseLength(held: Buffer, bodyless: boolean): number {
  const end = held.indexOf('\r\n\r\n');
  if (end < 0) return -1;
  const head = held.toString('latin1', 0, end + 2);
  if (bodyless || /^HTTP\/1\.1 (?:204|304)/.test(head)) return end + 4;
  const length = /\r\nContent-Length: (\d+)\r\n/i.exec(head)?.[1];
  return length === undefined ? chunkedEnd(held, end + 4) : end + 4 + Number(length);
}
