// Text into bytes without a call into the engine: for a few dozen characters that call costs more than the loop.
/**
 * Writes a value, and returns the offset behind it; a control byte in it (it may have come from a trusted proxy's
 * header) cannot end the line.
 */
export function putText(text: string, to: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    to[at++] = code < 0x20 || code > 0xff || code === 0x7f ? 0x3f : code;
  }
  return at;
}

/** Writes a whole number from 0 on in decimal digits. */
export function putNumber(value: number, to: Uint8Array, at: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const next = Math.floor(rest / 10);
    to[i] = 0x30 + rest - next * 10;
    rest = next;
  }
  return at + digits;
}
