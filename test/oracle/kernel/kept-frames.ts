// Segments that Linux drops for the frame or the IP header that they come in, with other bytes than those that come
// next. main.ts plays them before all others.
import type { IpDefect } from './game.ts';
import { ACK, DATA, SYN, type KeptGame, op } from './kept-game.ts';

const REQUEST = 'POST /0aaa HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\naaaaaaaaa';
const BODY = REQUEST.length - 9;

function dropped(defect: IpDefect, v6: boolean, responds: boolean): KeptGame {
  return {
    why: `${defect}, IPv${v6 ? 6 : 4}: other bytes for the same place are read`,
    live: responds, v6, responds,
    ops: [
      op(SYN, -1, '', { pauseMs: 1 }),
      op(ACK, 0, '', { pauseMs: 1 }),
      op(DATA, 0, REQUEST.slice(0, BODY), { pauseMs: 1 }),
      op(DATA, BODY, 'bbbbbbbbb', { ip: defect, pauseMs: 5 }),
      op(DATA, BODY, 'aaaaaaaaa', { pauseMs: 5 }),
    ],
  };
}

export const KEPT_FRAMES: readonly KeptGame[] = [false, true].flatMap((responds) => [
  dropped('mapped', false, responds),
  ...(['long', 'no length', 'group address', 'label'] as const).flatMap((defect) => [
    dropped(defect, false, responds), dropped(defect, true, responds),
  ]),
]);
