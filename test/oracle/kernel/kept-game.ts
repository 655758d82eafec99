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
/** Of a client that answers as a server does. */
export const SYN_DATA = DATA | TcpFlag.syn;

export interface KeptGame extends Omit<Game, 'seed'> { readonly why: string }

export function op(flags: number, seq: number, data: string, rest: Partial<Op> & { readonly pauseMs: number }): Op {
  return { flags, seq, data, ack: 0, window: 8000, ...rest };
}
