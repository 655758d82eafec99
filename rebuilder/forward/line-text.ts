/** A part of a line that is always the same, as bytes. */
export function lineText(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text));
}

/** Writes it. From some sixteen bytes on this call into the engine costs less than a loop. */
export function putLineText(text: Uint8Array, to: Uint8Array, at: number): number {
  to.set(text, at);
  return at + text.length;
}
