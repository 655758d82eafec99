import type { Outcome } from './refusals.ts';

/**
 * The `most` of them that say most: the one that comes farthest, then again and again the one that differs first from
 * all that were chosen, the likelier of several. Those that only stop where another goes on are the last.
 * @param ways in the order in which waysToRead gives them
 */
export function mostDifferent(ways: readonly Outcome[], most: number): Outcome[] {
  if (ways.length <= most) return [...ways];
  const chosen: Outcome[] = [];
  const stopping = stoppingOnly(ways);
  const left = ways.map((way) => ({ way, common: 0, isStopping: stopping.has(way) }));
  while (chosen.length < most) {
    let first = 0;
    left.forEach((one, i) => {
      if (i > 0 && chosen.length > 0 && isBefore(one, left[first]!)) first = i;
    });
    const { way } = left.splice(first, 1)[0]!;
    chosen.push(way);
    for (const one of left) one.common = Math.max(one.common, commonLength(one.way.text, way.text));
  }
  return chosen;
}

/**
 * Those that only stop where another goes on. Should what they lack come, for a place before the end of what was sent,
 * all ways are compared anew.
 */
function stoppingOnly(ways: readonly Outcome[]): Set<Outcome> {
  const texts = [...new Set(ways.map(({ text }) => text))].sort();
  const stopping = new Set(texts.filter((text, i) => texts[i + 1]?.startsWith(text) === true));
  return new Set(ways.filter(({ text }) => stopping.has(text)));
}

interface Candidate {
  readonly way: Outcome;
  /** So many characters of it are those of a way that was chosen; all = it differs in what waits, or in marks. */
  readonly common: number;
  readonly isStopping: boolean;
}

/** Does it say more, beside what was chosen, than `other`? */
function isBefore(one: Candidate, other: Candidate): boolean {
  const [rank, otherRank] = [rankOf(one), rankOf(other)];
  if (rank !== otherRank) return rank < otherRank;
  return one.common === other.common ? one.way.order < other.way.order : one.common < other.common;
}

function rankOf({ way, common, isStopping }: Candidate): number {
  if (isStopping) return 2;
  return common === way.length ? 1 : 0;
}

/** So many characters are the same at the beginning of both. */
function commonLength(one: string, other: string): number {
  let [low, high] = [0, Math.min(one.length, other.length)];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (one.slice(low, middle) === other.slice(low, middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
