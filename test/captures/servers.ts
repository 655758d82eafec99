import { createHash } from 'node:crypto';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import type { AddressInfo } from 'node:net';

/** What a server received and answered: one line of NAME.jsonl, written without any code of the rebuilder's. */
export interface Received {
  client: string;
  server: string;
  method: string;
  target: string;
  version: string;
  /** As the server got them, pseudo-headers of HTTP/2 included. */
  headers: [string, string][];
  trailers?: [string, string][];
  /** base64 */
  body: string;
  status: number;
  responseTrailers?: [string, string][];
  /** base64 */
  responseBody: string;
}

export interface App {
  readonly port: number;
  readonly received: Received[];
  close(): Promise<void>;
}

const pairs = (raw: readonly string[]): [string, string][] =>
  raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1]!] as [string, string]] : []));
const endpoint = (address: string | undefined, port: number | undefined): string => `${(address ?? '').replace('::ffff:', '')}:${port}`;

async function bodyOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function listen(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** The answer says what came: its length and digest. */
function answerTo(body: Buffer): string {
  return `${body.length} ${createHash('sha256').update(body).digest('hex')}\n`;
}

/** HTTP/1.1, with WebSocket-like and h2c upgrades. */
export async function http1App(h2c?: App): Promise<App> {
  const received: Received[] = [];
  const entry = (request: http.IncomingMessage, body: Buffer, status: number, responseBody: string): Received => ({
    client: endpoint(request.socket.remoteAddress, request.socket.remotePort),
    server: endpoint(request.socket.localAddress, request.socket.localPort),
    method: request.method!,
    target: request.url!,
    version: `HTTP/${request.httpVersion}`,
    headers: pairs(request.rawHeaders),
    ...(request.rawTrailers.length === 0 ? {} : { trailers: pairs(request.rawTrailers) }),
    body: body.toString('base64'),
    status,
    responseBody: Buffer.from(responseBody).toString('base64'),
  });
  const sockets = new Set<net.Socket>();
  const server = http.createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const answer = request.method === 'HEAD' ? '' : answerTo(body);
      received.push(entry(request, body, 200, answer));
      if (request.url === '/chunked') {
        response.write(answer);
        response.end();
      } else {
        response.end(answer);
      }
    });
  });
  server.on('connection', (socket) => sockets.add(socket));
  server.on('upgrade', (request, socket, head) => {
    received.push(entry(request, Buffer.alloc(0), 101, ''));
    const protocol = request.headers.upgrade!;
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`);
    if (protocol !== 'h2c') {
      socket.on('data', (data) => { if (data.length > 0) socket.end(Buffer.from([0x82, 2, 0x6f, 0x6b])); });
      return;
    }
    // RFC 7540 3.2: the upgraded request is stream 1, answered here with `:status: 204` alone; all later streams are
    // the other server's.
    const upstream = net.connect(h2c!.port, '127.0.0.1');
    h2c!.received.push = (...all): number => received.push(...all.map((one) => ({
      ...one, client: endpoint((socket as net.Socket).remoteAddress, (socket as net.Socket).remotePort),
      server: endpoint((socket as net.Socket).localAddress, (socket as net.Socket).localPort) })));
    upstream.once('data', (settings: Buffer) => {
      socket.write(settings);
      socket.write(Buffer.from('000001010500000001' + '89', 'hex'));
      upstream.on('data', (data: Buffer) => socket.write(data));
    });
    upstream.on('close', () => socket.end());
    socket.on('close', () => upstream.destroy());
    if (head.length > 0) upstream.write(head);
    socket.on('data', (data: Buffer) => upstream.write(data));
  });
  const port = await listen(server);
  return {
    port, received, close: () => new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    }),
  };
}

/** HTTP/2 in clear text; under /grpc/ it answers with trailers. */
export async function http2App(): Promise<App> {
  const received: Received[] = [];
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createServer();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders, _flags: number, raw: unknown) => {
    const trailers: string[] = [];
    stream.on('trailers', (_headers: unknown, _flags: unknown, raw: unknown) => trailers.push(...raw as string[]));
    stream.on('error', () => {});
    void bodyOf(stream as unknown as AsyncIterable<Buffer>).then((body) => {
      const isGrpc = headers[':path']!.startsWith('/grpc/');
      const text = answerTo(body);
      const answer = isGrpc ? Buffer.concat([Buffer.from([0, 0, 0, 0, text.length]), Buffer.from(text)]) : Buffer.from(headers[':method'] === 'HEAD' ? '' : text);
      const { socket } = stream.session!;
      received.push({
        client: endpoint(socket.remoteAddress, socket.remotePort),
        server: endpoint(socket.localAddress, socket.localPort),
        method: headers[':method']!, target: headers[':path']!, version: 'HTTP/2', headers: pairs(raw as string[]),
        ...(trailers.length === 0 ? {} : { trailers: pairs(trailers) }),
        body: body.toString('base64'), status: 200,
        ...(isGrpc ? { responseTrailers: [['grpc-status', '0'], ['grpc-message', 'OK']] } : {}), responseBody: answer.toString('base64'),
      });
      if (stream.destroyed) return;
      stream.respond({ ':status': 200, 'content-type': isGrpc ? 'application/grpc' : 'text/plain' }, { waitForTrailers: isGrpc });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'OK' }));
      stream.end(answer);
    }, () => {});
  });
  const port = await listen(server);
  return {
    port, received, close: () => new Promise((resolve) => {
      server.close(() => resolve());
      for (const session of sessions) session.destroy();
    }),
  };
}
