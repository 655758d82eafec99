/**
 * SHA-256 (FIPS 180-4) of one block at a time, for keyed hashes of short texts on the hot path: node:crypto's
 * createHmac costs 2-3 µs a call (an object, a key schedule and a native call each time), while two blocks from
 * precomputed states cost a fraction of that.
 */
const K = new Int32Array([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

const INITIAL = new Int32Array([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

const sum0 = (x: number): number => (x >>> 2 | x << 30) ^ (x >>> 13 | x << 19) ^ (x >>> 22 | x << 10);
const sum1 = (x: number): number => (x >>> 6 | x << 26) ^ (x >>> 11 | x << 21) ^ (x >>> 25 | x << 7);

export const BLOCK_BYTES = 64;

export function initialState(): Int32Array {
  return INITIAL.slice();
}

/**
 * One round of the compression: `words[0..15]` is the block, `words[16..63]` is overwritten; `state` (8 words) is
 * changed in place.
 */
export function compress(state: Int32Array, words: Int32Array): void {
  for (let i = 16; i < 64; i++) {
    const x = words[i - 15]!;
    const y = words[i - 2]!;
    const s0 = (x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3;
    const s1 = (y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10;
    words[i] = words[i - 16]! + s0 + words[i - 7]! + s1 | 0;
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let f = state[5]!;
  let g = state[6]!;
  let h = state[7]!;
  // Instead of moving seven words a round, the names move: after eight rounds each word is where it was. A fifth less
  // than the plain loop.
  for (let i = 0; i < 64; i += 8) {
    h = h + sum1(e) + (g ^ e & (f ^ g)) + K[i]! + words[i]! | 0;
    d = d + h | 0;
    h = h + sum0(a) + (a & b | c & (a | b)) | 0;
    g = g + sum1(d) + (f ^ d & (e ^ f)) + K[i + 1]! + words[i + 1]! | 0;
    c = c + g | 0;
    g = g + sum0(h) + (h & a | b & (h | a)) | 0;
    f = f + sum1(c) + (e ^ c & (d ^ e)) + K[i + 2]! + words[i + 2]! | 0;
    b = b + f | 0;
    f = f + sum0(g) + (g & h | a & (g | h)) | 0;
    e = e + sum1(b) + (d ^ b & (c ^ d)) + K[i + 3]! + words[i + 3]! | 0;
    a = a + e | 0;
    e = e + sum0(f) + (f & g | h & (f | g)) | 0;
    d = d + sum1(a) + (c ^ a & (b ^ c)) + K[i + 4]! + words[i + 4]! | 0;
    h = h + d | 0;
    d = d + sum0(e) + (e & f | g & (e | f)) | 0;
    c = c + sum1(h) + (b ^ h & (a ^ b)) + K[i + 5]! + words[i + 5]! | 0;
    g = g + c | 0;
    c = c + sum0(d) + (d & e | f & (d | e)) | 0;
    b = b + sum1(g) + (a ^ g & (h ^ a)) + K[i + 6]! + words[i + 6]! | 0;
    f = f + b | 0;
    b = b + sum0(c) + (c & d | e & (c | d)) | 0;
    a = a + sum1(f) + (h ^ f & (g ^ h)) + K[i + 7]! + words[i + 7]! | 0;
    e = e + a | 0;
    a = a + sum0(b) + (b & c | d & (b | c)) | 0;
  }
  state[0] = state[0]! + a | 0;
  state[1] = state[1]! + b | 0;
  state[2] = state[2]! + c | 0;
  state[3] = state[3]! + d | 0;
  state[4] = state[4]! + e | 0;
  state[5] = state[5]! + f | 0;
  state[6] = state[6]! + g | 0;
  state[7] = state[7]! + h | 0;
}
