import { LINE_STRIDE, type Message, nameEndOf, nameStartOf, valueEndOf, valueStartOf } from '../http/message.ts';

const COLON = 0x3a;

/**
 * A header's name, made ready to be found. Compared without case, `_` and `-` apart: a trusted proxy writes the one
 * that is configured.
 */
export class HeaderName {
  readonly text: string;
  readonly #lower: Uint8Array;

  constructor(text: string) {
    this.text = text;
    this.#lower = Buffer.from(text.toLowerCase(), 'latin1');
  }

  /** Index of the last line of this name before line `before`, its colon right behind it (RFC 9112, 5.1); -1 = none. */
  lastLine(message: Message, before: number): number {
    const { bytes, lines } = message;
    const { length } = this.#lower;
    for (let i = before - 1; i >= 0; i--) {
      const start = nameStartOf(lines, i * LINE_STRIDE);
      if (
        nameEndOf(lines, i * LINE_STRIDE) - start === length
        && bytes[start + length] === COLON
        && this.#is(bytes, start)
      ) {
        return i;
      }
    }
    return -1;
  }

  is(bytes: Uint8Array, start: number, end: number): boolean {
    return end - start === this.#lower.length && this.#is(bytes, start);
  }

  #is(bytes: Uint8Array, start: number): boolean {
    const lower = this.#lower;
    for (let i = 0; i < lower.length; i++) {
      const byte = bytes[start + i]!;
      if ((byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) !== lower[i]) return false;
    }
    return true;
  }
}

/** latin1 text of bytes[start, end): one code point is one byte. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > 64) return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

/** The value of line `index` as latin1 text. */
export const valueText = (message: Message, index: number): string =>
  latin1(
    message.bytes,
    valueStartOf(message.lines, index * LINE_STRIDE),
    valueEndOf(message.lines, index * LINE_STRIDE),
  );
