import type { Account } from '../aws/account.ts';
import type { Description } from '../description/description.ts';
import { examine, type Check, type Finding } from './check.ts';
import { readFacts } from './facts.ts';
import { NODE_CHECKS } from './node-checks.ts';
import { PATH_CHECKS } from './path-checks.ts';
import { SOURCE_CHECKS } from './source-checks.ts';

/** In the order of the way, from a mirrored interface to the nodes; docs/fleet.md lists them. */
export const CHECKS: readonly Check[] = [...SOURCE_CHECKS, ...PATH_CHECKS, ...NODE_CHECKS];

/** Looks at everything, changes nothing. */
export async function doctor(account: Account, description: Description): Promise<Finding[]> {
  return examine(await readFacts(account, description), CHECKS);
}
