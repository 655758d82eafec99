// Games that were told wrong once, each of its kind and as small as it could be made: main.ts plays them before all
// others.
import { TcpFlag } from '../../../rebuilder/wire/packet.ts';
import type { Game, Op } from './game.ts';

const SYN = TcpFlag.syn;
const ACK = TcpFlag.ack;
const DATA = TcpFlag.ack | TcpFlag.psh;
const FIN = TcpFlag.ack | TcpFlag.fin;
const RST_ACK = TcpFlag.ack | TcpFlag.rst;
const URGENT = DATA | TcpFlag.urg;

function op(flags: number, seq: number, data: string, rest: Partial<Op> & { readonly pauseMs: number }): Op {
  return { flags, seq, data, ack: 0, window: 8000, ...rest };
}

export interface KeptGame extends Omit<Game, 'seed'> { readonly why: string }

export const KEPT_GAMES: readonly KeptGame[] = [
  {
    why: 'a doubted segment comes when bytes of a hole that was given up came already',
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { scale: 0, pauseMs: 250 }),
      op(DATA, 1, 'OST /0aaaaa HTTP/1.1\r\nHost: a\r\nContent-L', { pauseMs: 12000 }),
      op(DATA, 0, 'POST /0aaaaa HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\n\r\naaaaa', { pauseMs: 2500 }),
      op(DATA, 15, 'TP/1.1\r\nHost: a\r\nContent-Length: 35\r\n\r\nddddddddddddddddd', { ack: -5000, pauseMs: 5 }),
      op(DATA, 0,
        'POST /0aaaaa HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\n\r\naaaaaaaaaaaaaaaaaa'
        + 'aaaaaaaaaaaaaaaaa', { pauseMs: 20 }),
    ],
  },
  {
    why: 'segments that count as one because of the order in which they came',
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { pauseMs: 12000 }),
      op(DATA, 32, 'Host: a\r\nContent-Length: 15\r\n\r\nffffff', { pauseMs: 2500 }),
      op(DATA, 22, 'HTTP/1.1\r\n', { pauseMs: 0.1 }),
      op(DATA, 61, '\r', { pauseMs: 12000 }),
      op(DATA, 32, 'Host: a\r\nContent-Length: 15\r\n\r\naaaaaaaaaaaaaaa', { pauseMs: 0.5 }),
      op(DATA, 0, 'POST /0aaaaaaaaaaaaaa HTTP/1.1', { pauseMs: 0.1 }),
    ],
  },
  {
    why: 'the buffer of the first segment has no room for the second, so the two are not one',
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { timestamp: 5000989, pauseMs: 250 }),
      op(ACK, 0, '', { timestamp: 5000994, pauseMs: 5 }),
      op(DATA, 16,
        'cccccccccccc HTTP/1.1\r\nHost: a\r\nContent-Length: 19\r\n\r\ncccccccccccccccccc'
        + 'cPOST /1ccccccccccc HTTP/1.1\r\nHost: a\r\nConten', { timestamp: 5004801, pauseMs: 250 }),
      op(DATA, 133,
        'cccccccccccc HTTP/1.1\r\nHost: a\r\nContent-Length: 19\r\n\r\ncccccccccccccccccc'
        + 'cPOST /1ccccccccccc HTTP/1.1\r\nHost: a\r\nConten', { timestamp: 5004801, pauseMs: 2500 }),
      op(DATA, 123,
        ' a\r\nContent-Length: 28\r\n\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaPOST /2aaaaaaaa HTTP'
        + '/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\naaaaaaaaaaa', { timestamp: 5007800, pauseMs: 250 }),
      op(DATA, 0, 'POST /0aaaaaaaaaaaaaaaaaaaaa H', { timestamp: 5007964, pauseMs: 20 }),
    ],
  },
  {
    why: 'a SYN behind a segment far off that was read, and the server goes on from before it',
    live: true, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { scale: 0, pauseMs: 5 }),
      op(ACK, 0, '', { pauseMs: 250 }),
      op(DATA, 10000036, ': a\r\nContent-Length: 25\r\n\r\nddddddddddddddddddddddd', { pauseMs: 0.1 }),
      op(RST_ACK, 4, ' ', { pauseMs: 12000 }),
      op(SYN, 46, '', { pauseMs: 0.1 }),
      op(DATA, 0, 'POST /0aaaa', { pauseMs: 0.1 }),
      op(DATA, 11, 'aaaaaaaaaa ', { pauseMs: 0.1 }),
      op(DATA, 22, 'HTTP/1.1\r\nH', { pauseMs: 0.1 }),
      op(DATA, 33, 'ost: a\r\nCon', { pauseMs: 1 }),
      op(DATA, 44, 'tent-Length', { pauseMs: 20 }),
      op(DATA, 55, ': 25\r\n\r\naaa', { pauseMs: 0.1 }),
      op(DATA, 66, 'aaaaaaaaaaa', { pauseMs: 20 }),
      op(DATA, 77, 'aaaaaaaaaaa', { pauseMs: 1 }),
    ],
  },
  {
    why: 'what came while the handshake was open was refused, whatever it acknowledged',
    live: false, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { scale: 7, pauseMs: 1300 }),
      op(DATA, 67,
        'ccccccccccccccccccccPOST /1cccccc HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n'
        + '\r\ncccccccccccccccccccc', { ack: 10, pauseMs: 5 }),
      op(DATA, 35, '\nHost: a\r\nContent-Length: 20\r\n\r\nccc', { ack: -1, pauseMs: 2500 }),
      op(DATA, 19, 'cccccc HTTP/1.1\r\nHos', { ack: -5000, pauseMs: 0.1 }),
      op(DATA, 0, 'POST /0aaaa', { pauseMs: 0.1 }),
      op(DATA, 11, 'aaaaaaaaaaa', { pauseMs: 1 }),
      op(DATA, 22, 'aaa HTTP/1.', { pauseMs: 1 }),
      op(DATA, 33, '1\r\nHost: a\r', { pauseMs: 1 }),
      op(DATA, 44, '\nContent-Le', { pauseMs: 0.1 }),
      op(DATA, 55, 'ngth: 20\r\n\r', { pauseMs: 0.1 }),
      op(DATA, 66, '\naaaaaaaaaa', { pauseMs: 1 }),
      op(DATA, 77, 'aaaaaaaaaaP', { pauseMs: 0.1 }),
    ],
  },
  {
    why: 'a FIN far off, and doubted bytes where the true ones come later',
    live: true, v6: true, responds: true,
    ops: [
      op(SYN, -1, '', { timestamp: 5000235, scale: 2, pauseMs: 5 }),
      op(FIN, 599, '', { timestamp: 5000236, pauseMs: 0.1 }),
      op(DATA, 75, 'dddddddddddddddddddddddd', { timestamp: 5004036, md5: true, pauseMs: 2500 }),
      op(DATA, 24,
        'aaaaa HTTP/1.1\r\nHost: a\r\nContent-Length: 28\r\n\r\naaaaaaaaaaaaaaaaaaaa', { timestamp: 5005341, pauseMs: 5 }),
      op(DATA, 88, 'aaaaaaaaaaa', { timestamp: 5017367, pauseMs: 20 }),
      op(DATA, 22, 'aaaaaaa HTT', { timestamp: 5017430, pauseMs: 0.1 }),
      op(DATA, 11, 'aaaaaaaaaaa', { timestamp: 5017431, pauseMs: 0.1 }),
      op(DATA, 0, 'POST /0aaaa', { timestamp: 5017451, pauseMs: 20 }),
    ],
  },
  {
    why: 'an urgent pointer into bytes that came with the SYN, which the server did not take',
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, 'GET /0aaaa HTTP/1.', { scale: 2, cookie: 8, pauseMs: 40 }),
      op(URGENT, 6, 'aa', { urgent: 1, pauseMs: 12000 }),
      op(DATA, 0, 'GET /0aaaa HTTP/1.1\r\nHost: a\r\n', { pauseMs: 1 }),
      op(DATA, 30, '\r\nGET /1aaaaaaaaaaaaa HTTP/1.1', { pauseMs: 0.1 }),
    ],
  },
];
