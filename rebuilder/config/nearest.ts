import { closest, distance } from 'fastest-levenshtein';

/** `did you mean 'x'?` for a slip of a few letters; null = nothing is near. */
export function nearest(word: string, known: readonly string[]): string | null {
  if (known.length === 0) return null;
  const near = closest(word.toLowerCase(), known);
  return distance(word.toLowerCase(), near) <= Math.max(2, word.length / 3) ? `did you mean '${near}'?` : null;
}
