/**
 * A mistake of the caller's (flags, description, AWS rights), in one sentence: what, where, how to fix it. Exit code 2.
 */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}
