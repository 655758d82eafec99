const SP = 0x20;
const DEL = 0x7f;

/** The bytes the words below belong to: a receive slab is scanned again and again, so the view is made once. */
let viewed: Uint8Array = new Uint8Array(0);
let words: Int32Array = new Int32Array(0);
/** Bytes of the first word that lie before viewed[0]. */
let shift = 0;

function view(bytes: Uint8Array): void {
  viewed = bytes;
  shift = bytes.byteOffset & 3;
  words = new Int32Array(bytes.buffer, bytes.byteOffset - shift, bytes.length + shift >> 2);
}

/**
 * The first offset in bytes[from, to) whose byte is not printable ASCII (SP to `~`); `to` when all are. Four bytes a step where they are
 * aligned: heads are scanned byte by byte otherwise, and that was the largest single cost of a small request.
 */
export function printableEnd(bytes: Uint8Array, from: number, to: number): number {
  if (bytes !== viewed) view(bytes);
  let at = from;
  const aligned = at + (-(at + shift) & 3);
  for (; at < aligned && at < to; at++) {
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
