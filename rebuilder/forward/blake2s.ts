/**
 * The compression of BLAKE2s (RFC 7693, 3.2), for keyed hashes of short texts on the hot path: node:crypto's createHmac
 * costs 2-3 µs a call (an object, a key schedule and a native call each time), one block from a precomputed state a
 * tenth of that.
 */
export const BLOCK_BYTES = 64;

/** The initialisation vector: that of SHA-256 (RFC 7693, 2.6). */
const INITIAL = new Int32Array([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

/** Which word each step of the ten rounds takes (RFC 7693, 2.7). */
const SIGMA = new Uint8Array([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
  14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3,
  11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4,
  7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8,
  9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13,
  2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9,
  12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11,
  13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10,
  6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5,
  10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0,
]);

/** The state before the first block of a digest of `digestBytes` under a key of `keyBytes` (RFC 7693, 2.5). */
export function initialState(digestBytes: number, keyBytes: number): Int32Array {
  const state = INITIAL.slice();
  state[0]! ^= 0x01010000 | keyBytes << 8 | digestBytes;
  return state;
}

/**
 * Takes in the block `words` (16, little-endian), with which `count` bytes, less than 4 GiB, are read; `state` (8
 * words) is changed in place. The eight mixings of a round are written out, so that the sixteen words stay in names.
 */
export function compress(state: Int32Array, words: Int32Array, count: number, isLast: boolean): void {
  let v0 = state[0]!;
  let v1 = state[1]!;
  let v2 = state[2]!;
  let v3 = state[3]!;
  let v4 = state[4]!;
  let v5 = state[5]!;
  let v6 = state[6]!;
  let v7 = state[7]!;
  let v8 = INITIAL[0]!;
  let v9 = INITIAL[1]!;
  let v10 = INITIAL[2]!;
  let v11 = INITIAL[3]!;
  let v12 = INITIAL[4]! ^ count;
  let v13 = INITIAL[5]!;
  let v14 = isLast ? ~INITIAL[6]! : INITIAL[6]!;
  let v15 = INITIAL[7]!;
  for (let at = 0; at < SIGMA.length;) {
    v0 = v0 + v4 + words[SIGMA[at++]!]! | 0;
    v12 = (v12 ^ v0) >>> 16 | (v12 ^ v0) << 16;
    v8 = v8 + v12 | 0;
    v4 = (v4 ^ v8) >>> 12 | (v4 ^ v8) << 20;
    v0 = v0 + v4 + words[SIGMA[at++]!]! | 0;
    v12 = (v12 ^ v0) >>> 8 | (v12 ^ v0) << 24;
    v8 = v8 + v12 | 0;
    v4 = (v4 ^ v8) >>> 7 | (v4 ^ v8) << 25;
    v1 = v1 + v5 + words[SIGMA[at++]!]! | 0;
    v13 = (v13 ^ v1) >>> 16 | (v13 ^ v1) << 16;
    v9 = v9 + v13 | 0;
    v5 = (v5 ^ v9) >>> 12 | (v5 ^ v9) << 20;
    v1 = v1 + v5 + words[SIGMA[at++]!]! | 0;
    v13 = (v13 ^ v1) >>> 8 | (v13 ^ v1) << 24;
    v9 = v9 + v13 | 0;
    v5 = (v5 ^ v9) >>> 7 | (v5 ^ v9) << 25;
    v2 = v2 + v6 + words[SIGMA[at++]!]! | 0;
    v14 = (v14 ^ v2) >>> 16 | (v14 ^ v2) << 16;
    v10 = v10 + v14 | 0;
    v6 = (v6 ^ v10) >>> 12 | (v6 ^ v10) << 20;
    v2 = v2 + v6 + words[SIGMA[at++]!]! | 0;
    v14 = (v14 ^ v2) >>> 8 | (v14 ^ v2) << 24;
    v10 = v10 + v14 | 0;
    v6 = (v6 ^ v10) >>> 7 | (v6 ^ v10) << 25;
    v3 = v3 + v7 + words[SIGMA[at++]!]! | 0;
    v15 = (v15 ^ v3) >>> 16 | (v15 ^ v3) << 16;
    v11 = v11 + v15 | 0;
    v7 = (v7 ^ v11) >>> 12 | (v7 ^ v11) << 20;
    v3 = v3 + v7 + words[SIGMA[at++]!]! | 0;
    v15 = (v15 ^ v3) >>> 8 | (v15 ^ v3) << 24;
    v11 = v11 + v15 | 0;
    v7 = (v7 ^ v11) >>> 7 | (v7 ^ v11) << 25;
    v0 = v0 + v5 + words[SIGMA[at++]!]! | 0;
    v15 = (v15 ^ v0) >>> 16 | (v15 ^ v0) << 16;
    v10 = v10 + v15 | 0;
    v5 = (v5 ^ v10) >>> 12 | (v5 ^ v10) << 20;
    v0 = v0 + v5 + words[SIGMA[at++]!]! | 0;
    v15 = (v15 ^ v0) >>> 8 | (v15 ^ v0) << 24;
    v10 = v10 + v15 | 0;
    v5 = (v5 ^ v10) >>> 7 | (v5 ^ v10) << 25;
    v1 = v1 + v6 + words[SIGMA[at++]!]! | 0;
    v12 = (v12 ^ v1) >>> 16 | (v12 ^ v1) << 16;
    v11 = v11 + v12 | 0;
    v6 = (v6 ^ v11) >>> 12 | (v6 ^ v11) << 20;
    v1 = v1 + v6 + words[SIGMA[at++]!]! | 0;
    v12 = (v12 ^ v1) >>> 8 | (v12 ^ v1) << 24;
    v11 = v11 + v12 | 0;
    v6 = (v6 ^ v11) >>> 7 | (v6 ^ v11) << 25;
    v2 = v2 + v7 + words[SIGMA[at++]!]! | 0;
    v13 = (v13 ^ v2) >>> 16 | (v13 ^ v2) << 16;
    v8 = v8 + v13 | 0;
    v7 = (v7 ^ v8) >>> 12 | (v7 ^ v8) << 20;
    v2 = v2 + v7 + words[SIGMA[at++]!]! | 0;
    v13 = (v13 ^ v2) >>> 8 | (v13 ^ v2) << 24;
    v8 = v8 + v13 | 0;
    v7 = (v7 ^ v8) >>> 7 | (v7 ^ v8) << 25;
    v3 = v3 + v4 + words[SIGMA[at++]!]! | 0;
    v14 = (v14 ^ v3) >>> 16 | (v14 ^ v3) << 16;
    v9 = v9 + v14 | 0;
    v4 = (v4 ^ v9) >>> 12 | (v4 ^ v9) << 20;
    v3 = v3 + v4 + words[SIGMA[at++]!]! | 0;
    v14 = (v14 ^ v3) >>> 8 | (v14 ^ v3) << 24;
    v9 = v9 + v14 | 0;
    v4 = (v4 ^ v9) >>> 7 | (v4 ^ v9) << 25;
  }
  state[0]! ^= v0 ^ v8;
  state[1]! ^= v1 ^ v9;
  state[2]! ^= v2 ^ v10;
  state[3]! ^= v3 ^ v11;
  state[4]! ^= v4 ^ v12;
  state[5]! ^= v5 ^ v13;
  state[6]! ^= v6 ^ v14;
  state[7]! ^= v7 ^ v15;
}
