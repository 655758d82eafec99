// Plays a connection to real servers and to the pipeline, and says which requests a server served that were not told.
import net from 'node:net';
import { type ExchangeJson, exchangeJson } from '../../../rebuilder/exchange/exchange-json.ts';
import { FRAME_HEADER_BYTES, FrameHeader, FrameType } from '../../../rebuilder/http2/frame.ts';
import { TcpStream } from '../../tcp-stream.ts';
import { isToldBy, missed as missedBy } from '../http/oracle.ts';
import type { Served, Server } from '../real-server.ts';
import { type Connection, LAST_PING } from './connections.ts';

/** Between two writes: a server that has an upgrade to answer does so before the next. */
const PAUSE_MS = 15;
/** A server that has said nothing for so long behind its answer to the last PING is done, and sees its client's end. */
const SILENCE_MS = 600;
/** … or that gives no such answer. */
const PATIENCE_MS = 3000;

/** What one end of a connection wrote, in the order of both. */
export interface Written { readonly from: 'client' | 'server'; readonly bytes: Buffer }

/** Both ends' bytes, and the client's port, by which the server's recorder knows it. */
export interface Talk { readonly port: number; readonly written: readonly Written[] }

/** Sends a connection's writes, and waits until its server has nothing more to say. */
export async function talk(server: Server, { writes }: Connection): Promise<Talk> {
  const written: Written[] = [];
  const socket = net.connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => { socket.on('close', () => resolve()); });
  const isOpen = await Promise.race([new Promise<boolean>((resolve) => { socket.on('connect', () => resolve(true)); }), closed]);
  if (isOpen !== true) return { port: 0, written };
  const port = socket.localPort!;
  server.served.delete(port);
  let heardMs = Date.now();
  let last = Buffer.alloc(0);
  let isAnswered = false;
  socket.on('data', (bytes) => {
    heardMs = Date.now();
    written.push({ from: 'server', bytes: Buffer.from(bytes) });
    last = Buffer.concat([last, bytes]).subarray(-bytes.length - LAST_PING.length);
    isAnswered ||= last.includes(LAST_PING);
  });
  socket.on('end', () => socket.destroy());
  for (const [i, bytes] of writes.entries()) {
    if (i > 0) await pause(PAUSE_MS);
    if (socket.destroyed) break;
    written.push({ from: 'client', bytes });
    socket.write(bytes);
  }
  heardMs = Date.now();
  const timer = setInterval(() => {
    const patienceMs = isAnswered ? SILENCE_MS : PATIENCE_MS;
    const silentMs = Date.now() - heardMs;
    if (silentMs > patienceMs + SILENCE_MS) socket.destroy();
    else if (silentMs > patienceMs) socket.end();
  }, 10);
  await closed;
  clearInterval(timer);
  return { port, written };
}

export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => { setTimeout(resolve, ms); });
}

const FIRST_PORT = 10_000;

/** A request that was told: where in what its client sent it began, and on which stream. */
export interface Told extends ExchangeJson { readonly at: number; readonly streamId: number }

/**
 * What the rebuilder tells of each of these connections, with the server's bytes or without; the client's come in
 * pieces of `pieceBytes`.
 */
export function told(
  talks: readonly (readonly Written[])[], bothWays: boolean, pieceBytes: (i: number) => number,
): Told[][] {
  const exchanges: Told[][] = talks.map(() => []);
  const stream: TcpStream = new TcpStream({ parseResponses: true }, 1000, {
    exchange: (request) => {
      stream.ledger.count('http.exchanges');
      exchanges[request.endpoints.clientPort - FIRST_PORT]!.push({
        ...exchangeJson(request), at: request.seq - stream.isn - 1, streamId: request.streamId,
      });
    },
  });
  for (const [i, written] of talks.entries()) {
    stream.clientPort = FIRST_PORT + i;
    let sent = 0;
    let heard = 0;
    if (bothWays) stream.open();
    else stream.send('', { flags: 2, at: -1 });
    for (const { from, bytes } of written) {
      if (from === 'server') {
        if (bothWays) stream.answer(bytes, { at: heard, ack: stream.isn + 1 + sent });
        heard += bytes.length;
        continue;
      }
      const piece = pieceBytes(i);
      for (let at = 0; at < bytes.length; at += piece) {
        stream.send(bytes.subarray(at, at + piece), { at: sent + at, ack: stream.serverIsn + 1 + heard });
      }
      sent += bytes.length;
    }
    stream.send('', { at: sent, flags: 17, ack: stream.serverIsn + 1 + heard });
  }
  const imbalance = stream.end();
  if (imbalance.length > 0) throw new Error(`the ledger does not balance: ${JSON.stringify(imbalance)}`);
  return exchanges;
}

/** Requests that were served and not told, with their body and what their header `x-m` said. */
export function missed(served: readonly Served[], exchanges: readonly ExchangeJson[]): Served[] {
  return missedBy(served, exchanges, isTold);
}

/** Is what was served this request? A head longer than limits.head_bytes is told cut, and so marked. */
export function isTold(one: Served, { request, ...rest }: ExchangeJson): boolean {
  const isCut = request.lost?.length === 1 && request.lost[0] === 'http.head_limit';
  const exchange = isCut ? { request: { ...request, complete: true }, ...rest } : { request, ...rest };
  return isToldBy(one, exchange) && (isCut || one.field === undefined || isSameField(one.field, request.headers));
}

/** Servers join lines, strip blanks, and drop lines whose values hold what they may not. */
function isSameField(field: string, headers: ExchangeJson['request']['headers']): boolean {
  const lines = headers.filter(([name]) => name.toLowerCase() === 'x-m');
  const values = lines.flatMap(([, value]) => value.split(',')).map(plain);
  return field.split(',').map(plain).every((value) => value === '' || values.includes(value));
}

function plain(text: string): string {
  return text.replace(/%[0-9A-F]{2}|[^0-9a-zA-Z]/g, '');
}

/** What both said of streams: what the server answered, or took back; what the client took back; who broke off. */
export interface Words {
  readonly streams: ReadonlySet<number>;
  readonly takenBack: ReadonlySet<number>;
  readonly isBroken: boolean;
}

export function wordsOf(written: readonly Written[]): Words {
  const streams = new Set<number>();
  const takenBack = new Set<number>();
  let isBroken = false;
  eachFrame(written, 'server', ({ type, streamId }, payload) => {
    if (type === FrameType.headers || type === FrameType.rstStream) streams.add(streamId);
    // RFC 9113 6.8: an error code that is not zero, which not every server has the time to say.
    isBroken ||= type === FrameType.goaway && payload.subarray(4, 8).some((byte) => byte !== 0);
  });
  eachFrame(written, 'client', ({ type, streamId }) => {
    if (type === FrameType.rstStream) takenBack.add(streamId);
    // Behind the client's own Apache ends.
    isBroken ||= type === FrameType.goaway;
  });
  return { streams, takenBack, isBroken };
}

function eachFrame(
  written: readonly Written[], end: Written['from'], show: (frame: FrameHeader, payload: Buffer) => void,
): void {
  const bytes = Buffer.concat(written.filter(({ from }) => from === end).map((one) => one.bytes));
  const frame = new FrameHeader();
  // Behind what it said in HTTP/1: from its first SETTINGS on.
  let at = Math.max(0, bytes.indexOf('\x04\0\0\0\0\0', 0, 'latin1') - 3);
  for (; at + FRAME_HEADER_BYTES <= bytes.length; at += FRAME_HEADER_BYTES + frame.length) {
    frame.parse(bytes, at);
    show(frame, bytes.subarray(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + frame.length));
  }
}
