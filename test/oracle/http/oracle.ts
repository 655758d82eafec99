// Sends a message to real servers and to the pipeline, and says which requests a server served that were not told.
import net from 'node:net';
import type { ExchangeJson } from '../../../rebuilder/exchange/exchange-json.ts';
import { TcpStream } from '../../tcp-stream.ts';
import type { Served, Server } from './servers.ts';

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
  return { answer, served: server.served.get(port) ?? [] };
}

/** Responses with the recorder's own body. */
function answered(answer: string): number {
  return answer.split('\r\n\r\nok').length - 1;
}

/**
 * What the rebuilder tells of a connection on which `message` was sent, in pieces of at most `pieceBytes`.
 * @param answer of the server; null = its half is not mirrored
 */
export function told(message: string, answer: string | null, pieceBytes = 1400): ExchangeJson[] {
  const stream = new TcpStream({ parseResponses: answer !== null });
  if (answer === null) stream.send('', { flags: 2, at: -1 });
  else stream.open();
  for (let at = 0; at < message.length; at += pieceBytes) stream.send(message.slice(at, at + pieceBytes), { at, ...answer === null ? { ack: 7001 } : {} });
  if (answer !== null && answer !== '') stream.answer(answer, { at: 0 });
  stream.close();
  const imbalance = stream.end();
  if (imbalance.length > 0) throw new Error(`the ledger does not balance: ${JSON.stringify(imbalance)}`);
  return stream.exchanges;
}

/** Requests that were served and not told whole. */
export function missed(served: readonly Served[], exchanges: readonly ExchangeJson[]): Served[] {
  const left = exchanges.map(({ request }) => ({ ...request, body: Buffer.from(request.body, 'base64').toString('latin1') }));
  return served.filter(({ method, target, body }) => {
    const at = left.findIndex((one) => one.complete && one.method === method && one.body === body && sameTarget(one.target, target));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** Servers strip what they think is no part of a target, and write escapes their own way. */
function sameTarget(told: string, served: string): boolean {
  if (told === served) return true;
  const plain = (target: string): string => target.replace(/^[a-z]+:\/\/[^/?]*/i, '').replace(/[^A-Za-z0-9?=-]|%[0-9a-fA-F]{2}/g, '').replace(/#.*/, '');
  return plain(told) === plain(served);
}
