/** A part of a line that is always the same, as bytes. */
export function lineText(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text));
}

/** Writes it. A call into the engine costs more than this loop for so few bytes. */
export function putLineText(text: Uint8Array, to: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) to[at + i] = text[i]!;
  return at + text.length;
}
