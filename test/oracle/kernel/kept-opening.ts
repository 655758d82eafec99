// Games that were told wrong once because of what opens a connection, or seems to: data of a SYN, a client's own
// SYN-ACK, an RST that answers it. main.ts plays them before all others.
import { ACK, DATA, FIN, type KeptGame, RST, SYN, SYN_ACK, URGENT, get, op, post } from './kept-game.ts';

const ACCEPTS = { server: { fastOpen: true } } as const;
const two = (letter: string): string => `${post(`0${letter.repeat(10)}`, letter.repeat(20))}${get(`1${letter}`)}`;

export const KEPT_OPENING: readonly KeptGame[] = [
  {
    why: 'behind data of a SYN a segment that begins at the number of the SYN itself',
    live: true, v6: false, responds: false, ...ACCEPTS,
    ops: [
      op(SYN, -1, `${post('0a', 'aaaa')}POST /1`, { pauseMs: 5 }),
      op(DATA, -1, post('0b', 'bbbb').slice(0, 43), { pauseMs: 40 }),
    ],
  },
  ...[true, false].map((isBehindAnother): KeptGame => ({
    why: `the same behind an RST with data${isBehindAnother ? ', of a connection that is over but for its server' : ''}`,
    live: false, v6: false, responds: true, ...ACCEPTS,
    ops: [
      ...(isBehindAnother ? [
        op(SYN, -1, '', { pauseMs: 5 }), op(ACK, 0, '', { pauseMs: 40 }),
        op(DATA, 34, '1\r\nHo', { pauseMs: 2500 }), op(DATA, 0, two('a'), { ack: 10, pauseMs: 250 }),
        op(RST, two('a').length, '', { pauseMs: 1300 }),
      ] : []),
      op(RST, 0, post('0b', 'b'.repeat(19)).slice(0, 60), { pauseMs: 2500 }),
      op(SYN, 0, two('c').slice(0, 63), { isnOffset: 0, pauseMs: 1300 }),
      op(DATA, 0, two('a'), { pauseMs: 0.1 }),
    ],
  })),
  {
    why: 'an RST answers the SYN-ACK of a client whose SYN brought data: the connection goes on',
    live: false, v6: true, responds: true, server: { fastOpen: true, closes: true },
    ops: [
      op(SYN, -1, two('c').slice(0, 49), { cookie: 0, pauseMs: 2500 }),
      op(SYN_ACK, 92, '', { pauseMs: 5 }),
      op(ACK, 160, '', { pauseMs: 12_000 }),
      op(DATA, 0, two('a'), { pauseMs: 0.1 }),
    ],
  },
  {
    why: 'the same with another SYN, and data that come out of order',
    live: true, v6: false, responds: false, ...ACCEPTS,
    ops: [
      op(SYN, -1, post('0aaaaaaa', 'cc').slice(0, 21), { scale: 0, pauseMs: 0.5 }),
      op(SYN_ACK, 88, 'st', { pauseMs: 0.1 }),
      op(SYN, 0x2000_0000, '', { isnOffset: 0, pauseMs: 1300 }),
      op(DATA, 40, post('0aaaaaaa', 'cc').slice(40), { pauseMs: 0.5 }),
      op(DATA, 11, post('0aaaaaaa', 'aa').slice(11, 22), { pauseMs: 1 }),
      op(DATA, 22, post('0aaaaaaa', 'aa').slice(22, 33), { pauseMs: 1 }),
      op(DATA, 33, post('0aaaaaaa', 'aa').slice(33, 44), { pauseMs: 20 }),
    ],
  },
  {
    why: 'a FIN that is refused, and SYN-ACKs of the client around a body that comes twice',
    live: false, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { timestamp: 5_000_257, pauseMs: 250 }),
      op(DATA, 0, post('0aaaa', 'a'.repeat(21)), { ack: 1000, timestamp: 5_003_007, pauseMs: 2500 }),
      op(FIN, 74, '', { ack: -1, timestamp: 5_003_257, pauseMs: 250 }),
      op(DATA, 7, post('0cccc', 'c'.repeat(21)).slice(7), { timestamp: 5_004_557, pauseMs: 1300 }),
      op(SYN_ACK, 24, 'st: a\r\nContent-Le', { timestamp: 5_005_143, pauseMs: 40 }),
      op(SYN_ACK, 0, post('0cccc', 'c'.repeat(21)).slice(0, 52), { timestamp: 5_006_444, pauseMs: 0.5 }),
      op(DATA, 0, post('0aaaa', 'a'.repeat(21)).slice(0, 30), { timestamp: 5_006_469, pauseMs: 20 }),
    ],
  },
  {
    why: 'a byte that was marked as urgent before there was a connection',
    live: false, v6: true, responds: false, server: { closes: true },
    ops: [
      op(SYN, -1, '', { scale: 0, pauseMs: 0.1 }), op(SYN, 35, 'Content-Len', { pauseMs: 40 }),
      op(DATA, 26, 'H', { pauseMs: 0.1 }), op(URGENT, 249, 'aaa', { urgent: 2, pauseMs: 12_000 }),
      ...[51, 93].map((seq) => op(URGENT, seq, `15\r\n\r\n${'d'.repeat(15)}POST /1${'d'.repeat(14)}`, { urgent: 43, pauseMs: 250 })),
      op(SYN, -1, '', { isnOffset: 0, pauseMs: 12_000 }), op(DATA, 209, 't', { pauseMs: 250 }),
      op(DATA, 0, `${post('0aaaaaaaa', 'a'.repeat(15))}${post('1'.padEnd(22, 'a'), 'a'.repeat(30))}${post('2'.padEnd(17, 'a'), 'a'.repeat(22))}`, { pauseMs: 0.1 }),
    ],
  },
  {
    why: 'an RST refuses a SYN with data, and then a SYN is answered that ends where those did',
    live: false, v6: false, responds: false, server: { closes: true },
    ops: [
      op(SYN, -1, '', { pauseMs: 250 }), op(SYN, 94, 'ddddd', { pauseMs: 40 }), op(SYN, 99, 'ddddd', { pauseMs: 250 }),
      op(DATA, 0, `${post('0'.padEnd(20, 'a'), 'a'.repeat(34))}${post('1'.padEnd(20, 'a'), 'a'.repeat(12))}${get('2'.padEnd(17, 'a'))}`, { pauseMs: 250 }),
    ],
  },
];
