// Games that were told wrong once, whose client is read in many ways, or opens its connection anew: main.ts plays them
// before all others.
import { ACK, DATA, FIN, type KeptGame, RST_ACK, SYN, URGENT, get, inPieces, op, post } from './kept-game.ts';

/** Three requests whose free bytes are one letter. */
const long = (letter: string): string => post(`0${letter.repeat(6)}`, letter.repeat(40))
  + post(`1${letter.repeat(6)}`, letter.repeat(32)) + get(`2${letter.repeat(8)}`);
const short = (letter: string): string => post(`0${letter.repeat(15)}`, letter.repeat(10))
  + post(`1${letter.repeat(18)}`, letter.repeat(15)) + get(`2${letter.repeat(12)}`);

export const KEPT_READINGS: readonly KeptGame[] = [
  {
    why: 'of more ways to read it than are followed some only stop where others go on',
    live: false, v6: false, responds: true,
    ops: [
      op(SYN, -1, long('c').slice(0, 34), { timestamp: 5_000_317, cookie: 0, pauseMs: 250 }),
      op(DATA, 122, long('e').slice(122, 168), { timestamp: 4_400_318, pauseMs: 0.1 }),
      op(DATA, 95, 'd'.repeat(25), { ack: 10, timestamp: 5_004_660, pauseMs: 40 }),
      op(DATA, 167, long('c').slice(147, 167), { ack: -0x3000_0000, timestamp: 5_004_915, pauseMs: 250 }),
      op(DATA, 95, long('a').slice(95, 119), { timestamp: 5_005_165, pauseMs: 250 }),
      op(FIN, 718, '', { timestamp: 5_005_170, pauseMs: 5 }),
      ...inPieces(long('a').slice(0, 99), 0, 5_005_432),
      ...inPieces(long('a'), 110, 5_005_500),
    ],
  },
  {
    why: 'ways that stop at the same byte where others go on take the place of those',
    live: true, v6: true, responds: true,
    ops: [
      op(SYN, -1, short('c').slice(0, 13), { pauseMs: 5 }),
      op(ACK, 0, short('b').slice(0, 20), { ack: 1, pauseMs: 2500 }),
      op(DATA, 98, short('c').slice(98), { ack: -10, pauseMs: 2500 }),
      op(DATA, 1, short('d').slice(1, 106), { ack: 10, pauseMs: 40 }),
      op(DATA, 106, short('d').slice(1, 106), { ack: 10, pauseMs: 12_000 }),
      ...inPieces(short('a'), 0, null),
    ],
  },
  {
    why: 'ways with the same bytes, of which one leaves out an urgent one, come before ways that stop',
    live: true, v6: true, responds: true,
    ops: [
      op(SYN, -1, 'GET /0bbb HTTP/1.1\r\n', { timestamp: 5_000_815, cookie: 8, pauseMs: 0.5 }),
      op(URGENT, 40, 'aaaaaaaaaaaaaaaaa ', { timestamp: 5_003_415, urgent: 17, pauseMs: 1300 }),
      op(DATA, 27, '\r\n\r\nPOST /1ddddddddddddddddddd H', { ack: -70_000, timestamp: 5_003_420, pauseMs: 5 }),
      op(DATA, 97, '\ndd', { timestamp: 5_003_371, pauseMs: 1300 }),
      op(DATA, 17, '1\r\nHost: a\r\n\r\nPOST /1eeeeeeeeeeeeeeeeeee HT', { ack: -10, timestamp: 5_016_972, pauseMs: 250 }),
      op(DATA, 0, 'GET /0aaa HTTP/1.1\r\nHost: a\r\n\r', { timestamp: 5_016_973, pauseMs: 0.1 }),
      op(DATA, 30, '\nPOST /1aaaaaaaaaaaaaaaaaaa HT', { timestamp: 5_016_993, pauseMs: 20 }),
      op(DATA, 60, 'TP/1.1\r\nHost: a\r\nContent-Lengt', { timestamp: 5_017_013, pauseMs: 20 }),
      op(DATA, 90, 'h: 8\r\n\r\naaaaaaaa', { timestamp: 5_017_033, pauseMs: 20 }),
    ],
  },
  {
    why: 'a segment that its server does not take, twice: who refuses the first refuses the second',
    live: false, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { pauseMs: 1 }),
      op(ACK, 0, '', { pauseMs: 1 }),
      op(DATA, 7, post('0aaaaaa', 'aaaaa').slice(7), { pauseMs: 1 }),
      op(DATA, 0, post('0dddddd', 'ddddd').slice(0, 20), { ack: -90_000, pauseMs: 260 }),
      op(DATA, 0, post('0dddddd', 'ddddd').slice(0, 20), { ack: -90_000, pauseMs: 0.1 }),
      op(DATA, 0, post('0aaaaaa', 'aaaaa').slice(0, 7), { pauseMs: 5 }),
    ],
  },
  {
    why: 'a SYN comes behind data of its connection: only what follows it reaches the server, from its number on',
    live: true, v6: false, responds: true,
    ops: [
      op(DATA, 19, '.', { timestamp: 5_012_925, pauseMs: 12_000 }),
      op(DATA, 17, '/1', { timestamp: 5_013_175, pauseMs: 250 }),
      op(SYN, -1, '', { timestamp: 5_013_176, pauseMs: 0.1 }),
      ...inPieces(get('0aaaaaa'), 0, 5_025_203),
    ],
  },
  {
    why: 'a SYN that opens the connection anew offers a timestamp, and what is older is not taken',
    live: false, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { timestamp: 5_000_342, scale: 2, pauseMs: 5 }),
      op(SYN, 69, '', { timestamp: 5_000_843, isnOffset: 0, pauseMs: 250 }),
      op(SYN, 69, '', { timestamp: 5_000_844, isnOffset: 0, pauseMs: 0.5 }),
      op(DATA, 121, 'bbb', { timestamp: 4_400_844, pauseMs: 0.1 }),
      op(DATA, 70, post('0aaa', 'aaaaaaa').slice(0, 52), { timestamp: 5_016_963, pauseMs: 20 }),
      op(DATA, 122, post('0aaa', 'aaaaaaa').slice(52), { timestamp: 5_016_964, pauseMs: 1 }),
    ],
  },
  {
    why: 'data cover a FIN, and another FIN behind them ends the stream',
    live: false, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { timestamp: 5_002_058, scale: 2, pauseMs: 1300 }),
      op(FIN, 7, '', { timestamp: 5_002_308, pauseMs: 250 }),
      op(DATA, 11, get('0aaaaa').slice(11, 24), { timestamp: 5_002_563, pauseMs: 5 }),
      op(FIN, 24, '', { timestamp: 5_003_904, pauseMs: 1300 }),
      op(DATA, 0, get('0aaaaa').slice(0, 11), { timestamp: 5_003_945, pauseMs: 1 }),
      op(DATA, 22, get('0aaaaa').slice(22), { timestamp: 5_003_947, pauseMs: 1 }),
    ],
  },
  {
    why: 'between two messages stood the reading that believed a SYN\'s data; others, which its server had, did not',
    live: true, v6: true, responds: true,
    ops: [
      op(SYN, -1, get('0bbbbbbbbbbbbbbbbbbbbb'), { pauseMs: 5 }),
      op(ACK | SYN, 0x2000_0000, '', { pauseMs: 12_000 }),
      op(DATA, 38, 'Host: a\r\n\r\nPOST /1ddddd HTTP/1.1\r\nHost: a\r\nContent-Length', { ip: 'many options', pauseMs: 0.5 }),
      ...[0, 30, 60, 90, 120].map((seq) => op(
        DATA, seq, (get('0aaaaaaaaaaaaaaaaaaaaa') + post('1aaaaa', 'a'.repeat(22))).slice(seq, seq + 30), { pauseMs: 1 },
      )),
    ],
  },
  {
    why: 'what comes far beyond the window is refused by whatever else refuses some, and changes how others are joined',
    live: false, v6: false, responds: true,
    ops: [
      op(SYN, -1, post('0bbbbbbbbbbbbbbbbb', 'b'.repeat(36)).slice(0, 45), { timestamp: 5_000_621, scale: 2, cookie: 0, pauseMs: 5 }),
      op(ACK, 0, 'POST /0bbbbbbbbbbbbb', { ack: -1, timestamp: 5_000_622, pauseMs: 0.1 }),
      op(DATA, 10_000_086, 'e'.repeat(16), { timestamp: 5_001_162, pauseMs: 250 }),
      op(DATA, 59, ` 36\r\n\r\n${'a'.repeat(33)}`, { timestamp: 5_002_469, pauseMs: 0.1 }),
      op(DATA, 29, '/1.', { timestamp: 5_003_769, pauseMs: 1300 }),
      op(DATA, 54, `ngth: 36\r\n\r\n${'b'.repeat(14)}`, { timestamp: 5_016_273, pauseMs: 5 }),
      op(DATA, 80, `ngth: 36\r\n\r\n${'b'.repeat(14)}`, { timestamp: 5_016_273, pauseMs: 0.1 }),
      op(DATA, 30, '1.1\r\nHost: a\r\nContent-Length: ', { timestamp: 5_016_283, pauseMs: 0.1 }),
      op(DATA, 0, 'POST /0aaaaaaaaaaaaaaaaa HTTP/', { timestamp: 5_016_303, pauseMs: 20 }),
    ],
  },
  {
    why: 'what comes farther off than any window reaches waits in no reading',
    live: false, v6: false, responds: true,
    ops: [
      op(SYN, -1, 'GET /0ccccccc HTTP/1.1\r\nHost: a\r\n\r\nPOST /1cccccc', { timestamp: 5_000_574, scale: 0, pauseMs: 0.1 }),
      op(DATA, 91, 'bbbGET /2bbbbb HTTP/1.1\r\nHost: ', { timestamp: 5_013_879, pauseMs: 12_000 }),
      op(DATA, 12, 'a HTTP', { timestamp: 5_014_129, pauseMs: 250 }),
      op(DATA, 0x3000_0032, '\r\nHost: a\r\n\r\n', { timestamp: 5_014_174, pauseMs: 40 }),
      op(DATA, 85, ' 3\r\n\r\ndd', { timestamp: 0x404c_9000, pauseMs: 0.5 }),
      op(DATA, 93, ' 3\r\n\r\ndd', { timestamp: 0x404c_9000, pauseMs: 0.5 }),
      ...inPieces(get('0aaaaaaa') + post('1aaaaaaaa', 'aaa'), 0, 5_026_490).slice(0, 8).reverse()
        .map((piece, i) => ({ ...piece, timestamp: 5_026_490 + i })),
    ],
  },
  {
    why: 'four holes, each behind a segment that is doubted for another reason, and a byte that may be urgent',
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { scale: 0, timestamp: 5_002_658, pauseMs: 5 }),
      op(ACK, 0, '', { timestamp: 5_002_663, pauseMs: 5 }),
      op(DATA, 10_000_096, 'bbbb HTTP/1.1\r\nHost: a\r\n', { timestamp: 5_002_703, pauseMs: 40 }),
      op(DATA, 12, 'TTP/1.1\r\n', { timestamp: 5_004_004, md5: true, pauseMs: 1300 }),
      op(SYN | ACK, -1, '', { timestamp: 5_006_504, pauseMs: 2500 }),
      op(DATA, 50, '\r\n', { timestamp: 5_006_509, pauseMs: 5 }),
      op(URGENT, 61, 'eeeeeee', { timestamp: 5_018_509, urgent: 1, pauseMs: 12_000 }),
      op(DATA, 149, 'bbbbbbbb', { ack: 60_000, timestamp: 5_021_009, pauseMs: 2500 }),
      op(DATA, 99, 'd HTTP/1.1\r\nHost: a\r\n', { timestamp: 5_021_010, ip: 'security label', pauseMs: 0.1 }),
      ...inPieces(post('0aaa', 'a'.repeat(23)), 0, 5_021_011),
      op(DATA, 75, 'PO', { timestamp: 5_021_040, pauseMs: 1 }),
    ],
  },
  {
    why: 'what was read behind a hole comes again otherwise, and is acknowledged once the hole is filled',
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { scale: 7, timestamp: 5_000_365, pauseMs: 5 }),
      op(DATA, 16, `${'a'.repeat(5)} HTTP/1.1\r\nHost: a\r\n\r\n`, { timestamp: 5_013_666, pauseMs: 12_000 }),
      op(DATA, 44, `${get('1bbb')}GE`, { timestamp: 5_013_708, pauseMs: 0.1 }),
      op(DATA, 40, `\r\n\r\n${get('1aaa').slice(0, 20)}`, { timestamp: 5_016_208, pauseMs: 2500 }),
      op(DATA, 0, 'GET /0aaaa', { timestamp: 5_016_233, pauseMs: 20 }),
      op(DATA, 10, 'a'.repeat(11), { timestamp: 5_016_234, pauseMs: 0.1 }),
      op(DATA, 77, 'T /2a', { timestamp: 5_016_345, pauseMs: 1 }),
    ],
  },
  {
    why: 'some of what was doubted comes again otherwise, and is acknowledged with the rest',
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, short('b').slice(0, 46), { cookie: 8, pauseMs: 40 }),
      op(URGENT, 0, 'POST /0cccccccccc HTTP/1.1\r\nHost: a\r\nContent-Leng', { urgent: 49, pauseMs: 2500 }),
      op(DATA, 33, ' a\r\nContent-Length: 5\r\n\r\neeeeeGET /1eeeeeeee', { ack: 10, pauseMs: 0.1 }),
      op(DATA, 30, 'st: a\r\n', { ack: -805_306_368, pauseMs: 2500 }),
      ...inPieces(`${post('0cccccccccc', 'aaaaa')}${get('1'.padEnd(21, 'a'))}`, 44, null),
    ],
  },
  {
    why: 'an urgent pointer in what ends before the last acknowledgment counts for nothing, and a later one does',
    live: false, v6: false, responds: true, server: { closes: true },
    ops: [
      op(SYN, -1, '', { scale: 7, pauseMs: 250 }),
      op(DATA, 0, post('0'.padEnd(19, 'c'), 'c'.repeat(23)).slice(0, 60), { pauseMs: 250 }),
      op(URGENT, 17, 'eeeeeeee HTTP/1.1', { urgent: 60_000, pauseMs: 250 }),
      op(DATA, 140, `\n\r\n${'a'.repeat(17)}`, { pauseMs: 1300 }),
      op(URGENT, 114, 'st', { urgent: 1, pauseMs: 5 }),
      ...[30, 60, 90, 120].map((seq) => op(
        DATA, seq, `${post('0'.padEnd(19, 'a'), 'a'.repeat(23))}${post('1aaaa', 'a'.repeat(17))}`.slice(seq, seq + 30),
        { pauseMs: 1 },
      )),
    ],
  },
  {
    why: 'what waited behind a hole since before another segment was doubted for its place',
    live: false, v6: true, responds: false,
    ops: [
      op(SYN, -1, '', { timestamp: 5_002_780, scale: 0, pauseMs: 2500 }),
      op(DATA, 2, `${get('0'.padEnd(13, 'a')).slice(2)}POST /1aaaaaaaaaa`, { timestamp: 5_005_285, ip: 'home address route', pauseMs: 2500 }),
      op(DATA, 17, `${get('0'.padEnd(13, 'c')).slice(17)}POST /1cccccccccccccccc `, { timestamp: 5_006_875, options: [3, 0, 0, 0], pauseMs: 1300 }),
      op(DATA, 52, `${post('1'.padEnd(17, 'b'), 'b'.repeat(25)).slice(12)}${post('2bbbb', 'b'.repeat(23))}`, {
        timestamp: 5_006_876, ip: 'many options', pauseMs: 0.5,
      }),
      op(DATA, 0, get('0'.padEnd(13, 'a')).slice(0, 30), { timestamp: 5_007_133, pauseMs: 1 }),
    ],
  },
  {
    why: 'the same bytes come once more in a segment that is surer, and shorter, than those before it',
    live: true, v6: false, responds: false, server: { closes: true },
    ops: [
      op(SYN, -1, '', { timestamp: 5_000_804, scale: 0, pauseMs: 0.1 }),
      op(DATA, 5, `${post('0bbbbbb', 'b'.repeat(14)).slice(5)}${get('1'.padEnd(10, 'b'))}`, { timestamp: 5_000_810, pauseMs: 0.5 }),
      op(RST_ACK, 106, '', { ack: -1, timestamp: 5_003_310, pauseMs: 2500 }),
      op(DATA, 0, `${post('0aaaaaa', 'a'.repeat(14))}${get('1'.padEnd(10, 'a'))}`, { ack: -805_306_368, timestamp: 5_003_315, pauseMs: 5 }),
      op(DATA, 0, post('0aaaaaa', 'a'.repeat(14)).slice(0, 51), { timestamp: 4_999_617, pauseMs: 0.1 }),
      op(DATA, 0, 'POST /0aaaa', { timestamp: 5_004_869, pauseMs: 0.1 }),
    ],
  },
];
