import type { FieldNames } from './field-names.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const CR = 13;
const LF = 10;
const STAR = 0x2a;
const OPENS: ReadonlySet<number> = new Set([0x7b, 0x5b]);
const CLOSES: ReadonlySet<number> = new Set([0x7d, 0x5d]);
const ENDS_LITERAL = new Uint8Array(256);
for (const char of ' \t\r\n",:[]{}') ENDS_LITERAL[char.charCodeAt(0)] = 1;
/** `\u0041`: the longest way to write a character of a name. */
const ESCAPE_BYTES = 6;

/**
 * Masks, in place, the values of the members with these names in a JSON text (RFC 8259), at any depth; what a member
 * holds is masked with all that is in it. The text stays JSON of the same length: strings become `*`, digits `1`, true
 * and false null. It is read from each quotation mark anew, so that a text with a hole, or one that is no JSON, still
 * shows its members.
 * @param strewn it may stand anywhere in `text`: cut off behind the opening mark of a name, and no string goes on in
 * another line
 * @returns how many members
 */
export function maskJson(text: Uint8Array, names: FieldNames, strewn = false): number {
  let masked = 0;
  for (let at = strewn ? -1 : quoteFrom(text, 0); at < text.length; at = quoteFrom(text, at + 1)) {
    const nameEnd = memberName(text, at, names);
    if (nameEnd < 0) continue;
    const colon = skipBlanks(text, nameEnd);
    if (text[colon] !== COLON) continue;
    at = maskValue(text, skipBlanks(text, colon + 1), strewn) - 1;
    masked++;
  }
  return masked;
}

function quoteFrom(text: Uint8Array, from: number): number {
  const at = text.indexOf(QUOTE, from);
  return at < 0 ? text.length : at;
}

/** One past the closing mark of the string at `at` if it is one of the names; else -1. */
function memberName(text: Uint8Array, at: number, names: FieldNames): number {
  const limit = Math.min(text.length, at + 2 + names.longest * ESCAPE_BYTES);
  for (let i = at + 1; i < limit; i++) {
    if (text[i] === BACKSLASH) i++;
    else if (text[i] === QUOTE) return names.has(decoded(text, at + 1, i)) ? i + 1 : -1;
  }
  return -1;
}

/** Escapes resolved; other bytes as they are, one character each. */
function decoded(text: Uint8Array, start: number, end: number): string {
  const raw = Buffer.from(text.buffer, text.byteOffset + start, end - start).toString('latin1');
  return raw.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code: string | undefined, char: string | undefined) => code === undefined
    ? char! : Buffer.from(String.fromCharCode(Number.parseInt(code, 16))).toString('latin1'));
}

function skipBlanks(text: Uint8Array, at: number): number {
  while (text[at] === 0x20 || text[at] === 0x09 || text[at] === 0x0a || text[at] === 0x0d) at++;
  return at;
}

/** @returns one past the value */
function maskValue(text: Uint8Array, start: number, inLine: boolean): number {
  let depth = 0;
  for (let at = start; at < text.length;) {
    const byte = text[at]!;
    if (byte === QUOTE) {
      at = maskString(text, at + 1, inLine);
      // In a container: a member's name is masked like a value.
      if (depth === 0) return at;
    } else if (OPENS.has(byte)) {
      depth++;
      at++;
    } else if (CLOSES.has(byte)) {
      depth--;
      if (depth < 0) return at;
      at++;
      if (depth === 0) return at;
    } else if (byte === 0x2c && depth === 0) {
      return at;
    } else {
      const end = literalEnd(text, at);
      maskLiteral(text, at, end);
      at = Math.max(end, at + 1);
      if (depth === 0 && end > start) return end;
    }
  }
  return text.length;
}

/**
 * @param inLine it goes on to the line's end at most
 * @returns one past the closing mark
 */
function maskString(text: Uint8Array, start: number, inLine: boolean): number {
  let at = start;
  while (at < text.length && text[at] !== QUOTE) {
    if (inLine && (text[at] === CR || text[at] === LF)) return at;
    const length = text[at] === BACKSLASH ? 2 : 1;
    for (const end = Math.min(at + length, text.length); at < end; at++) text[at] = STAR;
  }
  return Math.min(at + 1, text.length);
}

/** Numbers and words end at punctuation or a blank. */
function literalEnd(text: Uint8Array, at: number): number {
  while (at < text.length && ENDS_LITERAL[text[at]!] === 0) at++;
  return at;
}

function maskLiteral(text: Uint8Array, start: number, end: number): void {
  const word = Buffer.from(text.subarray(start, end)).toString('latin1');
  const masked = /^[-+.0-9eE]+$/.test(word) ? word.replace(/\d/g, '1') : word === 'true' ? 'null' : word === 'false' ? 'null ' : word === 'null' ? word
    : '*'.repeat(word.length);
  text.set(Buffer.from(masked, 'latin1'), start);
}
