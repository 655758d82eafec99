import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SettingError } from '../config/mistakes.ts';
import { DIGEST_BYTES, KeyedHash } from './keyed-hash.ts';

/** Hex characters of a marker: 128 bits, which no client can guess. */
export const MARKER_LENGTH = DIGEST_BYTES * 2;

const MIN_KEY_BYTES = 16;
const MAX_ID_BYTES = 64;
const MAX_SUFFIX_BYTES = 24;
const HEX = new Uint8Array([48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102]);

/**
 * A marker fits the period it was written in and the one before and behind: clocks differ, and a request may wait for
 * its node.
 */
export const PERIOD_MS = 300_000;

/**
 * The mark that our own requests carry (`X-Mirror-Loop`), so that one that is mirrored again is recognised: keyed
 * BLAKE2s(loop key, id + '@' + number of the period). A client may write the header, but not a value that fits; one who
 * has seen a marker (on the way to a node) may copy it, which is why it fits for minutes only, and rules/loop.ts
 * believes each a few times.
 */
export class LoopMarker {
  readonly #key: Uint8Array;
  readonly #hash: KeyedHash;
  readonly #clock: () => number;
  #period = -1;
  /** An id, and room for what is hashed with it. */
  readonly #text = new Uint8Array(MAX_ID_BYTES + MAX_SUFFIX_BYTES);
  #suffix: Uint8Array = Buffer.alloc(0);

  /** @param clock ms since the epoch */
  constructor(key: Uint8Array, clock = (): number => Date.now()) {
    this.#key = key;
    this.#hash = new KeyedHash(key);
    this.#clock = clock;
    this.look();
  }

  /** Looks at the clock: a marker is of the period that it was in then. */
  look(): void {
    const period = Math.floor(this.#clock() / PERIOD_MS);
    if (period === this.#period) return;
    this.#period = period;
    this.#suffix = Buffer.from(`@${period}`);
  }

  /**
   * Writes MARKER_LENGTH hex bytes at `at`: the marker of the id (of at most MAX_ID_BYTES, as all of ours are) that
   * stands in bytes[start, end). Returns the offset behind them.
   */
  write(bytes: Uint8Array, start: number, end: number, at: number): number {
    const text = this.#text;
    const suffix = this.#suffix;
    let length = 0;
    for (let i = start; i < end; i++) text[length++] = bytes[i]!;
    for (let i = 0; i < suffix.length; i++) text[length++] = suffix[i]!;
    return putHex(this.#hash.digest(text, length), bytes, at);
  }

  #of(id: string, period: number): Uint8Array {
    const text = Buffer.from(`${id}@${period}`, 'latin1');
    const marker = new Uint8Array(MARKER_LENGTH);
    putHex(this.#hash.digest(text, text.length), marker, 0);
    return marker;
  }

  /** The present marker of `id` as text. */
  of(id: string): string {
    this.look();
    return String.fromCharCode(...this.#of(id, this.#period));
  }

  /**
   * Is `value` (of an X-Mirror-Loop line) the marker that this deployment gave `id` (of the X-Mirror-Id line beside it)
   * about `timeMs` (since the epoch)? Takes the same time wherever the first difference is.
   */
  isOwn(value: string, id: string, timeMs: number): boolean {
    if (value.length !== MARKER_LENGTH) return false;
    const period = Math.floor(timeMs / PERIOD_MS);
    return [period, period - 1, period + 1].some((one) => this.#fits(value, id, one));
  }

  #fits(value: string, id: string, period: number): boolean {
    return isEqual(this.#of(id, period), value) || isEqual(this.#of0_1(id, period), value);
  }

  /** As 0.1.0 wrote it: while a group is replaced, its instances run beside the new ones for minutes. */
  #of0_1(id: string, period: number): Uint8Array {
    const digest = createHmac('sha256', this.#key).update(`${id}@${period}`, 'latin1').digest('hex');
    return Buffer.from(digest.slice(0, MARKER_LENGTH));
  }
}

/** Takes the same time wherever the first difference is. Both are of MARKER_LENGTH. */
function isEqual(expected: Uint8Array, value: string): boolean {
  let difference = 0;
  for (let i = 0; i < MARKER_LENGTH; i++) difference |= expected[i]! ^ value.charCodeAt(i);
  return difference === 0;
}

/** The digest's bytes as hex digits. */
function putHex(words: Int32Array, to: Uint8Array, at: number): number {
  for (let i = 0; i < DIGEST_BYTES / 4; i++, at += 8) {
    const word = words[i]!;
    to[at] = HEX[word >>> 4 & 15]!;
    to[at + 1] = HEX[word & 15]!;
    to[at + 2] = HEX[word >>> 12 & 15]!;
    to[at + 3] = HEX[word >>> 8 & 15]!;
    to[at + 4] = HEX[word >>> 20 & 15]!;
    to[at + 5] = HEX[word >>> 16 & 15]!;
    to[at + 6] = HEX[word >>> 28]!;
    to[at + 7] = HEX[word >>> 24 & 15]!;
  }
  return at;
}

/**
 * The loop key: the bytes of `path` (blanks at its ends taken off), or random ones for this process when `path` is
 * empty. Throws a SettingError of one sentence when the file cannot be read or is too short.
 */
export function readLoopKey(path: string): Uint8Array {
  if (path === '') return randomBytes(32);
  let text: string;
  try {
    text = readFileSync(path, 'latin1').trim();
  } catch (error) {
    throw new SettingError(`forward.loop_key_file: ${path} cannot be read (${error instanceof Error && 'code' in error ? error.code : 'unknown error'}); `
      + 'give a readable file, or leave the key empty for a random one');
  }
  if (text.length < MIN_KEY_BYTES) {
    throw new SettingError(`forward.loop_key_file: ${path} holds ${text.length} bytes, at least ${MIN_KEY_BYTES} are needed; write one with: openssl rand -hex 32`);
  }
  return Buffer.from(text, 'latin1');
}
