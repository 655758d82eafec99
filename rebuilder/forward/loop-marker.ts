import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { KeyedHash } from './keyed-hash.ts';

/** Hex characters of a marker: 128 bits of the HMAC, what RFC 2104 section 5 allows and no client can guess. */
export const MARKER_LENGTH = 32;

const MIN_KEY_BYTES = 16;
const HEX = new Uint8Array([48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102]);

/**
 * The mark that our own requests carry (`X-Mirror-Loop`), so that one that is mirrored again is recognised: HMAC-SHA256(loop key, id).
 * A client may write the header, but not a value that fits.
 */
export class LoopMarker {
  readonly #hash: KeyedHash;

  constructor(key: Uint8Array) {
    this.#hash = new KeyedHash(key);
  }

  /** Writes MARKER_LENGTH hex bytes of the marker of `id` at `at`; returns the offset behind them. */
  write(id: string, to: Uint8Array, at: number): number {
    const words = this.#hash.digest(id);
    for (let i = 0; i < MARKER_LENGTH / 8; i++, at += 8) {
      const word = words[i]!;
      to[at] = HEX[word >>> 28]!;
      to[at + 1] = HEX[word >>> 24 & 15]!;
      to[at + 2] = HEX[word >>> 20 & 15]!;
      to[at + 3] = HEX[word >>> 16 & 15]!;
      to[at + 4] = HEX[word >>> 12 & 15]!;
      to[at + 5] = HEX[word >>> 8 & 15]!;
      to[at + 6] = HEX[word >>> 4 & 15]!;
      to[at + 7] = HEX[word & 15]!;
    }
    return at;
  }

  /** The marker of `id` as text. */
  of(id: string): string {
    const text = new Uint8Array(MARKER_LENGTH);
    this.write(id, text, 0);
    return String.fromCharCode(...text);
  }

  /**
   * Is `value` (of an X-Mirror-Loop line) the marker that this deployment gives `id` (of the X-Mirror-Id line beside it)?
   * Takes the same time wherever the first difference is.
   */
  isOwn(value: string, id: string): boolean {
    if (value.length !== MARKER_LENGTH) return false;
    const expected = new Uint8Array(MARKER_LENGTH);
    this.write(id, expected, 0);
    let difference = 0;
    for (let i = 0; i < MARKER_LENGTH; i++) difference |= expected[i]! ^ value.charCodeAt(i);
    return difference === 0;
  }
}

/**
 * The loop key: the bytes of `path` (blanks at its ends taken off), or random ones for this process when `path` is empty.
 * Throws an Error of one sentence for a person to read when the file cannot be read or is too short.
 */
export function readLoopKey(path: string): Uint8Array {
  if (path === '') return randomBytes(32);
  let text: string;
  try {
    text = readFileSync(path, 'latin1').trim();
  } catch (error) {
    throw new Error(`forward.loop_key_file: ${path} cannot be read (${error instanceof Error && 'code' in error ? error.code : 'unknown error'}); `
      + 'give a readable file, or leave the key empty for a random one');
  }
  if (text.length < MIN_KEY_BYTES) {
    throw new Error(`forward.loop_key_file: ${path} holds ${text.length} bytes, at least ${MIN_KEY_BYTES} are needed; write one with: openssl rand -hex 32`);
  }
  return Buffer.from(text, 'latin1');
}
