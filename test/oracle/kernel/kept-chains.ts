// Games of chains of connections, and of what stands before one.
import { ACK, DATA, FIN, type KeptGame, op, RST, SYN, URGENT } from './kept-game.ts';

export const KEPT_CHAINS: readonly KeptGame[] = [
  {
    why: 'behind a refused request, its end and three other SYNs the first connection goes on, with an urgent byte from before',
    live: false, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { scale: 2, pauseMs: 40 }),
      op(ACK, 0, '', { pauseMs: 1300 }),
      op(DATA, 0, 'GET /0bbbbbbbbbbbbbbb HTTP/1.1\r\nHost: a\r\n\r\n', { ack: 60_000, pauseMs: 5 }),
      op(FIN, 43, '', { ack: 60_000, pauseMs: 250 }),
      op(SYN, 40_043, '', { isnOffset: 0, pauseMs: 2500 }),
      op(DATA, 40_059, 'cccccc HTTP/1.1\r\nHost: a\r\n\r\n', { ack: -500, pauseMs: 0.5 }),
      op(SYN, 39_587, '', { isnOffset: 0, pauseMs: 250 }),
      op(DATA, 39_615, '1.1\r\nHost: a\r\n\r\n', { ack: 10, pauseMs: 5 }),
      op(URGENT, 6, 'aa', { urgent: 1, pauseMs: 0.1 }),
      op(DATA, -2_000_346, '/0ccccccccccccccc HTTP/1.1\r\nHost: a\r\n\r\n', { ack: 10, pauseMs: 0.5 }),
      op(SYN, -2_040_307, '', { isnOffset: 0, pauseMs: 40 }),
      op(DATA, -2_040_266, '\n\r\n', { ack: -500, pauseMs: 12_000 }),
      op(DATA, -4_040_257, '0bbbbbbbbbbbbbbb HTTP/1.1\r\nHost: a\r\n\r\n', { ack: 10, pauseMs: 250 }),
      op(DATA, 33, 'ost: a\r\n\r\n', { pauseMs: 1 }),
      op(DATA, 22, 'HTTP/1.1\r\nH', { pauseMs: 1 }),
      op(DATA, 11, 'aaaaaaaaaa ', { pauseMs: 0.1 }),
      op(DATA, 0, 'GET /0aaaaa', { pauseMs: 1 }),
    ],
  },
  {
    why: 'before the SYN came a segment with a wrong sum, to which nobody answered',
    live: false, v6: true, responds: true, server: { closes: true },
    ops: [
      op(
        DATA, 112,
        'ontent-Length: 32\r\n\r\neeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeGET /2eeeeeeeeeee'
        + 'eeeeee HTTP/1.1\r\nHost: a\r\n\r\n',
        { timestamp: 5_028_223, wrongSum: true, pauseMs: 2500 },
      ),
      op(SYN, -1, '', { timestamp: 5_040_224, isnOffset: 0, pauseMs: 0.1 }),
      op(DATA, 154, 'aaaaaaaaaaa', { timestamp: 5_042_827, pauseMs: 20 }),
      op(DATA, 143, 'aaaaaaaaaaa', { timestamp: 5_042_847, pauseMs: 20 }),
      op(DATA, 132, '\naaaaaaaaaa', { timestamp: 5_042_867, pauseMs: 20 }),
      op(DATA, 121, 'ngth: 32\r\n\r', { timestamp: 5_042_868, pauseMs: 0.1 }),
      op(DATA, 110, '\nContent-Le', { timestamp: 5_042_888, pauseMs: 20 }),
      op(DATA, 99, '1\r\nHost: a\r', { timestamp: 5_042_889, pauseMs: 1 }),
      op(DATA, 88, 'aaa HTTP/1.', { timestamp: 5_042_890, pauseMs: 0.1 }),
      op(DATA, 77, 'POST /1aaaa', { timestamp: 5_042_891, pauseMs: 0.1 }),
      op(DATA, 66, 'aaaaaaaaaaa', { timestamp: 5_042_892, pauseMs: 0.1 }),
      op(DATA, 55, 'aaaaaaaaaaa', { timestamp: 5_042_912, pauseMs: 20 }),
      op(DATA, 44, 'gth: 22\r\n\r\n', { timestamp: 5_042_932, pauseMs: 20 }),
      op(DATA, 33, 'Content-Len', { timestamp: 5_042_933, pauseMs: 0.1 }),
      op(DATA, 22, '\r\nHost: a\r\n', { timestamp: 5_042_934, pauseMs: 1 }),
      op(DATA, 11, 'aa HTTP/1.1', { timestamp: 5_042_935, pauseMs: 0.1 }),
      op(DATA, 0, 'POST /0aaaa', { timestamp: 5_042_936, pauseMs: 1 }),
    ],
  },
  {
    why: 'an urgent pointer in what came for the second time, behind a longer segment that was refused',
    live: true, v6: false, responds: false, server: { closes: true },
    ops: [
      op(SYN, -1, '', { timestamp: 5_012_980, scale: 7, pauseMs: 12_000 }),
      op(
        DATA, 0,
        'POST /0aaaa HTTP/1.1\r\nHost: a\r\nContent-Length: 24\r\n\r\naaaaaaaaaaaaaaaaa'
        + 'aaaaaaaPOST /1aaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: a',
        { timestamp: 5_013_240, pauseMs: 5 },
      ),
      op(
        DATA, 0,
        'POST /0bbbb HTTP/1.1\r\nHost: a\r\nContent-Length: 24\r\n\r\nbbbbbbbbbbbbbbbbb'
        + 'bbbbbbbPOST /1bbbbbbbbbbbbbbbbbbbb HTTP/1.1\r\nHost: a\r\nContent-Length: '
        + '28\r\n\r\nbbbbbbbbbbbbbbbbbbbbbbbbbbbbPOST /2bbb HTTP/1.1\r\nHost: a\r\nConten'
        + 't-Length: 25\r\n\r\nbbbbbbbbbbbbbbbbbbbbbbbbb',
        { ack: -805_306_368, timestamp: 5_014_540, pauseMs: 1300 },
      ),
      op(DATA, 229, 'aaaaaaaaaaaaaaaaaaa', { timestamp: 5_015_885, pauseMs: 1300 }),
      op(URGENT, 5, '/0bb', { timestamp: 5_015_887, urgent: 149, pauseMs: 0.5 }),
      op(
        DATA, 0,
        'POST /0cccc HTTP/1.1\r\nHost: a\r\nContent-Length: 24\r\n\r\nccccccccccccccccc'
        + 'cccccccPOST /1cccccccccccccccccccc HTTP/1.1\r\nHost: a\r\nContent-Length: '
        + '28\r\n\r\nccccccccccccccccccccccccccccPOST /2ccc HTTP/1.1\r\nHost: a\r\nConten'
        + 't-Length: 25\r\n\r\nccccccccccccccccccccccccc',
        { timestamp: 5_016_137, pauseMs: 250 },
      ),
    ],
  },
  {
    why: 'an RST where the receiver stands, behind a hole that was given up here, and the same SYN again',
    live: true, v6: false, responds: false, server: { closes: true },
    ops: [
      op(SYN, -1, '', { scale: 0, pauseMs: 0.1 }),
      op(DATA, 119, 'ost: a\r\nContent-Length: 7\r\n\r\neeeeeee', { options: [253, 4, 1, 2], pauseMs: 0.1 }),
      op(DATA, 155, 'ost: a\r\nContent-Length: 7\r\n\r\neeeeeee', { options: [253, 4, 1, 2], pauseMs: 2500 }),
      op(RST, 0, '', { pauseMs: 2500 }),
      op(SYN, -1, '', { isnOffset: 0, pauseMs: 5 }),
      op(DATA, 0, 'POST /0aaaaaaaaaaaaaaaaa HTTP/', { pauseMs: 0.1 }),
      op(DATA, 30, '1.1\r\nHost: a\r\nContent-Length: ', { pauseMs: 20 }),
      op(DATA, 60, '23\r\n\r\naaaaaaaaaaaaaaaaaaaaaaaP', { pauseMs: 0.1 }),
      op(DATA, 90, 'OST /1aaaaaaaaaaa HTTP/1.1\r\nHo', { pauseMs: 20 }),
      op(DATA, 120, 'st: a\r\nContent-Length: 7\r\n\r\naa', { pauseMs: 1 }),
      op(DATA, 150, 'aaaaa', { pauseMs: 0.1 }),
    ],
  },
];
