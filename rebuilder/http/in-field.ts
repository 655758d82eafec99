/**
 * A number as V8 keeps it in the field of an object itself, where it fits. What was computed, before it is compiled or
 * where it may be large, can be a number of its own; a field that once held one keeps one for each object, and every
 * read of it is another line of the cache.
 */
export function inField(value: number): number {
  const small = value | 0;
  return small === value ? small : value;
}
