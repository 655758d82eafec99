// Games with Multipath TCP, whose data are read in an order of their own: main.ts plays them before all others.
import type { Op } from './game.ts';
import { ACK, DATA, type KeptGame, SYN, op } from './kept-game.ts';

const get = (letter: string): string => `GET /0${letter.repeat(3)} HTTP/1.1\r\nHost: a\r\n\r\n`;
const a = get('a');
const b = get('b');

/** Pieces one behind the other in the subflow, each with its place among the data. */
function subflow(...pieces: readonly (readonly [place: number, data: string])[]): Op[] {
  let seq = 0;
  return pieces.map(([place, data]) => {
    const one = op(DATA, seq, data, { place, pauseMs: 5 });
    seq += data.length;
    return one;
  });
}

function game(why: string, ops: readonly Op[]): KeptGame {
  const begin = [op(SYN, -1, '', { scale: 7, pauseMs: 5 }), op(ACK, 0, '', { pauseMs: 5 })];
  return { why, live: true, v6: false, responds: false, server: { multipath: true }, ops: [...begin, ...ops] };
}

export const KEPT_MULTIPATH: readonly KeptGame[] = [
  game('data come again for a place that was read', subflow([0, a.slice(0, 5)], [0, 'xxxxx'], [5, a.slice(5)])),
  game('the second half comes before the first', subflow([0, a.slice(0, 5)], [11, a.slice(11)], [5, a.slice(5, 11)])),
  game('data that were ahead win over those that come later', subflow(
    [0, b.slice(0, 2)], [6, b.slice(6, 12)], [2, b.slice(2, 6)], [12, b.slice(12)], [6, a.slice(6)],
  )),
  game('data come first for which no window was announced', subflow(
    [6, b.slice(6)], [0, a.slice(0, 6)], [6, a.slice(6)],
  )),
  game('data for a place 2^32 off are for none', subflow([0, a.slice(0, 5)], [5 + 2 ** 32, b.slice(5)], [5, a.slice(5)])),
  game('some of the data were read', subflow([0, a.slice(0, 1)], [0, a])),
  game('from the last byte to the first, behind a hole that was given up', [
    ...subflow([0, a.slice(0, 5)], [0, 'xxxxx']),
    ...Array.from(a.slice(5), (letter, i) => op(DATA, 10 + i, letter, { place: 5 + i, pauseMs: 60 })).reverse(),
  ]),
];
