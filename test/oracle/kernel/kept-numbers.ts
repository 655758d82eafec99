// Games that were told wrong once because numbers wrap: two that are half of all apart, and steps that lead around.
// main.ts plays them before all others.
import { ACK, DATA, SYN, type KeptGame, op } from './kept-game.ts';

const HALF = 2 ** 31;
const post = (letter: string): string => `POST /0aaa HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n${letter.repeat(8)}`;
const BODY_AT = post('a').length - 8;
const HEAD = post('a').slice(0, BODY_AT);
/** Another body, refused for what it acknowledges, and the true one. */
const around = (ack: number, places: readonly number[]): KeptGame['ops'] => [
  op(SYN, -1, '', { pauseMs: 0.1 }),
  op(DATA, 0, HEAD, { pauseMs: 0.1 }),
  op(DATA, BODY_AT, 'b'.repeat(8), { ack, pauseMs: 0.1 }),
  ...places.map((seq) => op(DATA, seq, 'x', { pauseMs: 0.1 })),
  op(DATA, BODY_AT, 'a'.repeat(8), { pauseMs: 0.1 }),
];

export const KEPT_NUMBERS: readonly KeptGame[] = [false, true].flatMap((live) => [
  { why: 'an acknowledgment half of all numbers away is of the past and of the future', live, v6: false, responds: true, ops: around(HALF, []) },
  { why: 'two segments far off lead around all numbers', live, v6: false, responds: true, ops: around(60_000, [HALF - 100, 2 * HALF - 300]) },
  { why: 'four of them do', live, v6: true, responds: false, ops: around(60_000, [HALF / 2, HALF, 3 * HALF / 2, 2 * HALF - 300]) },
  {
    why: 'what an old acknowledgment brings is its timestamp, where it comes in order', live, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { timestamp: 5_000_000, pauseMs: 0.1 }),
      op(DATA, 0, HEAD, { timestamp: 5_000_001, pauseMs: 40 }),
      op(ACK, BODY_AT, '', { ack: -500, timestamp: 6_000_000, pauseMs: 250 }),
      op(DATA, BODY_AT, 'b'.repeat(8), { timestamp: 5_000_300, pauseMs: 0.1 }),
      op(DATA, BODY_AT, 'a'.repeat(8), { timestamp: 6_000_001, pauseMs: 0.1 }),
    ],
  },
  {
    why: 'a timestamp half of all numbers away is a newer one', live, v6: false, responds: true,
    ops: [
      op(SYN, -1, '', { timestamp: 5_000_000, pauseMs: 0.1 }),
      op(DATA, 0, HEAD, { timestamp: 5_000_001, pauseMs: 0.1 }),
      op(DATA, BODY_AT, 'aa', { timestamp: 5_000_001 + HALF, pauseMs: 0.1 }),
      // Old beside the first of the two, not beside the second.
      op(DATA, BODY_AT + 2, 'a'.repeat(6), { timestamp: 4_900_000, pauseMs: 0.1 }),
      op(DATA, BODY_AT + 2, 'b'.repeat(6), { timestamp: 5_000_002 + HALF, pauseMs: 0.1 }),
    ],
  },
]);
