import { AlignedWords } from '../wire/aligned-words.ts';

export const SP = 0x20;
export const DEL = 0x7f;

const aligned = new AlignedWords(Int32Array);

/**
 * Which of four bytes are not printable ASCII (SP to `~`): 0 = all are, else the lowest bit set is the top bit of the
 * first that is not (in the machine's order of bytes, which is little-endian). A byte's top bit is set by the
 * subtraction below SP, by the addition at DEL, and in itself from 0x80 on; what these carry over reaches later bytes
 * only.
 */
export function unprintable(four: number): number {
  return (four - 0x20202020 | four + 0x01010101 | four) & 0x80808080;
}

/**
 * The first offset in bytes[from, to) whose byte is not printable ASCII (SP to `~`); `to` when all are. Four bytes a
 * step where they are aligned: heads are scanned byte by byte otherwise, and that was the largest single cost of a
 * small request.
 */
export function printableEnd(bytes: Uint8Array, from: number, to: number): number {
  aligned.view(bytes);
  const { words, shift } = aligned;
  let at = from;
  const first = at + (-(at + shift) & 3);
  for (; at < first && at < to; at++) {
    const byte = bytes[at]!;
    if (byte < SP || byte >= DEL) return at;
  }
  const last = to + shift >> 2;
  let word = at + shift >> 2;
  while (word < last && unprintable(words[word]!) === 0) word++;
  at = Math.max(at, (word << 2) - shift);
  for (; at < to; at++) {
    const byte = bytes[at]!;
    if (byte < SP || byte >= DEL) return at;
  }
  return at;
}
