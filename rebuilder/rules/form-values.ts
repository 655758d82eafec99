import type { FieldNames } from './field-names.ts';

const AMPERSAND = 0x26;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const STAR = 0x2a;

/**
 * Masks, in place, the values of the fields with these names in application/x-www-form-urlencoded text (WHATWG URL,
 * 5.1); `;` parts fields too, as some servers read it, and `a[b]` is masked by `a` and by `b`.
 * @returns how many fields
 */
export function maskForm(text: Uint8Array, names: FieldNames): number {
  let masked = 0;
  for (let at = 0; at < text.length;) {
    let end = at;
    while (end < text.length && text[end] !== AMPERSAND && text[end] !== SEMICOLON) end++;
    const equals = text.indexOf(EQUALS, at);
    if (equals >= 0 && equals < end && isNamed(text, at, equals, names)) {
      // A semicolon that no field follows is part of the value.
      while (text[end] === SEMICOLON && !beginsField(text, end + 1)) {
        for (end++; end < text.length && text[end] !== AMPERSAND && text[end] !== SEMICOLON; end++);
      }
      text.fill(STAR, equals + 1, end);
      masked++;
    }
    at = end + 1;
  }
  return masked;
}

/** Does an equals sign come before the next end of a field? */
function beginsField(text: Uint8Array, from: number): boolean {
  let at = from;
  while (at < text.length && text[at] !== AMPERSAND && text[at] !== SEMICOLON && text[at] !== EQUALS) at++;
  return text[at] === EQUALS;
}

function isNamed(text: Uint8Array, start: number, end: number, names: FieldNames): boolean {
  // Each byte may be written as three, and indices may stand around the name.
  if (end - start > names.longest * 3 + 256) return false;
  const name = decoded(Buffer.from(text.buffer, text.byteOffset + start, end - start).toString('latin1')).trim();
  return names.has(name) || name.split(/[[\].]+/).some((part) => part !== '' && names.has(part));
}

const decoded = (name: string): string => name.replaceAll('+', ' ')
  .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
