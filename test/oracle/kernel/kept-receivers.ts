// Games that were told wrong once because of what the receiver made of a segment: whether it took it, in which order,
// of which connection. main.ts plays them before all others.
import { DATA, FIN, SYN, SYN_DATA, URGENT, type KeptGame, op } from './kept-game.ts';

/** A request of 31 bytes. */
const get31 = (letter: string): string => `GET /0${letter.repeat(3)} HTTP/1.1\r\nHost: a\r\n\r\n`;

const POST65 = 'POST /0aaaaaaaaa HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\naaaaaaaa';

export const KEPT_RECEIVERS: readonly KeptGame[] = [
  {
    why: 'a segment that ends before what was acknowledged makes no timestamp old; what was doubted has its order',
    live: false, v6: false, responds: true,
    ops: [
      op(SYN, -1, 'POST /0ccccccccccccc HT', { timestamp: 5000604, cookie: 0, pauseMs: 40 }),
      op(DATA, -99996, 'T', { timestamp: 5012855, pauseMs: 0.5 }),
      op(DATA, 96, ' a\r\nContent-Length: 24\r\n\r\ne', { timestamp: 5012856, pauseMs: 0.1 }),
      op(DATA, 24,
        'P/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nbbbbbbbbbPOST /1bbb H'
        + 'TTP/1.1\r\nHost: ', { timestamp: 5011661, pauseMs: 250 }),
      op(DATA, 97,
        'P/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nbbbbbbbbbPOST /1bbb H'
        + 'TTP/1.1\r\nHost: ', { timestamp: 5011661, pauseMs: 0.1 }),
      op(DATA, 0, 'POST /0aaaaaaaaaaaaa HTTP/1.1\r', { timestamp: 5016932, pauseMs: 1 }),
    ],
  },
  {
    why: 'a segment that comes again makes no timestamp old, whoever sees only the client',
    live: true, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { timestamp: 5000115, pauseMs: 40 }),
      op(DATA, 5,
        '0cccccccc HTTP/1.1\r\nHost: a\r\n\r\nPOST /1ccccccccccccc HTTP/1.1'
        + '\r\nHost: a\r\nContent-Length: 19\r\n\r\ncccc', { timestamp: 5005116, pauseMs: 40 }),
      op(DATA, 92, '19\r\n\r\nddddddddddddddddddd', { timestamp: 4400156, pauseMs: 0.1 }),
      op(DATA, 0,
        'GET /0aaaaaaaa HTTP/1.1\r\nHost: a\r\n\r\nPOST /1aaaaaaaaaaaaa HTT'
        + 'P/1.1\r\nHost: a\r\nContent-Leng', { timestamp: 5000162, pauseMs: 5 }),
      op(DATA, 73, 'a\r', { timestamp: 5007763, pauseMs: 0.1 }),
      op(DATA, 99, 'aaaaaaaaaaa', { timestamp: 5002870, pauseMs: 20 }),
      op(DATA, 110, 'aaaaaaa', { timestamp: 5002871, pauseMs: 0.1 }),
    ],
  },
  {
    why: 'of a `P` nobody knows yet whether it begins a request: where it came the stream was not between two messages',
    live: false, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { timestamp: 5000850, pauseMs: 0.1 }),
      op(DATA, 0, 'P', { timestamp: 5012855, pauseMs: 12000 }),
      op(DATA, 44, ': 30\r\n\r\neeeeeeeeeeeeeeeeeeeeeeeeeeeeee', { ack: 10, timestamp: 5013110, pauseMs: 5 }),
      op(DATA, 77, 'aaaaa', { timestamp: 5013421, pauseMs: 20 }),
      op(DATA, 66, 'aaaaaaaaaaa', { timestamp: 5013422, pauseMs: 0.1 }),
      op(DATA, 55, 'aaaaaaaaaaa', { timestamp: 5013442, pauseMs: 20 }),
      op(DATA, 44, ': 30\r\n\r\naaa', { timestamp: 5013462, pauseMs: 20 }),
      op(DATA, 33, 'tent-Length', { timestamp: 5013463, pauseMs: 1 }),
      op(DATA, 22, 'ost: a\r\nCon', { timestamp: 5013483, pauseMs: 20 }),
      op(DATA, 11, 'HTTP/1.1\r\nH', { timestamp: 5013484, pauseMs: 1 }),
      op(DATA, 0, 'POST /0aaa ', { timestamp: 5013504, pauseMs: 20 }),
    ],
  },
  {
    why: 'an urgent pointer in a segment that was doubted, and waits behind others',
    live: true, v6: true, responds: false,
    ops: [
      op(SYN, -1, '', { timestamp: 5002918, scale: 2, pauseMs: 2500 }),
      op(DATA, 91, '1', { ack: 300000, timestamp: 5005418, pauseMs: 2500 }),
      op(URGENT, 56, '4\r\n\r', { timestamp: 5005419, urgent: 1, pauseMs: 0.5 }),
      op(DATA, 0, 'POST /0aaaaaaaaaaaa HTTP/1.1\r\n', { timestamp: 5009476, pauseMs: 0.1 }),
      op(DATA, 30, 'Host: a\r\nContent-Length: 24\r\n\r', { timestamp: 5009477, pauseMs: 1 }),
      op(DATA, 60, '\naaaaaaaaaaaaaaaaaaaaaaaaPOST ', { timestamp: 5009497, pauseMs: 20 }),
    ],
  },
  {
    why: 'more ways than are read, most of which differ behind the request alone',
    live: true, v6: false, responds: true,
    ops: [
      op(SYN, -1, 'POST /0cccccccccc HTT', { timestamp: 5000095, scale: 7, pauseMs: 0.5 }),
      op(DATA, 10000032, ': ', { timestamp: 5000096, pauseMs: 0.5 }),
      op(DATA, 67, 'eeeeeeeeeeeeeeeeeeeeeeee', { ack: 1000, timestamp: 5000108, pauseMs: 0.5 }),
      op(DATA, 91, 'eeeeeeeeeeeeeeeeeeeeeeee', { ack: 1000, timestamp: 5000148, pauseMs: 40 }),
      op(DATA, 65, 'cccccccccccccccccccccccccc', { timestamp: 5000188, wrongSum: true, pauseMs: 40 }),
      op(DATA, 82,
        '/1.1\r\nHost: a\r\nContent-Length: 32\r\n\r\nccccccccccccccccccccc'
        + 'cc', { ack: -805306368, timestamp: 5000520, pauseMs: 40 }),
      op(DATA, 0, 'POST /0aaaa', { timestamp: 5000521, pauseMs: 1 }),
      op(DATA, 11, 'aaaaaa HTTP', { timestamp: 5000541, pauseMs: 20 }),
      op(DATA, 22, '/1.1\r\nHost:', { timestamp: 5000561, pauseMs: 20 }),
      op(DATA, 33, ' a\r\nContent', { timestamp: 5000562, pauseMs: 0.1 }),
      op(DATA, 44, '-Length: 32', { timestamp: 5000563, pauseMs: 1 }),
      op(DATA, 55, '\r\n\r\naaaaaaa', { timestamp: 5000583, pauseMs: 20 }),
      op(DATA, 66, 'aaaaaaaaaaa', { timestamp: 5000584, pauseMs: 1 }),
      op(DATA, 77, 'aaaaaaaaaaa', { timestamp: 5000585, pauseMs: 1 }),
      op(DATA, 88, 'aaa', { timestamp: 5000586, pauseMs: 0.1 }),
    ],
  },
  {
    why: 'a FIN that data cover is none: a SYN behind it opens nothing anew',
    live: false, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { scale: 7, pauseMs: 5 }),
      op(FIN, 11, '', { pauseMs: 0.1 }),
      op(DATA, 0, 'POST /0ccccccccc HTTP/1.1\r\nHost: a\r\nContent-L', { pauseMs: 40 }),
      op(SYN, 54, '\r\n\r\neeeeee', { pauseMs: 5 }),
      op(DATA, 30, 't: a\r\nContent-Length: 30\r\n\r\naa', { pauseMs: 1 }),
      op(DATA, 60, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaa', { pauseMs: 1 }),
    ],
  },
  {
    why: 'a FIN that comes after its place was given up',
    live: true, v6: false, responds: true,
    ops: [
      op(SYN, -1, 'POST /0ccccccccc HTTP/1.1\r\nHost: a\r\nContent-', { scale: 7, cookie: 0, pauseMs: 5 }),
      op(FIN, 651, '', { pauseMs: 5 }),
      op(FIN, 87, '', { pauseMs: 12000 }),
      op(DATA, 88, 'aaPOST /1aa', { pauseMs: 1 }),
      op(DATA, 77, 'aaaaaaaaaaa', { pauseMs: 20 }),
      op(DATA, 66, 'aaaaaaaaaaa', { pauseMs: 1 }),
      op(DATA, 55, '\n\r\naaaaaaaa', { pauseMs: 0.1 }),
      op(DATA, 44, 'Length: 32\r', { pauseMs: 1 }),
      op(DATA, 33, 'a\r\nContent-', { pauseMs: 0.1 }),
      op(DATA, 22, '1.1\r\nHost: ', { pauseMs: 0.1 }),
      op(DATA, 11, 'aaaaa HTTP/', { pauseMs: 0.1 }),
      op(DATA, 0, 'POST /0aaaa', { pauseMs: 20 }),
    ],
  },
  {
    why: 'a FIN with which bytes were joined, and another that ends the stream',
    live: false, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { timestamp: 5003056, pauseMs: 2500 }),
      op(FIN, 54, '', { timestamp: 5003311, pauseMs: 5 }),
      op(DATA, 143, 'aaaaa', { timestamp: 5003313, pauseMs: 0.1 }),
      op(DATA, 132, 'aaaaaaaaaaa', { timestamp: 5003314, pauseMs: 1 }),
      op(DATA, 121, 'gth: 16\r\n\r\n', { timestamp: 5003315, pauseMs: 1 }),
      op(DATA, 110, 'Content-Len', { timestamp: 5003335, pauseMs: 20 }),
      op(DATA, 99, '\r\nHost: a\r\n', { timestamp: 5003355, pauseMs: 20 }),
      op(DATA, 88, 'aa HTTP/1.1', { timestamp: 5003375, pauseMs: 20 }),
      op(DATA, 77, 'aaPOST /1aa', { timestamp: 5003376, pauseMs: 1 }),
      op(DATA, 55, 'aaaaaaaaaaa', { timestamp: 5003416, pauseMs: 20 }),
      op(DATA, 44, ': 27\r\n\r\naaa', { timestamp: 5003417, pauseMs: 1 }),
      op(DATA, 33, 'tent-Length', { timestamp: 5003418, pauseMs: 1 }),
      op(DATA, 22, 'ost: a\r\nCon', { timestamp: 5003438, pauseMs: 20 }),
      op(DATA, 11, 'HTTP/1.1\r\nH', { timestamp: 5003458, pauseMs: 20 }),
      op(DATA, 0, 'POST /0aaa ', { timestamp: 5003459, pauseMs: 1 }),
      op(FIN, 148, '', { timestamp: 5003460, pauseMs: 0.1 }),
    ],
  },
  {
    why: 'what was believed, and of which other bytes came, is not proven by an acknowledgment of those',
    live: true, v6: true, responds: true,
    ops: [
      op(SYN, -1, '', { pauseMs: 0.1 }),
      op(DATA, 0, 'GET /0ddddddddd', { md5: true, pauseMs: 5 }),
      op(DATA, 51,
        'aaa HTTP/1.1\r\nHost: a\r\nC',
        {
          pieces: [
            { offset: 0, length: 16, more: true }, { offset: 8, length: 8, more: true },
            { offset: 16, length: 28, more: false },
          ], pauseMs: 2500,
        }),
      op(DATA, 0, 'GET /0aaaaa', { pauseMs: 1 }),
      op(DATA, 11, 'aaaaaaaaaaa', { pauseMs: 1 }),
      op(DATA, 22, ' HTTP/1.1\r\n', { pauseMs: 20 }),
      op(DATA, 33, 'Host: a\r\n\r\n', { pauseMs: 20 }),
    ],
  },
  {
    why: 'a segment beyond the first window that was announced changes no order',
    live: false, v6: true, responds: false,
    ops: [
      op(SYN, -1, '', { timestamp: 5000057, scale: 7, pauseMs: 40 }),
      op(DATA, 70030, 'st', { timestamp: 5000313, pauseMs: 0.5 }),
      op(DATA, 110, 'aaaaa HTTP/1.1\r\nHost: a\r\nContent-Length', { timestamp: 5001613, pauseMs: 1300 }),
      op(DATA, 18, 'TP/1.1\r\nH', { timestamp: 5002113, ip: 'many options', pauseMs: 250 }),
      op(DATA, 84, 'ddPOST /1dddddddddddddddddddddd HTTP/1.1\r', { timestamp: 5007369, pauseMs: 0.5 }),
      op(DATA, 125, 'ddPOST /1dddddddddddddddddddddd HTTP/1.1\r', { timestamp: 5007369, pauseMs: 1300 }),
      op(DATA, 0, 'POST /0aaaaaaaa HTTP/1.1\r\nHost', { timestamp: 5003690, pauseMs: 20 }),
      op(DATA, 30, ': a\r\nContent-Length: 29\r\n\r\naaa', { timestamp: 5003710, pauseMs: 20 }),
      op(DATA, 60, 'aaaaaaaaaaaaaaaaaaaaaaaaaaPOST', { timestamp: 5003730, pauseMs: 20 }),
      op(DATA, 150, ' 5\r\n\r\naaaaaGET /2aaaaa HTTP/1.', { timestamp: 5003771, pauseMs: 20 }),
      op(DATA, 180, '1\r\nHost: a\r\n\r\n', { timestamp: 5003772, pauseMs: 1 }),
    ],
  },
  {
    why: 'the buffer is asked for with room for a longer link header',
    live: false, v6: true, responds: false,
    ops: [
      op(SYN, -1, '', { scale: 2, pauseMs: 0.5 }),
      op(DATA, 52, 't-Length: 40\r\n\r\nbbbbbbbbbbbbb', { ip: 'many options', pauseMs: 5 }),
      op(DATA, 81, 't-Length: 40\r\n\r\nbbbbbbbbbbbbb', { ip: 'many options', pauseMs: 2500 }),
      op(DATA, 55, 'ength: 40\r\n\r\neeeeeeeeeeeeeeeeeeee', { pauseMs: 250 }),
      op(DATA, 0, 'POST /0aaaaaaaaaaaaaaaaaaa HTT', { pauseMs: 1 }),
      op(DATA, 30, 'P/1.1\r\nHost: a\r\nContent-Length', { pauseMs: 0.1 }),
    ],
  },
  {
    why: 'data before the SYN, for which the server had no connection',
    live: true, v6: false, responds: false,
    ops: [
      op(DATA, 31, 'ccc HTTP/1.1\r\nHost:', { timestamp: 4402406, pauseMs: 0.1 }),
      op(SYN, -1, '', { timestamp: 5002909, isnOffset: 0, pauseMs: 250 }),
      op(DATA, 0, 'GET /0aaaaaaaaa HTTP/1.1\r\nHost', { timestamp: 5002910, pauseMs: 0.1 }),
      op(DATA, 30, ': a\r\n\r\n', { timestamp: 5002911, pauseMs: 1 }),
    ],
  },
  {
    why: 'a SYN-ACK with another number behind an RST: the connection is new, though bytes of the old one were read',
    live: true, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { timestamp: 5000892, scale: 2, pauseMs: 40 }),
      op(SYN, 121, '', { timestamp: 5002193, isnOffset: 0, pauseMs: 1300 }),
      op(DATA, 115, 'aaaaaaa', { timestamp: 5002194, pauseMs: 0.1 }),
      op(URGENT, 81, 'h:', { timestamp: 5003494, urgent: 2, pauseMs: 1300 }),
      op(SYN, -1, '', { timestamp: 5004794, isnOffset: 0, pauseMs: 1300 }),
      op(DATA, 0,
        'GET /0aaa HTTP/1.1\r\nHost: a\r\n\r\nPOST /1aaaaaaaaaa HTTP/1.1\r'
        + '\nHost: a\r\nContent-Length: 17\r\n\r\naaaaaaaaaaaaaaaaaPOST /2aaa'
        + 'aaaaaaaaaaaaaa HTTP/1.1\r\nHost: a\r\nContent-Length: 17\r\n\r\naa'
        + 'aaaaaaaaaaaaaaa', { timestamp: 5007315, pauseMs: 20 }),
    ],
  },
  {
    why: 'bytes were read before the SYN that the server answers',
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, 'POST /0ccccccccc HTTP/1.1\r\nHost: a\r\nContent-Le', { scale: 0, pauseMs: 250 }),
      op(SYN_DATA, 59, 'cccccccccc', { pauseMs: 12000 }),
      op(DATA, 12, 'a', { pauseMs: 2500 }),
      op(DATA, 55, '\n\r\naaaaaaaaaaaaaaaaaaaaa', { pauseMs: 250 }),
      op(SYN, -1, '', { isnOffset: 0, pauseMs: 1300 }),
      op(DATA, 0,
        'POST /0aaaaaaaaa HTTP/1.1\r\nHost: a\r\nContent-Length: 21\r\n\r\n'
        + 'aaaaaaaaaaaaaaaaaaaaa', { pauseMs: 1 }),
    ],
  },
  {
    why: 'a FIN behind the beginning of a request that its server has refused ends the connection for nobody who waits',
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { scale: 0, pauseMs: 0.1 }),
      op(DATA, 0, 'POST /0bbbbbbb HTTP/', { ack: -1, pauseMs: 5 }),
      op(FIN, 20, '', { pauseMs: 1300 }),
      op(DATA, 15, 'HTTP/1.1\r\nHost: a\r\n', { pauseMs: 12_000 }),
      op(DATA, 24, '\nH', { pauseMs: 1300 }),
      op(DATA, 0, 'POST /0aaaaaaa HTTP/1.1\r\nHost: a\r\nContent-Length: 18\r\n\r\naaaaaaaaaaaaaaaaaa', { pauseMs: 20 }),
    ],
  },
  {
    why: 'a whole request that its server has refused, and a FIN behind it: what comes for its place is not the same again',
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { pauseMs: 0.1 }),
      op(DATA, 0, get31('b'), { ack: -1, pauseMs: 5 }),
      op(FIN, 31, '', { pauseMs: 5 }),
      op(DATA, 0, get31('a'), { pauseMs: 12_000 }),
    ],
  },
  {
    why: 'data with a FIN, in order: what waits behind them is never read',
    live: false, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { scale: 0, pauseMs: 250 }),
      op(DATA, 4, '/0bbb HTTP/1.1\r\nHost: a\r\n\r\nGET /1bbb HTTP/1.1\r\nHost: a\r\n\r\n', { pauseMs: 0.5 }),
      op(FIN, 0, 'GET /0ccc HTTP/1.1\r\nHost: a\r\n\r\nGET /1ccc HTTP/1.', { pauseMs: 1300 }),
    ],
  },
  {
    why: 'options that cannot be read, where no signature has room: they are taken',
    live: false, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { pauseMs: 0.1 }),
      op(DATA, 31, get31('b'), { options: [253, 40, 0, 0], pauseMs: 5 }),
      op(DATA, 37, get31('a').slice(6), { pauseMs: 5 }),
      op(DATA, 0, `${get31('a')}GET /0`, { pauseMs: 5 }),
    ],
  },
  {
    why: 'behind a FIN come other bytes for the place of a refused request, and some of it was taken before that FIN',
    live: true, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { pauseMs: 0.5 }),
      op(DATA, 0, get31('b').slice(0, 20), { ack: -1, pauseMs: 250 }),
      op(DATA, 19, get31('b').slice(19), { pauseMs: 0.1 }),
      op(FIN, 31, '', { pauseMs: 250 }),
      op(DATA, 22, 'oth: c\r\n\r\n', { pauseMs: 1300 }),
      op(DATA, 0, get31('a').slice(0, 11), { pauseMs: 1 }),
      op(DATA, 11, get31('a').slice(11, 21), { pauseMs: 0.1 }),
    ],
  },
  {
    why: 'a SYN with data while the server waits for the last acknowledgment: what it answers is of the old connection',
    live: true, v6: true, responds: false, server: { closes: true },
    ops: [
      op(SYN, -1, '', { scale: 2, pauseMs: 250 }),
      op(FIN, 65, '', { pauseMs: 0.5 }),
      op(DATA, 0, POST65, { pauseMs: 40 }),
      op(DATA, 21, POST65.slice(21, 63), { pauseMs: 1300 }),
      op(SYN, 0, POST65, { isnOffset: 0, pauseMs: 0.5 }),
    ],
  },
  {
    why: 'the same, and what goes on behind that SYN',
    live: true, v6: true, responds: true, server: { closes: true },
    ops: [
      op(SYN, -1, '', { timestamp: 5000316, scale: 7, pauseMs: 5 }),
      op(DATA, 0, POST65, { timestamp: 5000567, options: [3, 0, 0, 0], pauseMs: 250 }),
      op(FIN, 65, '', { timestamp: 5000572, pauseMs: 5 }),
      op(DATA, 19, POST65.slice(19, 42), { timestamp: 5001872, options: [3, 0, 0, 0], pauseMs: 1300 }),
      op(SYN, 0, POST65.slice(0, 28), { timestamp: 5001873, isnOffset: 0, pauseMs: 0.1 }),
      op(DATA, 0, POST65, { ack: -5000, timestamp: 5001875, pauseMs: 0.5 }),
    ],
  },
];
