/**
 * Fragments of one datagram may be doubted for several reasons, of which a host has some: it drops those that it has a
 * rule against, and takes the others. So a datagram is put together in as many ways as there are unions of the doubts
 * of its fragments: once without any, once with all, and in between. A fragment is part of those that take each of its
 * doubts.
 */

/** Ways that are followed of one datagram besides that of certain fragments: all of four reasons, and two more. */
export const MOST_WAYS = 17;

/** Is a fragment with `doubts` part of the way that takes those with `takes`? Bits of IpDoubt. */
export function isTaken(doubts: number, takes: number): boolean {
  return (doubts & ~takes) === 0;
}

/**
 * The ways that there are besides when a fragment comes with other doubts than those before, the likelier first: its
 * host takes it and none of those, or those and not it.
 *
 * @param ways what those take that there are: the first one all
 */
export function waysWith(doubts: number, ways: readonly number[]): number[] {
  if (ways.includes(doubts)) return [];
  const all = ways[0]!;
  const others = new Set([doubts, all, ...ways.slice(1).map((takes) => takes | doubts)]);
  for (const known of [0, all | doubts, ...ways.slice(1)]) others.delete(known);
  return [...others];
}

/** @returns the fullest of the ways that take no more than `takes`; -1 = there is none */
export function fullestWithin(takes: number, ways: readonly number[]): number {
  let fullest = -1;
  for (const [i, one] of ways.entries()) {
    if (isTaken(one, takes) && (fullest < 0 || isTaken(ways[fullest]!, one))) fullest = i;
  }
  return fullest;
}
