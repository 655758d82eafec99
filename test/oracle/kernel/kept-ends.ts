// Games that were told wrong once, about what comes behind the end of a connection: main.ts plays them before all
// others.
import type { Op } from './game.ts';
import { ACK, DATA, FIN, type KeptGame, RST, RST_ACK, SYN, SYN_DATA, URGENT, op } from './kept-game.ts';

/** 31 bytes. */
const get = (letter: string): string => `GET /0${letter.repeat(3)} HTTP/1.1\r\nHost: a\r\n\r\n`;
const post = (target: string, body: string): string =>
  `POST /${target} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
/** What a receiver without the key, or a careful one, drops a segment for. */
const REFUSABLE: readonly Partial<Op>[] = [{ md5: true }, { ip: 'security label' }, { ip: 'long' }, { ip: 'group address' }];
/** A SYN of another connection, as far as the numbers tell. */
const otherSyn = (seq: number, data = ''): ReturnType<typeof op> => op(SYN, seq, data, { isnOffset: 0, pauseMs: 250 });

export const KEPT_ENDS: readonly KeptGame[] = [
  {
    why: 'behind a refused request and a FIN comes a SYN-ACK of the client, long after that',
    live: false, v6: true, responds: true,
    ops: [
      op(SYN, -1, '', { scale: 0, pauseMs: 5 }),
      op(DATA, 0, get('b'), { ack: -500, pauseMs: 250 }),
      op(FIN, 31, '', { pauseMs: 5 }),
      op(SYN_DATA, 0, get('a'), { pauseMs: 2500 }),
      op(DATA, 0, get('a'), { pauseMs: 0.1 }),
    ],
  },
  {
    why: 'an RST that is refused, too, and a SYN-ACK, where some of the refused request was taken once more',
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { pauseMs: 250 }),
      op(DATA, 0, get('b').slice(0, 28), { ack: 60_000, pauseMs: 250 }),
      op(DATA, 5, get('b').slice(5), { pauseMs: 0.5 }),
      op(RST, 31, '', { pauseMs: 250 }),
      op(SYN_DATA, 0, get('b'), { pauseMs: 1300 }),
      op(DATA, 0, get('a').slice(0, 20), { pauseMs: 0.1 }),
    ],
  },
  ...[10, 31, 0x2000_0000].flatMap((seq) => [250, 2500].map((pauseMs): KeptGame => ({
    why: `behind a refused request and an RST comes a SYN with the number ${seq}, after ${pauseMs} ms`,
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { scale: 7, pauseMs: 5 }),
      op(ACK, 0, '', { pauseMs: 5 }),
      op(DATA, 0, get('b'), { ack: 10, pauseMs: 250 }),
      op(RST, 31, '', { pauseMs: 250 }),
      { ...otherSyn(seq), pauseMs },
      op(DATA, 0, get('a'), { pauseMs: 1 }),
    ],
  }))),
  {
    why: 'behind a refused request and an RST some of it comes again, long after that, and then other bytes before it',
    live: false, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { scale: 7, pauseMs: 1300 }),
      op(DATA, 0, get('a'), { ack: -5000, pauseMs: 250 }),
      op(RST_ACK, 31, '', { pauseMs: 40 }),
      op(DATA, 5, get('a').slice(5), { pauseMs: 1300 }),
      op(DATA, 0, get('b').slice(0, 9), { pauseMs: 250 }),
    ],
  },
  ...[500, 40_000, -2_000_000].flatMap((step) => [1, 3, 6].flatMap((links) => [FIN, RST].map((end): KeptGame => ({
    why: `behind a refused request and its end come ${links} more connections, each begun ${step} behind the one before`,
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { scale: 7, pauseMs: 5 }),
      op(ACK, 0, '', { pauseMs: 5 }),
      op(DATA, 0, get('b'), { ack: 60_000, pauseMs: 50 }),
      op(end, 31, '', { ack: 60_000, pauseMs: 50 }),
      ...Array.from({ length: links }, (_, i) => (i + 1) * step).flatMap((at) => [
        otherSyn(at),
        op(DATA, at + 1, get('c'), { ack: 60_000, pauseMs: 5 }),
        op(end, at + 32, '', { ack: 60_000, pauseMs: 5 }),
      ]),
      otherSyn((links + 1) * step),
      op(DATA, 0, get('a').slice(0, 12), { pauseMs: 5 }),
      op(DATA, 12, get('a').slice(12), { pauseMs: 500 }),
    ],
  })))),
  {
    why: 'a refused FIN waits behind a hole, joined to what is behind it, and data come for its place',
    live: false, v6: true, responds: false,
    ops: [
      op(SYN, -1, '', { scale: 0, pauseMs: 5 }),
      op(FIN, 22, '', { ack: 60_000, pauseMs: 250 }),
      op(DATA, 23, get('a').slice(23), { pauseMs: 250 }),
      op(DATA, 0, get('a').slice(0, 11), { pauseMs: 1 }),
      op(DATA, 11, get('a').slice(11, 23), { pauseMs: 1 }),
    ],
  },
  {
    why: 'a FIN waits alone, then what is joined to it, and other bytes that are refused come for the place of both',
    live: false, v6: true, responds: false, server: { closes: true },
    ops: [
      op(SYN, -1, '', { pauseMs: 5 }),
      op(FIN, 59, '', { pauseMs: 250 }),
      op(DATA, 60, 'e'.repeat(14), { pauseMs: 5 }),
      op(DATA, 3, post('0ddd', 'd'.repeat(20)).slice(3), { ack: -70_000, pauseMs: 5 }),
      op(DATA, 0, post('0aaa', 'a'.repeat(20)).slice(0, 11), { pauseMs: 20 }),
      op(DATA, 11, post('0aaa', 'a'.repeat(20)).slice(11, 59), { pauseMs: 1 }),
    ],
  },
  {
    why: 'an RST ends the handshake, the same SYN opens another, and its timestamps count from there on',
    live: false, v6: true, responds: false,
    ops: [
      op(SYN, -1, '', { scale: 2, timestamp: 5_002_856, pauseMs: 5 }),
      op(RST_ACK, 0, 'GE', { timestamp: 5_005_606, pauseMs: 250 }),
      op(SYN, -1, '', { isnOffset: 0, timestamp: 5_005_608, pauseMs: 0.1 }),
      op(DATA, 10, 'dd H', { timestamp: 5_005_607, pauseMs: 12_000 }),
      op(DATA, 33, '\n', { timestamp: 5_017_859, pauseMs: 0.1 }),
      op(DATA, 22, '\nHost: a\r\n\r', { timestamp: 5_017_879, pauseMs: 20 }),
      op(DATA, 11, 'a HTTP/1.1\r', { timestamp: 5_017_880, pauseMs: 0.1 }),
      op(DATA, 0, 'GET /0aaaaa', { timestamp: 5_017_881, pauseMs: 0.1 }),
    ],
  },
  {
    why: 'behind a refused request and a FIN it comes again, one byte of it urgent',
    live: false, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { scale: 2, pauseMs: 0.5 }),
      op(DATA, 0, get('b'), { ack: 60_000, pauseMs: 5 }),
      op(FIN, 31, '', { pauseMs: 5 }),
      op(URGENT, 6, 'b', { urgent: 1, pauseMs: 2500 }),
      op(DATA, 0, get('b'), { pauseMs: 20 }),
    ],
  },
  {
    why: 'a SYN whose data wait far off moves its stream past a place where the one before stood',
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { scale: 7, pauseMs: 5 }),
      op(ACK, 0, '', { pauseMs: 5 }),
      op(DATA, 0, get('b'), { ack: 10, pauseMs: 5 }),
      op(RST, 31, '', { ack: 60_000, pauseMs: 5 }),
      otherSyn(-40_000),
      op(DATA, -39_983, get('b').slice(17, 29), { ack: -5000, pauseMs: 50 }),
      op(RST, -39_971, '', { ack: 60_000, pauseMs: 5 }),
      otherSyn(1_960_000),
      op(DATA, 1_960_024, get('b').slice(23), { ack: -5000, pauseMs: 50 }),
      op(RST, 1_960_032, '', { ack: -5000, pauseMs: 1300 }),
      otherSyn(1_959_500),
      op(DATA, 0, get('a'), { pauseMs: 2500 }),
    ],
  },
  {
    why: 'behind a refused request and an RST some of it is taken, then refused for its signature, and goes on otherwise',
    live: true, v6: false, responds: false,
    ops: [
      op(SYN, -1, '', { scale: 7, pauseMs: 250 }),
      op(ACK, 0, '', { pauseMs: 1300 }),
      op(DATA, 0, post('0aa', 'a'.repeat(40)), { ack: -1, pauseMs: 1300 }),
      op(RST, post('0aa', 'a'.repeat(40)).length, '', { ack: -1, pauseMs: 0.1 }),
      op(DATA, 0, post('0aa', 'a'.repeat(40)).slice(0, -20), { pauseMs: 12_000 }),
      op(DATA, 0, post('0aa', 'a'.repeat(40)), { md5: true, pauseMs: 5 }),
      op(FIN, 26, post('0bb', 'b'.repeat(40)).slice(26), { pauseMs: 250 }),
    ],
  },
  ...REFUSABLE.map((odd): KeptGame => ({
    why: `an RST that its server drops, for it has ${JSON.stringify(odd)}, and a SYN with another number`,
    live: false, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { scale: 7, pauseMs: 5 }),
      op(ACK, 0, '', { pauseMs: 5 }),
      op(RST, 0, '', { ...odd, pauseMs: 5 }),
      otherSyn(0x2000_0000),
      op(DATA, 0, get('a'), { pauseMs: 1 }),
    ],
  })),
  {
    why: 'a SYN with data, which the server was sent before it waited for the last acknowledgment, once more',
    live: true, v6: false, responds: false, server: { closes: true },
    ops: [
      op(SYN, -1, '', { scale: 7, pauseMs: 0.1 }),
      op(ACK, 0, '', { pauseMs: 0.5 }),
      otherSyn(0, get('b')),
      op(FIN, 31, '', { pauseMs: 0.5 }),
      op(DATA, 0, get('c'), { pauseMs: 0.1 }),
      op(FIN, 31, '', { pauseMs: 5 }),
      otherSyn(0, get('b')),
    ],
  },
  {
    why: 'a SYN in the handshake ends it, and once more opens another: a wrong checksum is one there, too',
    live: false, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { scale: 7, pauseMs: 0.1 }),
      otherSyn(30),
      otherSyn(30),
      op(DATA, 25, `aa\r\n\r\n${post('1ddd', 'dd').slice(0, 11)}`, { wrongSum: true, pauseMs: 250 }),
      op(DATA, 0, `${get('a')}${post('1aaa', 'aa')}`, { pauseMs: 0.1 }),
    ],
  },
];
