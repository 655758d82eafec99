// Segments that Linux drops for the frame or the IP header that they come in, with other bytes than those that come
// next. main.ts plays them before all others.
import type { IpDefect, Piece } from './game.ts';
import { ACK, DATA, inPieces as inSegments, SYN, type KeptGame, op, post } from './kept-game.ts';

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

/** Of the whole request: a TCP header of 20 bytes before it. */
const LENGTH = 20 + REQUEST.length;
const [PADDING, ROUTE] = ['\x01\x04\0\0\0\0', '\0\0\0\0\0\0'];

function inPieces(why: string, v6: boolean, responds: boolean, pieces: readonly Piece[]): KeptGame {
  return {
    why: `${why}, IPv${v6 ? 6 : 4}`, live: responds, v6, responds,
    ops: [
      op(SYN, -1, '', { pauseMs: 1 }),
      op(ACK, 0, '', { pauseMs: 1 }),
      op(DATA, 0, REQUEST, { pieces, pauseMs: 1 }),
    ],
  };
}

/** RFC 8200 4.5: what is discarded alone, and other bytes for the same place come next. */
function withoutHeaders(nextHeader: number, bytes: string, responds: boolean): KeptGame {
  return inPieces(`a first fragment without all headers, next header ${nextHeader}`, true, responds, [
    { offset: 0, length: bytes.length, more: true, nextHeader, bytes },
    { offset: 0, length: 40, more: true },
    { offset: 40, length: LENGTH - 40, more: false },
  ]);
}

/**
 * Whoever takes such a route takes all but what lacks headers, or that, too; whoever drops it reads what comes behind
 * it, plainly.
 */
function droppedForTwoReasons(responds: boolean): KeptGame {
  const pieces = [
    { offset: 40, length: LENGTH - 40, more: false }, { offset: 0, length: 8, more: true, xor: 1 },
    { offset: 0, length: 40, more: true },
  ];
  return {
    why: 'fragments of one datagram that kernels drop for two reasons', live: responds, v6: true, responds,
    ops: [
      op(SYN, -1, '', { pauseMs: 1 }),
      op(ACK, 0, '', { pauseMs: 1 }),
      op(DATA, 0, REQUEST, { ip: 'home address route', pieces, pauseMs: 1 }),
      op(DATA, 0, REQUEST.replaceAll('aaa', 'bbb'), { pauseMs: 5 }),
    ],
  };
}

/** Two segments that wait for what is before them, of which kernels drop either. */
function eitherDropped(responds: boolean): KeptGame {
  const [read, second, first] = ['a', 'b', 'c'].map((letter) =>
    post(`0${letter.repeat(10)}`, letter.repeat(13)) + post(`1${letter.repeat(14)}`, letter.repeat(13)));
  return {
    why: 'segments that kernels drop for two reasons', live: responds, v6: true, responds,
    ops: [
      op(SYN, -1, '', { pauseMs: 1 }),
      op(DATA, 89, first!.slice(89, -2), { ip: 'segment route that is done', pauseMs: 5 }),
      op(DATA, 56, second!.slice(56, 93), { ip: 'home address route', pauseMs: 1 }),
      ...inSegments(read!, 0, null).reverse(),
    ],
  };
}

export const KEPT_FRAMES: readonly KeptGame[] = [false, true].flatMap((responds) => [
  droppedForTwoReasons(responds), eitherDropped(responds),
  dropped('mapped', false, responds),
  dropped('two fragment headers', true, responds),
  withoutHeaders(60, `\x06\0${PADDING}${'\0'.repeat(8)}`, responds),
  withoutHeaders(60, `\x11\0${PADDING}`, responds),
  withoutHeaders(43, `\x06\0${ROUTE}`, responds),
  ...[false, true].flatMap((v6) => [true, false].map((isLast) => inPieces(
    `a fragment to a group behind a first one to a host, the last one comes ${isLast ? 'last' : 'first'}`, v6, responds,
    [{ offset: 0, length: 40, more: true }, { offset: 40, length: LENGTH - 40, more: false, toGroup: true }].sort(
      (one, other) => (isLast ? one.offset - other.offset : other.offset - one.offset),
    ),
  ))),
  ...(['long', 'no length', 'group address', 'label'] as const).flatMap((defect) => [
    dropped(defect, false, responds), dropped(defect, true, responds),
  ]),
]);
