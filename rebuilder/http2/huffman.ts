/**
 * Code lengths of RFC 7541 appendix B in base 36, 32 symbols a line, the end-of-string symbol last. The code is
 * canonical: codes of one length are consecutive in the order of their symbols, so the lengths tell all of it.
 */
export const HUFFMAN_LENGTHS = [
  'dnsssssssoussussssssssusssssssss',
  '6aacd68baa8b8666555666666678f6ca',
  'd67777777777777777777777878djde6',
  'f56565666577666567655677777fbeds',
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnno',
  'mlkmmnnlnmmolmnnllmlnmnnkmmmnmmn',
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrr',
  'koklmllnmmppooqnqrqqrrrrrsrrrrrq',
  'u',
].join('');
const END_OF_STRING = 256;
const MAX_BITS = 30;

const SYMBOL = 1 << 16;
const INVALID = 1 << 17;

/**
 * By state (an inner node of the code's tree) and 4 bits: the next state, and a symbol (<< 8 | SYMBOL) when they
 * complete one. No code is shorter than 5 bits.
 */
const TABLE = decodingTable();

function decodingTable(): Int32Array {
  // Nodes as pairs of children: >= 0 an inner node, < 0 a symbol (~symbol).
  const children: number[][] = [[]];
  let code = 0;
  for (let bits = 1; bits <= MAX_BITS; bits++, code <<= 1) {
    for (let symbol = 0; symbol <= END_OF_STRING; symbol++) {
      if (parseInt(HUFFMAN_LENGTHS[symbol]!, 36) !== bits) continue;
      let node = 0;
      for (let bit = bits - 1; bit > 0; bit--) {
        const side = (code >> bit) & 1;
        node = children[node]![side] ??= children.push([]) - 1;
      }
      children[node]![code & 1] = ~symbol;
      code++;
    }
  }
  const table = new Int32Array(children.length * 16);
  for (let state = 0; state < children.length; state++) {
    for (let nibble = 0; nibble < 16; nibble++) {
      let node = state;
      let entry = 0;
      for (let bit = 3; bit >= 0; bit--) {
        const child = children[node]![(nibble >> bit) & 1]!;
        if (child >= 0) {
          node = child;
          continue;
        }
        entry |= ~child === END_OF_STRING ? INVALID : SYMBOL | ~child << 8;
        node = 0;
      }
      table[state * 16 + nibble] = entry | node;
    }
  }
  return table;
}

/**
 * Decodes bytes[start, end) into `to`, which has room for 8/5 of their number. What is left of the last byte is padding
 * (RFC 7541 5.2).
 * @returns how many bytes were written; -1 when the end-of-string symbol stands in the string
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number, to: Uint8Array): number {
  let state = 0;
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    const high = TABLE[state * 16 + (byte >> 4)]!;
    if ((high & SYMBOL) !== 0) to[length++] = (high >> 8) & 0xff;
    const low = TABLE[(high & 0xff) * 16 + (byte & 15)]!;
    if ((low & SYMBOL) !== 0) to[length++] = (low >> 8) & 0xff;
    if (((high | low) & INVALID) !== 0) return -1;
    state = low & 0xff;
  }
  return length;
}
