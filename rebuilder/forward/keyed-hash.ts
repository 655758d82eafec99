import { createHash } from 'node:crypto';
import { BLOCK_BYTES, compress, initialState } from './sha256.ts';

/** What one message may hold, so that padding and length end in the same or the next block. */
const MAX_TEXT_BYTES = 247;

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
      this.#words[i] = (key[at]! ^ pad) << 24 | (key[at + 1]! ^ pad) << 16 | (key[at + 2]! ^ pad) << 8 | key[at + 3]! ^ pad;
    }
    compress(state, this.#words);
    return state;
  }

  /** The eight words of the digest, first word first. Valid until the next call. Texts beyond 247 characters are cut there. */
  digest(text: string): Int32Array {
    const words = this.#words;
    const state = this.#state;
    state.set(this.#inner);
    const length = Math.min(text.length, MAX_TEXT_BYTES);
    let at = 0;
    let ended = false;
    // FIPS 180-4, 5.1.1: a one bit, zeros, and the length in bits in the last eight bytes; the key's block counts.
    for (;;) {
      words.fill(0, 0, 16);
      let i = 0;
      for (; i < BLOCK_BYTES && at < length; i++, at++) {
        words[i >> 2]! |= (text.charCodeAt(at) & 0xff) << 24 - (i & 3) * 8;
      }
      if (!ended && i < BLOCK_BYTES) {
        words[i >> 2]! |= 0x80 << 24 - (i & 3) * 8;
        ended = true;
        i++;
      }
      const isLast = ended && i <= BLOCK_BYTES - 8;
      if (isLast) words[15] = (BLOCK_BYTES + length) * 8;
      compress(state, words);
      if (isLast) break;
    }
    words.set(state, 0);
    words[8] = 0x80000000;
    words.fill(0, 9, 15);
    words[15] = (BLOCK_BYTES + 32) * 8;
    state.set(this.#outer);
    compress(state, words);
    return state;
  }
}
