import { execFile } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import { promisify } from 'node:util';
import { type App, http1App, http2App } from './servers.ts';

const run = promisify(execFile);

/** Real clients that do one thing each; `tools` must be installed. */
interface Scenario {
  readonly why: string;
  readonly tools: readonly string[];
  /** The server, and what it needs besides. */
  servers(): Promise<App[]>;
  client(port: number): Promise<void>;
}

const curl = async (...args: string[]): Promise<void> => { await run('curl', ['-sS', '--max-time', '10', '-o', '/dev/null', ...args]); };
const nghttp = async (...args: string[]): Promise<void> => { await run('nghttp', ['-n', '-t', '10', ...args]); };

async function settled(socket: net.Socket): Promise<void> {
  await once(socket, 'close');
}

/** A gRPC message: not compressed, its length, then what must not be taken for text. */
function grpcMessage(length: number): Buffer {
  const message = Buffer.alloc(5 + length);
  message.writeUInt32BE(length, 1);
  for (let i = 0; i < length; i++) message[5 + i] = i % 256;
  return message;
}

async function grpcCall(
  session: http2.ClientHttp2Session, target: string, messages: readonly Buffer[], trailers?: Record<string, string>,
): Promise<void> {
  const stream = session.request({
    ':method': 'POST', ':path': target, 'content-type': 'application/grpc', te: 'trailers', 'grpc-timeout': '5S', 'x-trace-bin': 'AAECAw',
  }, { waitForTrailers: trailers !== undefined });
  if (trailers !== undefined) stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  for (const message of messages) stream.write(message);
  stream.end();
  stream.resume();
  await once(stream, 'close');
}

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'http1-keep-alive': {
    why: 'one connection of curl: GET, a form, a chunked upload, HEAD, a chunked answer',
    tools: ['curl'],
    servers: async () => [await http1App()],
    client: async (port) => {
      const url = `http://127.0.0.1:${port}`;
      await curl(`${url}/first?a=1&b=%2e%2e`, '--next', '-sS', '-o', '/dev/null', '-d', 'name=value&other=%00', `${url}/form`,
        '--next', '-sS', '-o', '/dev/null', '-H', 'Transfer-Encoding: chunked', '-H', 'Expect:', '--data-binary', 'x'.repeat(3000), `${url}/upload`,
        '--next', '-sS', '-I', '-o', '/dev/null', `${url}/head`, '--next', '-sS', '-o', '/dev/null', `${url}/chunked`);
    },
  },
  'http1-pipelining': {
    why: 'three requests in one segment, one with a body, the last asking to close',
    tools: [],
    servers: async () => [await http1App()],
    client: async (port) => {
      const socket = net.connect(port, '127.0.0.1');
      socket.write('GET /1 HTTP/1.1\r\nHost: a.example\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nGET /'
        + 'GET /3 HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n');
      socket.resume();
      await settled(socket);
    },
  },
  'http1-100-continue': {
    why: 'a body that is sent after 100 Continue: the interim response is not the answer',
    tools: ['curl'],
    servers: async () => [await http1App()],
    client: (port) => curl('-H', 'Expect: 100-continue', '--data-binary', 'y'.repeat(2000), `http://127.0.0.1:${port}/expect`),
  },
  'http1-websocket': {
    why: 'an upgrade that the server takes: what follows is not HTTP',
    tools: [],
    servers: async () => [await http1App()],
    client: async (port) => {
      const request = http.get({
        port, host: '127.0.0.1', path: '/socket',
        headers: { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' },
      });
      const [, socket] = await once(request, 'upgrade') as [unknown, net.Socket];
      // A masked text frame (RFC 6455 5.3) that is a request to those who take the mask off.
      const text = Buffer.from('GET /not-a-request HTTP/1.1\r\nHost: a\r\n\r\n');
      socket.write(
        Buffer.concat([
          Buffer.from([0x81, 0x80 | text.length, 1, 2, 3, 4]),
          text.map((byte, i) => byte ^ ((i % 4) + 1)),
        ]),
      );
      socket.resume();
      await settled(socket);
    },
  },
  'h2c-prior-knowledge': {
    why: 'curl and Node with prior knowledge of HTTP/2: many streams, at a time too, bodies, crumbs of cookies, HEAD',
    tools: ['curl'],
    servers: async () => [await http2App()],
    client: async (port) => {
      const url = `http://127.0.0.1:${port}`;
      await curl('--http2-prior-knowledge', `${url}/curl?q=%27%20OR%201`, '-H', 'Cookie: a=1; b=2', '-H', 'X-Empty;');
      await curl('--http2-prior-knowledge', '--data-binary', 'z'.repeat(2000), `${url}/curl/post`);
      await curl('--http2-prior-knowledge', '-I', `${url}/curl/head`);
      const session = http2.connect(url);
      await Promise.all(Array.from({ length: 20 }, async (_, i) => {
        const body = i % 2 === 0 ? '' : `body ${i}`.repeat(i);
        const stream = session.request({
          ':method': body === '' ? 'GET' : 'POST', ':path': `/node/${i}?x=${'v'.repeat(i * 3)}`, cookie: ['a=1', `b=${i}`, 'c=3'], 'x-number': `${i % 3}`,
          ...(i % 4 === 1 ? { 'content-length': `${body.length}` } : {}),
        });
        if (body !== '') stream.end(body);
        stream.resume();
        await once(stream, 'close');
      }));
      session.close();
      await once(session, 'close');
    },
  },
  'h2c-upgrade': {
    why: 'nghttp and curl that begin with HTTP/1.1 and Upgrade: h2c',
    tools: ['curl', 'nghttp'],
    servers: async () => {
      const h2c = await http2App();
      return [await http1App(h2c), h2c];
    },
    client: async (port) => {
      const url = `http://127.0.0.1:${port}`;
      await nghttp('-u', `${url}/upgrade`, `${url}/second`, `${url}/third?a=b`);
      await curl('--http2', `${url}/curl`);
    },
  },
  'h2c-nghttp': {
    why: 'padding, priorities, CONTINUATION, a small header table and trailers of a request, by nghttp',
    tools: ['nghttp'],
    servers: async () => [await http2App()],
    client: async (port) => {
      const url = `http://127.0.0.1:${port}`;
      await nghttp('-b', '17', '-m', '3', '-H', 'x-many: same', `${url}/padded`);
      await nghttp('--continuation', '-c', '256', `${url}/continuation`);
      await nghttp('-c', '0', `${url}/no-table`, `${url}/no-table/2`);
      await nghttp('-d', new URL(import.meta.url).pathname.replace(/[^/]*$/, 'record.sh'), '--trailer', 'x-checksum: 0a0b', `${url}/trailers`);
    },
  },
  grpc: {
    why: 'calls as gRPC makes them: binary messages, a stream of them, trailers in both directions',
    tools: [],
    servers: async () => [await http2App()],
    client: async (port) => {
      const session = http2.connect(`http://127.0.0.1:${port}`);
      await grpcCall(session, '/grpc/test.Echo/Unary', [grpcMessage(7)]);
      await Promise.all([
        grpcCall(session, '/grpc/test.Echo/Stream', [grpcMessage(0), grpcMessage(300), grpcMessage(1)], { 'x-client-trailer': 'end' }),
        grpcCall(session, '/grpc/test.Echo/Unary', [grpcMessage(1000)]),
        grpcCall(session, '/grpc/test.Echo/Empty', []),
      ]);
      session.close();
      await once(session, 'close');
    },
  },
};
