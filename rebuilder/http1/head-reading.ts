import type { HeadOutcome, HeldHead } from './held-head.ts';
import type { MessageGrammar } from './message-grammar.ts';
import type { MessageProgress } from './message-progress.ts';

const LF = 10;
/** A version with its blank and line end is shorter. */
const VERSION_BYTES = 16;

/**
 * Reads on in a head that did not end in its first piece.
 * @param headBytes as much as is held of it
 * @returns how far bytes[at, end) were read: to the head's end, or to `end`; `head.outcome` says what became of it
 */
export function readHead(
  progress: MessageProgress, bytes: Uint8Array, at: number, end: number, headBytes: number, grammar: MessageGrammar,
): number {
  const { held, head } = progress;
  if (head.long !== null || head.isLineLong) return readLongHead(progress, bytes, at, end, headBytes, grammar);
  const before = held.length;
  const to = Math.max(at, Math.min(end, at + headBytes - before));
  if (to > at && !progress.hold(bytes, at, to, Infinity, null, 0)) return ends(head, 'http.memcap', to);
  const headEnd = head.find(held, grammar);
  if (headEnd === 'none') {
    const lineEnd = head.otherLineEnd;
    if (lineEnd > 0) grammar.notStartLine(held.bytes, 0, lineEnd, goOnBehind(progress, lineEnd, before, at));
    head.behind = null;
    progress.giveBack(to - at);
    return ends(head, 'none', at);
  }
  if (headEnd !== 'more') {
    const bodyAt = goOnBehind(progress, headEnd, before, at);
    progress.giveBack(held.length - headEnd);
    head.end = headEnd;
    return ends(head, 'whole', bodyAt);
  }
  if (held.length < headBytes) return ends(head, 'more', to);
  if (!head.goesOn(held)) return ends(head, 'http.head_limit', to);
  return readLongHead(progress, bytes, to, end, headBytes, grammar);
}

/** What is held beyond `end` is read again. @returns from where in the piece; `before` bytes were held before that */
function goOnBehind({ held, head }: MessageProgress, end: number, before: number, at: number): number {
  if (end < before) head.behind = Buffer.from(held.bytes.subarray(end, before));
  return Math.max(at, at + end - before);
}

function ends(head: HeldHead, outcome: HeadOutcome, at: number): number {
  head.outcome = outcome;
  return at;
}

/** More of one beyond what is held. @returns how far it was read: to its end, or to `end`, or no memory is left */
function readLongHead(
  progress: MessageProgress, bytes: Uint8Array, at: number, end: number, headBytes: number, grammar: MessageGrammar,
): number {
  const { held, head } = progress;
  progress.lose('http.head_limit');
  if (head.isLineLong) return readLongLine(progress, bytes, at, end, headBytes, grammar);
  const long = head.long ?? head.beginLong(held);
  const hold = (start: number, to: number): boolean => progress.hold(bytes, start, to, Infinity, null, 0);
  const pass = (passed: number): void => progress.add(passed);
  let stop = at;
  while (stop < end && !long.isOver && long.hasMemory) stop = long.read(held, bytes, stop, end, hold, pass);
  if (!long.hasMemory) return ends(head, 'http.head_limit', stop);
  if (!long.isOver) return ends(head, 'more', stop);
  head.passed = progress.bytes - held.length;
  head.end = held.length;
  return ends(head, 'whole', stop);
}

/** Reads on in a start line beyond it: of the rest its end is held, with the version. */
function readLongLine(
  progress: MessageProgress, bytes: Uint8Array, at: number, end: number, headBytes: number, grammar: MessageGrammar,
): number {
  const { held, head } = progress;
  const lf = bytes.subarray(at, end).indexOf(LF);
  const stop = lf < 0 ? end : at + lf + 1;
  const from = Math.max(at, stop - VERSION_BYTES);
  progress.add(from - at);
  if (!progress.hold(bytes, from, stop, Infinity, null, 0)) return ends(head, 'http.head_limit', stop);
  const excess = held.length - headBytes - VERSION_BYTES;
  if (excess > 0) {
    held.bytes.copyWithin(headBytes, held.length - VERSION_BYTES, held.length);
    held.truncate(held.length - excess);
  }
  if (held.bytes[held.length - 1] !== LF) return ends(head, 'more', stop);
  head.isLineLong = false;
  if (grammar.startLine(held.bytes, 0, held.length) !== 'yes') return ends(head, 'http.head_limit', stop);
  head.headersStart = held.length;
  return ends(head, 'more', stop);
}
