import { AlignedWords } from '../wire/aligned-words.ts';

const SP = 0x20;
const DEL = 0x7f;

const aligned = new AlignedWords(Int32Array);

/**
 * The first offset in bytes[from, to) whose byte is not printable ASCII (SP to `~`); `to` when all are. Four bytes a step where they are
 * aligned: heads are scanned byte by byte otherwise, and that was the largest single cost of a small request.
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
  while (word < last) {
    const four = words[word]!;
    // The top bit of a byte: set by the subtraction below SP, by the addition at DEL, and in itself from 0x80 on.
    if (((four - 0x20202020 | four + 0x01010101 | four) & 0x80808080) !== 0) break;
    word++;
  }
  at = Math.max(at, (word << 2) - shift);
  for (; at < to; at++) {
    const byte = bytes[at]!;
    if (byte < SP || byte >= DEL) return at;
  }
  return at;
}
