// Sends a message to real servers and to the pipeline, and says which requests a server served that were not told.
import net from 'node:net';
import { type ExchangeJson, exchangeJson } from '../../../rebuilder/exchange/exchange-json.ts';
import { TcpStream } from '../../tcp-stream.ts';
import type { Served, Server } from '../real-server.ts';

/** How long a server may think about a message that it may not understand. */
const PATIENCE_MS = 1500;

/** … and what it needs for one that it does. */
const WORK_MS = 60;

/** What a server answered, latin1, and what it served. */
export interface Outcome { readonly answer: string; readonly served: readonly Served[] }

/** Sends `message` over a connection of its own, closes that half, and waits until the server has closed the other. */
export async function ask(server: Server, message: string): Promise<Outcome> {
  let port = 0;
  const answer = await new Promise<string>((resolve) => {
    let text = '';
    const socket = net.connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true }, () => {
      port = socket.localPort!;
      server.served.delete(port);
      socket.write(Buffer.from(message, 'latin1'));
      // A server that is still at work must not see the end of its client: some give the request up then.
      setTimeout(() => socket.end(), WORK_MS);
    });
    const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.setEncoding('latin1');
    socket.on('data', (piece) => { text += piece.toString(); });
    socket.on('error', () => {});
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
  // The recorder's line may still be on its way through its pipe.
  for (let tries = 0; tries < 20 && (server.served.get(port)?.length ?? 0) < answered(answer); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return { answer, served: (server.served.get(port) ?? []).filter(({ target }) => isOf(message, target)) };
}

/**
 * A server that is slow may say what it served of another connection when the next one has its port: then the target's
 * marker is of another message.
 */
function isOf(message: string, target: string): boolean {
  const marker = /m[0-9a-z]+/.exec(target)?.[0];
  return marker === undefined || message.includes(marker);
}

/** Responses with the recorder's own body. */
function answered(answer: string): number {
  return answer.split('\r\n\r\nok').length - 1;
}

/** A connection to tell of: what its client sent, and its server's answer; null = that half is not mirrored. */
export interface Sent { readonly message: string; readonly answer: string | null }

const FIRST_PORT = 10_000;

/** A request that was told, and which bytes of its connection it was made of. */
export interface Told extends ExchangeJson { readonly at: number; readonly end: number }

/**
 * What the rebuilder tells of each of these connections, which come in pieces of `pieceBytes`; up to 50,000 of them.
 */
export function told(sent: readonly Sent[], pieceBytes: (i: number) => number = () => 1400): Told[][] {
  const exchanges: Told[][] = sent.map(() => []);
  const stream: TcpStream = new TcpStream({ parseResponses: true }, 1000, {
    exchange: (request) => {
      stream.ledger.count('http.exchanges');
      const at = request.seq - stream.isn - 1;
      const end = at + request.end - request.start;
      exchanges[request.endpoints.clientPort - FIRST_PORT]!.push({ ...exchangeJson(request), at, end });
    },
  });
  for (const [i, { message, answer }] of sent.entries()) {
    stream.clientPort = FIRST_PORT + i;
    if (answer === null) stream.send('', { flags: 2, at: -1 });
    else stream.open();
    const ack = stream.serverIsn + 1;
    const piece = pieceBytes(i);
    for (let at = 0; at < message.length; at += piece) stream.send(message.slice(at, at + piece), { at, ack });
    if (answer !== null && answer !== '') stream.answer(answer, { at: 0, ack: stream.isn + 1 + message.length });
    stream.send('', { at: message.length, flags: 17, ack: ack + (answer?.length ?? 0) });
  }
  const imbalance = stream.end();
  if (imbalance.length > 0) throw new Error(`the ledger does not balance: ${JSON.stringify(imbalance)}`);
  return exchanges;
}

/**
 * Requests that were served and not told whole. What the client itself left unfinished (its last line, the end of its
 * chunks) is told as cut, and what it broke off with a size below zero (gunicorn takes it for the end) as invalid. The
 * preface of HTTP/2, which Go and gunicorn serve as a request, holds nothing of the client's own.
 */
export function missed(served: readonly Served[], exchanges: readonly ExchangeJson[], isTold = isToldBy): Served[] {
  const left = [...exchanges];
  return served.filter((one) => {
    if (one.method === 'PRI' && one.target === '*' && one.body === '') return false;
    const at = left.findIndex((exchange) => isTold(one, exchange));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** Is what was served this request? */
export function isToldBy({ method, target, body }: Served, { request }: ExchangeJson): boolean {
  if (!isSameLine(request, method, target)) return false;
  if (body === null) return true;
  return Buffer.from(request.body, 'base64').toString('latin1') === body && (request.complete || isCut(request.lost));
}

function isCut(lost: ExchangeJson['request']['lost']): boolean {
  return lost?.length === 1 && (lost[0] === 'http.message_cut' || lost[0] === 'http.invalid_chunk');
}

/**
 * Servers strip what they think is no part of a target, write escapes their own way, make capitals of a method's
 * letters (gunicorn), and part the line where others do not: at a blank they know alone. What stands behind a version
 * gunicorn 20 leaves out; it is told as a part of the target.
 */
function isSameLine(told: { method: string; target: string }, method: string, target: string): boolean {
  if (told.method === method && told.target === target) return true;
  // Of the authority that CONNECT asks for, Apache passes on no path.
  if (method === 'CONNECT' && target === '/' && told.method === method) return !told.target.includes('/');
  // One whose only blank is SP has a part of the target in its method.
  const capitals = Math.max(told.method.length, method.length);
  return plain(`${told.method} ${told.target}`, capitals) === plain(`${method} ${target}`, capitals);
}

/** @param capitals of the line's beginning, in which case does not count */
function plain(line: string, capitals: number): string {
  // An absolute target may stand behind a word that is told as its beginning.
  const short = `${line.slice(0, capitals).toUpperCase()}${line.slice(capitals)}`.replace(/(?<=[^!-~])[a-z]+:(?:\/\/[^/?]*|(?=\/))/i, '')
    .replace(/(?:[^!-~]|%A0|%85)(HTTP|RTSP|ICE)\/[\d_]+\..*$/si, '').replace(/#.*/, '');
  return short.replace(/%[0-9a-fA-F]{2}|[^A-Za-z0-9?=-]/g, '');
}
