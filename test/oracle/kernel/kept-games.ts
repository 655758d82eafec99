// Games that were told wrong once, each of its kind and as small as it could be made: main.ts plays them before all
// others.
import type { Op } from './game.ts';
import { ACK, DATA, FIN, type KeptGame, RST_ACK, SYN, URGENT, op } from './kept-game.ts';

const LONG = `POST /0aaaa HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n${'a'.repeat(100_000)}`;
const SHORT = 'POST /1aaaa HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\naaaa';
const MSS = 1400;

/** `text` from `at` on, in segments. */
function segments(text: string, at: number, rest: Partial<Op> = {}): Op[] {
  const starts = Array.from({ length: Math.ceil((text.length - at) / MSS) }, (_, i) => at + i * MSS);
  return starts.map((seq) => op(DATA, seq, text.slice(seq, seq + MSS), { pauseMs: 0.1, ...rest }));
}

export const KEPT_GAMES: readonly KeptGame[] = [
  {
    why: 'the server reads nothing until its window is closed, and drops what is sent beyond it',
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { scale: 7, pauseMs: 1 }),
      op(ACK, 0, '', { pauseMs: 1 }),
      op(DATA, 0, LONG.slice(0, MSS), { pauseMs: 1, reads: false }),
      ...segments(LONG, MSS),
      op(DATA, LONG.length, SHORT.replaceAll('aaaa', 'bbbb'), { pauseMs: 500 }),
      op(ACK, 1, '', { pauseMs: 5, reads: true }),
      ...segments(LONG, 40 * MSS),
      op(DATA, LONG.length, SHORT, { pauseMs: 3000 }),
    ],
  },
  {
    why: 'thirty segments that acknowledge what the server has not sent, each another number, and then the true one',
    live: false, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { pauseMs: 1 }),
      op(ACK, 0, '', { pauseMs: 1 }),
      op(DATA, 0, SHORT.slice(0, 6), { pauseMs: 1 }),
      ...Array.from({ length: 30 }, (_, i) => op(DATA, 6, `${String.fromCharCode(98 + i % 20).repeat(4)}`, { ack: 1 + i, pauseMs: 1 })),
      op(DATA, 6, SHORT.slice(6), { pauseMs: 1 }),
    ],
  },
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
  {
    why: 'more ways to read it than are followed: those that differ in how segments are joined make room first',
    live: true, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { timestamp: 5002938, scale: 2, pauseMs: 2500 }),
      op(DATA, 10, 'bbbbbbbbb', { timestamp: 5002942, pauseMs: 0.5 }),
      op(DATA, 90, '.1\r\nHost: ', { timestamp: 4402945, pauseMs: 5 }),
      op(DATA, 33, 'H', { ack: 1, timestamp: 5007950, pauseMs: 2500 }),
      op(DATA, 11,
        'ccccccccccc HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\ncccccccc'
        + 'cGET /1ccccc', { timestamp: 5007951, pauseMs: 5 }),
      op(DATA, 20, 'cc HTTP/1.1\r\nHost: a\r\nContent-Lengt', { timestamp: 5009255, md5: true, pauseMs: 1300 }),
      op(DATA, 1, 'OST /0ccc', { timestamp: 5009295, ip: 'zero header sum', pauseMs: 40 }),
      op(DATA, 0, 'POST /0aaaaaaaaaaaaaaa HTTP/1.', { timestamp: 5009336, pauseMs: 1 }),
    ],
  },
  {
    why: 'a timestamp older than that of an empty segment, which is not remembered',
    live: true, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { timestamp: 5000939, pauseMs: 0.5 }),
      op(DATA, 0, 'POST /0bbbbbbbbbbb H', { ack: 1, timestamp: 5001189, pauseMs: 250 }),
      op(ACK, 0, '', { timestamp: 5001439, pauseMs: 250 }),
      op(DATA, 5,
        '/0ccccccccccc HTTP/1.1\r\nHost: a\r\nContent-Length: 28\r\n\r\ncc', { timestamp: 5001389, pauseMs: 5 }),
      op(DATA, 77, 'aaaaaaaaaaa', { timestamp: 5016248, pauseMs: 1 }),
      op(DATA, 66, 'aaaaaaaaaaa', { timestamp: 5016268, pauseMs: 20 }),
      op(DATA, 55, '8\r\n\r\naaaaaa', { timestamp: 5016269, pauseMs: 0.1 }),
      op(DATA, 44, 't-Length: 2', { timestamp: 5016289, pauseMs: 20 }),
      op(DATA, 33, ': a\r\nConten', { timestamp: 5016290, pauseMs: 1 }),
      op(DATA, 22, 'P/1.1\r\nHost', { timestamp: 5016291, pauseMs: 0.1 }),
      op(DATA, 11, 'aaaaaaa HTT', { timestamp: 5016311, pauseMs: 20 }),
      op(DATA, 0, 'POST /0aaaa', { timestamp: 5016312, pauseMs: 1 }),
    ],
  },
  {
    why: 'more than eighteen readings of one request',
    live: false, v6: false, responds: false,
    ops: [
      op(SYN, -1, 'POST /0cccccccccccc', { cookie: 8, pauseMs: 250 }),
      op(DATA, 0, 'POST /0bbbbbbbbbbbbb', { ack: 1, pauseMs: 0.5 }),
      op(DATA, 67, 'ent-Length: 36\r\n\r\nd', { pauseMs: 1300 }),
      op(DATA, 22, 'dd HTTP/', { ack: 1000, pauseMs: 0.5 }),
      op(DATA, 30, 'dd HTTP/', { ack: 1000, pauseMs: 12000 }),
      op(DATA, 99, 'aaa', { pauseMs: 1 }),
      op(DATA, 88, 'aaaaaaaaaaa', { pauseMs: 20 }),
      op(DATA, 77, 'aaaaaaaaaaa', { pauseMs: 0.1 }),
      op(DATA, 66, 'aaaaaaaaaaa', { pauseMs: 0.1 }),
      op(DATA, 55, 'gth: 36\r\n\r\n', { pauseMs: 0.1 }),
      op(DATA, 44, 'Content-Len', { pauseMs: 0.1 }),
      op(DATA, 33, '\r\nHost: a\r\n', { pauseMs: 1 }),
      op(DATA, 22, 'aa HTTP/1.1', { pauseMs: 20 }),
      op(DATA, 11, 'aaaaaaaaaaa', { pauseMs: 0.1 }),
      op(DATA, 0, 'POST /0aaaa', { pauseMs: 20 }),
    ],
  },
  {
    why: 'an acknowledgment of what the server sent later, between one that is too old and one that is too far',
    live: true, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { timestamp: 5002686, scale: 0, pauseMs: 2500 }),
      op(DATA, 112,
        'eeeeeeeeeeeee HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\neeeee'
        + 'eeeeeeeeeeeeeeePOST /2eeeeeeeeeeeeeeeee HTTP/1.1\r\nHost: a\r\nC'
        + 'ontent-Length: 11', { ack: 1000, timestamp: 5002976, pauseMs: 250 }),
      op(DATA, 26,
        '1.1\r\nHost: a\r\nContent-Length: 35\r\n\r\ncccccccccccccccccccccccc'
        + 'cccccccccccPOST /1ccccccccccccccccccccc HTTP/1.1\r\nHost: a\r\nC'
        + 'ontent-Length: 20\r\n\r\nccccccccccccccccccccPOST /2cccccccccccc'
        + 'ccccc HTTP/1.1\r\nHost: a\r', { ack: -5000, timestamp: 5006076, pauseMs: 1300 }),
      op(DATA, 234, 'tent-L', { timestamp: 5008576, pauseMs: 2500 }),
      op(DATA, 224, 'st: a\r\nContent-Length: 11\r\n\r\neeeeeeee', { ack: 10, timestamp: 5008826, pauseMs: 250 }),
      op(DATA, 0, 'POST /0aaaa', { timestamp: 5023327, pauseMs: 1 }),
      op(DATA, 11, 'aaaaaaaaa H', { timestamp: 5023328, pauseMs: 1 }),
      op(DATA, 22, 'TTP/1.1\r\nHo', { timestamp: 5023329, pauseMs: 0.1 }),
      op(DATA, 33, 'st: a\r\nCont', { timestamp: 5023349, pauseMs: 20 }),
      op(DATA, 44, 'ent-Length:', { timestamp: 5023350, pauseMs: 1 }),
      op(DATA, 55, ' 35\r\n\r\naaaa', { timestamp: 5023351, pauseMs: 0.1 }),
      op(DATA, 66, 'aaaaaaaaaaa', { timestamp: 5023371, pauseMs: 20 }),
      op(DATA, 77, 'aaaaaaaaaaa', { timestamp: 5023372, pauseMs: 0.1 }),
      op(DATA, 88, 'aaaaaaaaaPO', { timestamp: 5023373, pauseMs: 0.1 }),
      op(DATA, 99, 'ST /1aaaaaa', { timestamp: 5023374, pauseMs: 0.1 }),
      op(DATA, 110, 'aaaaaaaaaaa', { timestamp: 5023375, pauseMs: 1 }),
      op(DATA, 121, 'aaaa HTTP/1', { timestamp: 5023376, pauseMs: 1 }),
      op(DATA, 132, '.1\r\nHost: a', { timestamp: 5023377, pauseMs: 0.1 }),
      op(DATA, 143, '\r\nContent-L', { timestamp: 5023397, pauseMs: 20 }),
      op(DATA, 154, 'ength: 20\r\n', { timestamp: 5023417, pauseMs: 20 }),
      op(DATA, 165, '\r\naaaaaaaaa', { timestamp: 5023437, pauseMs: 20 }),
      op(DATA, 176, 'aaaaaaaaaaa', { timestamp: 5023438, pauseMs: 0.1 }),
      op(DATA, 187, 'POST /2aaaa', { timestamp: 5023458, pauseMs: 20 }),
      op(DATA, 198, 'aaaaaaaaaaa', { timestamp: 5023459, pauseMs: 1 }),
      op(DATA, 209, 'aa HTTP/1.1', { timestamp: 5023460, pauseMs: 0.1 }),
      op(DATA, 220, '\r\nHost: a\r\n', { timestamp: 5023480, pauseMs: 20 }),
      op(DATA, 231, 'Content-Len', { timestamp: 5023481, pauseMs: 1 }),
      op(DATA, 242, 'gth: 11\r\n\r\n', { timestamp: 5023482, pauseMs: 1 }),
      op(DATA, 253, 'aaaaaaaaaaa', { timestamp: 5023502, pauseMs: 20 }),
    ],
  },
  {
    why: 'what is joined to a FIN that waits begins where that stands, so a byte is lost',
    live: false, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { timestamp: 5000663, scale: 7, pauseMs: 0.1 }),
      op(FIN, 89, '', { timestamp: 5012664, pauseMs: 0.1 }),
      op(DATA, 90, 'aaaaaaaaaaaaaaGET /1aaaaaaaaaa', { timestamp: 5012937, pauseMs: 1 }),
      op(DATA, 60, 'h: 35\r\n\r\naaaaaaaaaaaaaaaaaaaaa', { timestamp: 5012938, pauseMs: 0.1 }),
      op(DATA, 30, 'TP/1.1\r\nHost: a\r\nContent-Lengt', { timestamp: 5012939, pauseMs: 0.1 }),
      op(DATA, 0, 'POST /0aaaaaaaaaaaaaaaaaaaa HT', { timestamp: 5012940, pauseMs: 0.1 }),
    ],
  },
  {
    why: 'a FIN that waits has its place in the tree',
    live: false, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { scale: 7, pauseMs: 40 }),
      op(FIN, 180, '', { pauseMs: 1300 }),
      op(DATA, 3, 'T /0aaaaaaa HTT', { pauseMs: 2500 }),
      op(DATA, 53, '\n\r\ndddddddddddPOST /', { pauseMs: 2500 }),
      op(DATA, 9, 'aaaaa HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\naaaa', { pauseMs: 0.1 }),
      op(DATA, 60, 'aaaaaaaPOST /1aaaa HTTP/1.1\r\nH', { pauseMs: 1 }),
      op(DATA, 0, 'POST /0aaaaaaa HTTP/1.1\r\nHost:', { pauseMs: 20 }),
    ],
  },
  {
    why: 'an acknowledgment that was believed and not taken makes the true ones no odd ones',
    live: true, v6: true, responds: true,
    ops: [
      op(SYN, -1, 'POST /0cccc', { timestamp: 5000199, scale: 0, cookie: 8, pauseMs: 0.5 }),
      op(DATA, 35, '\r\nHost: a\r\nContent-L', { timestamp: 5000450, ip: 'many options', pauseMs: 0.1 }),
      op(DATA, 0, 'POST /0aaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: a\r\nConten', { timestamp: 5001751, pauseMs: 1300 }),
      op(DATA, 40,
        't: a\r\nContent-Length: 12\r\n\r\nbbbbbbbbbbbb', { ack: 805306368, timestamp: 5002042, pauseMs: 0.5 }),
      op(FIN, 1073741824, '', { timestamp: 5014292, pauseMs: 12000 }),
      op(DATA, 60, ': 12\r\n\r\naaaaaaaaaaaa', { timestamp: 5014298, pauseMs: 1 }),
      op(DATA, 30, 'P/1.1\r\nHost: a\r\nContent-Length', { timestamp: 5014318, pauseMs: 20 }),
    ],
  },
  {
    why: 'a SYN-ACK of the client, behind one of the server with another number',
    live: true, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { timestamp: 5000361, pauseMs: 0.1 }),
      op(SYN, 16, 'P/1.1\r\nHost', { timestamp: 5000366, pauseMs: 5 }),
      op(SYN, -1, '', { timestamp: 5012366, isnOffset: 0, pauseMs: 12000 }),
      op(DATA, 30, '\r\n\r\n', { timestamp: 5013666, pauseMs: 1300 }),
      op(SYN | ACK, 33, '\n', { timestamp: 5025916, pauseMs: 12000 }),
      op(DATA, 0, 'GET /0aaaaa', { timestamp: 5039222, pauseMs: 1 }),
      op(DATA, 11, 'a HTTP/1.1\r', { timestamp: 5039242, pauseMs: 20 }),
      op(DATA, 22, '\nHost: a\r\n\r', { timestamp: 5039243, pauseMs: 1 }),
    ],
  },
  {
    why: 'a SYN with another number, which the server answers, and bytes from before it',
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { pauseMs: 5 }),
      op(SYN | ACK, 111, '\nHost: a\r\nContent-Length: 9\r\n\r\neeeeeeeee', { pauseMs: 0.1 }),
      op(DATA, 133, 'th: ', { pauseMs: 0.1 }),
      op(SYN, 82, 'dPOST /1ddddddddddd HTTP/1.1\r\nHost: a\r\nContent-Length: ', { pauseMs: 12000 }),
      op(DATA, 0,
        'POST /0aaaaaaaaaaaa HTTP/1.1\r\nHost: a\r\nContent-Length: 22\r\n\r'
        + '\naaaaaaaaaaaaaaaaaaaaaaPOST /1aaaaaaaaaaa HTTP/1.1\r\nHost: a\r'
        + '\nContent-Length: 9\r\n\r\naaaaaaaaa', { pauseMs: 20 }),
    ],
  },
  {
    why: 'SYN-ACKs of the client before and behind a SYN that it sent again',
    live: false, v6: false, responds: true,
    ops: [
      op(SYN, -1, 'POST /0ccccccc', { timestamp: 5000561, scale: 0, pauseMs: 0.1 }),
      op(SYN | ACK, 180, '-Length: 28\r\n\r\ncccccccccccccccccccccccccccc', { timestamp: 5016367, pauseMs: 12000 }),
      op(SYN, -1, '', { timestamp: 5016369, isnOffset: 0, pauseMs: 0.1 }),
      op(SYN | ACK, 536870912, '', { timestamp: 5016624, pauseMs: 250 }),
      op(DATA, 0,
        'POST /0aaaaaaaaaaaaa HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n'
        + '\r\naaaaaaaaaaaPOST /1aaa HTTP/1.1\r\nHost: a\r\nContent-Length: 2'
        + '\r\n\r\naaPOST /2aaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: a\r\nContent'
        + '-Length: 28\r\n\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaa', { timestamp: 5019144, pauseMs: 20 }),
    ],
  },
  {
    why: 'an empty segment makes the timestamps of others old',
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, 'GET /0aaaaaa ', { timestamp: 5000746, pauseMs: 250 }),
      op(ACK, 0, '', { timestamp: 5012746, pauseMs: 12000 }),
      op(DATA, 64, '1.1\r\nHost: a\r\n\r\n', { timestamp: 5013496, pauseMs: 250 }),
      op(DATA, 5,
        '0cccccc HTTP/1.1\r\nHost: a\r\n\r\nGET /1cccccccccccccccccc HTTP/1'
        + '.1\r\nHost: a\r\n\r\n', { timestamp: 5008496, pauseMs: 5 }),
      op(DATA, 49, 'eeeeeeeee HTTP/1', { timestamp: 1078758086, pauseMs: 1300 }),
      op(DATA, 0, 'GET /0aaaaa', { timestamp: 5020083, pauseMs: 20 }),
      op(DATA, 11, 'a HTTP/1.1\r', { timestamp: 5020084, pauseMs: 1 }),
      op(DATA, 22, '\nHost: a\r\n\r', { timestamp: 5020104, pauseMs: 20 }),
      op(DATA, 33, '\nGET /1aaaa', { timestamp: 5020105, pauseMs: 1 }),
      op(DATA, 44, 'aaaaaaaaaaa', { timestamp: 5020125, pauseMs: 20 }),
    ],
  },
];
