import { createHash } from 'node:crypto';
import { BLOCK_BYTES, compress, initialState } from './sha256.ts';

/** What one message may hold: with the padding it ends in one block behind the key's (FIPS 180-4, 5.1.1). */
const MAX_TEXT_LENGTH = 55;

/** HMAC-SHA256 (RFC 2104) of short latin1 texts, with the key's two blocks hashed once. */
export class KeyedHash {
  readonly #inner: Int32Array;
  readonly #outer: Int32Array;
  readonly #state = new Int32Array(8);
  readonly #words = new Int32Array(64);

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

  /**
   * The eight words of the digest, first word first. Valid until the next call. A text beyond MAX_TEXT_LENGTH counts by
   * its own SHA-256.
   */
  digest(text: string): Int32Array {
    if (text.length > MAX_TEXT_LENGTH) return this.digest(createHash('sha256').update(text, 'latin1').digest().toString('latin1'));
    const words = this.#words;
    const state = this.#state;
    const { length } = text;
    let at = 0;
    let word = 0;
    for (; at + 4 <= length; at += 4) {
      words[word++] =
        (text.charCodeAt(at) << 24)
        | ((text.charCodeAt(at + 1) & 0xff) << 16)
        | ((text.charCodeAt(at + 2) & 0xff) << 8)
        | (text.charCodeAt(at + 3) & 0xff);
    }
    let last = 0x80 << 24 - (length & 3) * 8;
    for (let shift = 24; at < length; at++, shift -= 8) last |= (text.charCodeAt(at) & 0xff) << shift;
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
