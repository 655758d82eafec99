/** AWS takes 200 values in a filter. */
const FILTER_VALUES = 200;

/** Calls with at most 200 of the different values at a time, and joins the answers. No value, no call. */
export async function inChunks<T>(
  values: readonly string[],
  call: (chunk: string[]) => Promise<readonly T[]>,
  size = FILTER_VALUES,
): Promise<T[]> {
  const distinct = [...new Set(values)].sort();
  const found: T[] = [];
  for (let at = 0; at < distinct.length; at += size) found.push(...(await call(distinct.slice(at, at + size))));
  return found;
}

/**
 * Runs the work with at most `limit` under way, in the order of the items. A failure of one does not stop the others:
 * the work answers for its own.
 */
export async function sideBySide<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  // All lanes draw from the same iterator: whoever is free takes the next.
  const rest = items.values();
  const lane = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
}
