// How a game that is kept is written down.
import { TcpFlag } from '../../../rebuilder/wire/packet.ts';
import type { Game, Op } from './game.ts';

export const SYN = TcpFlag.syn;
export const ACK = TcpFlag.ack;
export const DATA = TcpFlag.ack | TcpFlag.psh;
export const FIN = TcpFlag.ack | TcpFlag.fin;
export const RST = TcpFlag.rst;
export const RST_ACK = TcpFlag.ack | TcpFlag.rst;
export const URGENT = DATA | TcpFlag.urg;
/** Both of a client that answers as a server does. */
export const SYN_DATA = DATA | TcpFlag.syn;
export const SYN_ACK = TcpFlag.ack | TcpFlag.syn;

export interface KeptGame extends Omit<Game, 'seed'> { readonly why: string }

export function op(flags: number, seq: number, data: string, rest: Partial<Op> & { readonly pauseMs: number }): Op {
  return { flags, seq, data, ack: 0, window: 8000, ...rest };
}

export const post = (target: string, body: string): string =>
  `POST /${target} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
export const get = (target: string): string => `GET /${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

/** `text` from `at` on in small segments, each 1 ms and one tick of the client's clock behind the one before. */
export function inPieces(text: string, at: number, clock: number | null, length = 11): Op[] {
  const starts = Array.from({ length: Math.ceil((text.length - at) / length) }, (_, i) => at + i * length);
  return starts.map((seq, i) => {
    const stamp = clock === null ? {} : { timestamp: clock + i };
    return op(DATA, seq, text.slice(seq, seq + length), { pauseMs: 1, ...stamp });
  });
}
