import type { Irregularity } from '../http/irregular.ts';
import type { Request } from '../http/message.ts';

const ODD: ReadonlySet<string> = new Set<Irregularity>([
  'bare_lf', 'bare_cr', 'obs_fold', 'space_before_colon', 'malformed_header', 'control_in_header',
  'leading_whitespace_header', 'control_in_target', 'raw_space_in_target',
]);

/**
 * May a server find other lines in this head, or end its target elsewhere? One to which a bare CR ends a line finds a
 * Host in another line's value, one that passes over folds half of it. No rule that leaves requests out applies here.
 */
export function hasOddLines({ irregular }: Request): boolean {
  return irregular !== null && irregular.some((name) => ODD.has(name));
}
