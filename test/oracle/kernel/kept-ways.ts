// Games that were told wrong once because they can be read in more ways than are read on: main.ts plays them before all
// others.
import { ACK, DATA, FIN, type KeptGame, SYN, URGENT, get, inPieces, op, post } from './kept-game.ts';

/** Three requests whose free bytes are one letter, so that each is told apart by who wrote what of it. */
const three = (letter: string, first: number, second: number, third: number, bodies: readonly number[]): string =>
  [first, second, third].map((target, i) => {
    const [path, body] = [`${i}${letter.repeat(target)}`, bodies[i]!];
    return body === 0 ? get(path) : post(path, letter.repeat(body));
  }).join('');
const long = (letter: string): string => three(letter, 16, 17, 17, [12, 33, 5]);
const short = (letter: string): string => three(letter, 4, 13, 7, [15, 20, 37]);
const backwards = (letter: string): string => three(letter, 11, 22, 17, [12, 35, 38]);

export const KEPT_WAYS: readonly KeptGame[] = [
  {
    why: 'each of three requests can be read in several ways, in all in 73',
    live: false, v6: false, responds: true,
    ops: [
      op(SYN, -1, long('c').slice(0, 32), { timestamp: 5_000_440, scale: 7, pauseMs: 0.5 }),
      op(DATA, 174, long('f').slice(174, 199), { timestamp: 5_000_691, pauseMs: 0.1 }),
      op(DATA, 71, long('e').slice(71, 91), { timestamp: 691, pauseMs: 5 }),
      op(DATA, 89, long('f').slice(89, 179), { timestamp: 5_000_986, pauseMs: 250 }),
      op(DATA, 219, long('d').slice(219), { ack: -500, timestamp: 5_000_987, pauseMs: 0.1 }),
      op(DATA, 107, long('b').slice(107, 159), { timestamp: 5_002_787, ip: 'security label', pauseMs: 250 }),
      ...inPieces(long('a'), 0, 5_016_088, 30),
    ],
  },
  {
    why: 'a second target, a third body and two more segments that may be dropped, each in its own request',
    live: false, v6: false, responds: true, server: { closes: true },
    ops: [
      op(SYN, -1, short('b').slice(0, 46), { timestamp: 5_000_889, scale: 7, pauseMs: 250 }),
      op(DATA, 29, short('f').slice(29, 231), { timestamp: 5_002_190, pauseMs: 0.1 }),
      op(DATA, 74, short('c').slice(74, 91), { timestamp: 5_002_440, options: [253, 4, 1, 2], pauseMs: 250 }),
      op(DATA, 220, short('c').slice(220), { ack: 1, timestamp: 5_002_940, pauseMs: 250 }),
      op(DATA, 125, '\nContent-Length: 2', { timestamp: 5_004_241, md5: true, pauseMs: 1300 }),
      ...inPieces(short('a'), 0, 5_004_492),
    ],
  },
  {
    why: 'SYNs of three connections that never are, and each segment waits until the last one of all comes',
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { scale: 2, pauseMs: 12_000 }),
      op(ACK, 0, '', { pauseMs: 5 }),
      op(DATA, 70, backwards('b').slice(70, 81), { ack: 60_000, pauseMs: 0.5 }),
      op(DATA, -219, 'ddd', { ack: -500, pauseMs: 40 }),
      op(SYN, 284, '', { isnOffset: 0, pauseMs: 12_000 }),
      op(DATA, 352, 'b', { ack: -5000, pauseMs: 250 }),
      op(FIN, 353, '', { ack: -500, pauseMs: 0.1 }),
      op(URGENT, 220, backwards('b').slice(220, 239), { urgent: 3, pauseMs: 40 }),
      op(SYN, -147, '', { isnOffset: 0, pauseMs: 250 }),
      op(DATA, -113, ': ', { ack: -500, pauseMs: 250 }),
      op(DATA, 152, backwards('a').slice(152, 282), { pauseMs: 250 }),
      op(DATA, 121, backwards('b').slice(84, 252), { ack: 10, pauseMs: 0.5 }),
      ...inPieces(backwards('a'), 0, null).slice(0, 20).reverse(),
    ],
  },
  {
    why: 'of more ways than are read on those from a place of no connection say nothing of how far others come',
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, post('0'.padEnd(16, 'b'), 'bb').slice(0, 36), { cookie: 8, timestamp: 5_000_188, pauseMs: 0.1 }),
      op(DATA, 7, 'dd', { ack: 10, timestamp: 5_002_693, pauseMs: 5 }),
      op(FIN, 9, '', { ack: -5000, timestamp: 5_002_694, pauseMs: 0.1 }),
      op(DATA, 50, 'Length: ', { timestamp: 5_002_944, pauseMs: 250 }),
      op(DATA, 546, 't: a\r\nContent-', { ack: 60_000, timestamp: 5_003_195, pauseMs: 250 }),
      op(DATA, 6, post('0'.padEnd(16, 'a'), 'aa').slice(6, 44), { timestamp: 5_003_196, pauseMs: 0.1 }),
      op(DATA, -1_959_362, 'bbbbbbbbbbb H', { ack: -5000, timestamp: 5_003_240, pauseMs: 0.5 }),
      op(DATA, 0, 'POST /0aaaa', { timestamp: 5_016_541, pauseMs: 0.1 }),
      op(DATA, 44, 'ntent-Lengt', { timestamp: 5_016_564, pauseMs: 0.1 }),
      op(DATA, 55, 'h: 2\r\n\r\naa', { timestamp: 5_016_565, pauseMs: 0.1 }),
    ],
  },
  {
    why: 'both ways: of the readings of three holes and four doubts none that began where the stream stands makes room',
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { timestamp: 5_000_578, scale: 2, pauseMs: 250 }),
      op(DATA, 14, 'TP', { timestamp: 5_012_623, md5: true, pauseMs: 5 }),
      op(DATA, 16, 'TP', { timestamp: 5_013_923, md5: true, pauseMs: 1300 }),
      op(DATA, 72, `${'a'.repeat(19)}${post('1'.padEnd(21, 'a'), 'a'.repeat(14))}`, { timestamp: 5_013_924, pauseMs: 0.1 }),
      op(URGENT, 98, 'eeee', { timestamp: 5_014_175, urgent: 4, pauseMs: 0.5 }),
      op(DATA, 87, 'eee', { timestamp: 5_014_176, wrongSum: true, pauseMs: 0.1 }),
      op(DATA, 103, 'ST /1ccccc', { ack: -0x3000_0000, timestamp: 5_018_227, pauseMs: 2500 }),
      ...inPieces(post('0aaaa', 'a'.repeat(38)), 0, 5_018_228).slice(0, 7).map((piece) => ({ ...piece, pauseMs: 0.1 })),
    ],
  },
];
