import { createHash } from 'node:crypto';
import { BLOCK_BYTES, compress, initialState } from './blake2s.ts';

/** Of a digest: 128 bits. */
export const DIGEST_BYTES = 16;

/** What RFC 7693 takes as a key. A longer one counts by its SHA-256, which is as long. */
const MAX_KEY_BYTES = 32;

/**
 * Keyed BLAKE2s (RFC 7693) of short texts, with the key's block taken in once: a MAC by itself, so that a text of up to
 * a block costs one compression, where HMAC-SHA256 costs two that are twice as long each.
 */
export class KeyedHash {
  readonly #keyed: Int32Array;
  readonly #state = new Int32Array(8);
  readonly #words = new Int32Array(BLOCK_BYTES / 4);

  constructor(key: Uint8Array) {
    const short = key.length > MAX_KEY_BYTES ? createHash('sha256').update(key).digest() : key;
    const block = new Uint8Array(BLOCK_BYTES);
    block.set(short);
    this.#keyed = initialState(DIGEST_BYTES, short.length);
    this.#read(block, 0, BLOCK_BYTES);
    compress(this.#keyed, this.#words, BLOCK_BYTES, false);
  }

  /** Puts text[start, end), at most a block, into the words, and zeros behind it. */
  #read(text: Uint8Array, start: number, end: number): void {
    const words = this.#words;
    let word = 0;
    let at = start;
    for (; at + 4 <= end; at += 4) {
      words[word++] = text[at]! | text[at + 1]! << 8 | text[at + 2]! << 16 | text[at + 3]! << 24;
    }
    if (word === words.length) return;
    let last = 0;
    for (let shift = 0; at < end; at++, shift += 8) last |= text[at]! << shift;
    words[word++] = last;
    while (word < words.length) words[word++] = 0;
  }

  /**
   * The digest of text[0, length), of at least a byte: little-endian, in the first four words. Valid until the next
   * call.
   */
  digest(text: Uint8Array, length: number): Int32Array {
    const state = this.#state;
    for (let i = 0; i < state.length; i++) state[i] = this.#keyed[i]!;
    let at = 0;
    for (; length - at > BLOCK_BYTES; at += BLOCK_BYTES) {
      this.#read(text, at, at + BLOCK_BYTES);
      compress(state, this.#words, at + 2 * BLOCK_BYTES, false);
    }
    this.#read(text, at, length);
    compress(state, this.#words, BLOCK_BYTES + length, true);
    return state;
  }
}
