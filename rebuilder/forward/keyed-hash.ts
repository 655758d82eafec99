import { createHash } from 'node:crypto';
import { BLOCK_BYTES, compress, initialState } from './sha256.ts';

/**
 * What one message may hold: with the padding it ends in one block behind the key's (FIPS 180-4, 5.1.1). A longer one
 * counts by its own SHA-256.
 */
const MAX_TEXT_BYTES = 55;

/** HMAC-SHA256 (RFC 2104) of short texts, with the key's two blocks hashed once. */
export class KeyedHash {
  readonly #inner: Int32Array;
  readonly #outer: Int32Array;
  readonly #state = new Int32Array(8);
  readonly #words = new Int32Array(16);

  /** `key`: any length; RFC 2104 hashes one longer than a block. */
  constructor(key: Uint8Array) {
    const block = new Uint8Array(BLOCK_BYTES);
    block.set(key.length > BLOCK_BYTES ? createHash('sha256').update(key).digest() : key);
    this.#inner = this.#keyState(block, 0x36);
    this.#outer = this.#keyState(block, 0x5c);
  }

  #keyState(key: Uint8Array, pad: number): Int32Array {
    const state = initialState();
    for (let i = 0; i < 16; i++) {
      const at = i * 4;
      this.#words[i] =
        ((key[at]! ^ pad) << 24) | ((key[at + 1]! ^ pad) << 16) | ((key[at + 2]! ^ pad) << 8) | (key[at + 3]! ^ pad);
    }
    compress(state, this.#words);
    return state;
  }

  /** The eight words of the digest of text[0, length), first word first. Valid until the next call. */
  digest(text: Uint8Array, length: number): Int32Array {
    if (length > MAX_TEXT_BYTES) return this.digest(createHash('sha256').update(text.subarray(0, length)).digest(), 32);
    const words = this.#words;
    const state = this.#state;
    let at = 0;
    let word = 0;
    for (; at + 4 <= length; at += 4) {
      words[word++] = text[at]! << 24 | text[at + 1]! << 16 | text[at + 2]! << 8 | text[at + 3]!;
    }
    let last = 0x80 << 24 - (length & 3) * 8;
    for (let shift = 24; at < length; at++, shift -= 8) last |= text[at]! << shift;
    words[word++] = last;
    while (word < 15) words[word++] = 0;
    words[15] = (BLOCK_BYTES + length) * 8;
    for (let i = 0; i < 8; i++) state[i] = this.#inner[i]!;
    compress(state, words);
    for (let i = 0; i < 8; i++) {
      words[i] = state[i]!;
      state[i] = this.#outer[i]!;
    }
    words[8] = 0x80 << 24;
    for (let i = 9; i < 15; i++) words[i] = 0;
    words[15] = (BLOCK_BYTES + 32) * 8;
    compress(state, words);
    return state;
  }
}
