import { NAME_CHAR } from '../http/field-names.ts';

const STAR = 0x2a;
const LF = 10;
const CR = 13;
const SPACE = 0x20;
const TAB = 9;

/** Ends of lines stay: a folded value spans several. */
export function mask(bytes: Uint8Array, start: number, end: number): void {
  for (let i = start; i < end; i++) if (bytes[i] !== CR && bytes[i] !== LF) bytes[i] = STAR;
}

/** Masks the value that begins at `from`, to the end of its line and of those that are folded into it. @returns 1 */
export function maskLine(bytes: Uint8Array, from: number): number {
  mask(bytes, firstOfValue(bytes, from, bytes.length), foldedEnd(bytes, from, bytes.length));
  return 1;
}

/** One past the line feed of a line that begins at `from`, and of those that are folded into it. */
export function foldedEnd(bytes: Uint8Array, from: number, to: number): number {
  let next = lineEnd(bytes, from, to);
  while (next < to && (bytes[next] === SPACE || bytes[next] === TAB)) next = lineEnd(bytes, next, to);
  return next;
}

/** One past the line feed. */
function lineEnd(bytes: Uint8Array, from: number, to: number): number {
  const lf = bytes.indexOf(LF, from);
  return lf < 0 || lf >= to ? to : lf + 1;
}

export function firstOfValue(bytes: Uint8Array, from: number, to: number): number {
  while (from < to && (bytes[from] === SPACE || bytes[from] === TAB)) from++;
  return from;
}

/** As lenient servers compare it: without case, `_` for `-`, and without blanks before the colon. */
export function normalisedName(bytes: Uint8Array, start: number, end: number): string {
  while (end > start && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end--;
  if (end - start > 128) return '';
  let name = '';
  for (let i = start; i < end; i++) name += String.fromCharCode(NAME_CHAR[bytes[i]!]!);
  return name;
}
