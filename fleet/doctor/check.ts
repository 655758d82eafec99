import type { Facts } from './facts.ts';

/** What a check says of the facts: what was found; if that is not right also what was expected and how to fix it. */
export type Verdict =
  | { readonly state: 'ok'; readonly found: string }
  | { readonly state: 'failed'; readonly found: string; readonly expected: string; readonly mend: string }
  | { readonly state: 'skipped'; readonly found: string };

/** One hop of the way from a mirrored interface to the detection nodes; `F` is what it looks at. */
export interface Check<F = Facts> {
  /** `nlb.listener`: where, and what. */
  readonly name: string;
  /** Checks without whose success this one would only repeat their failure. */
  readonly needs?: readonly string[];
  readonly judge: (facts: F) => Verdict;
}

export const ok = (found: string): Verdict => ({ state: 'ok', found });
export const skipped = (found: string): Verdict => ({ state: 'skipped', found });
export const failed = (found: string, expected: string, mend: string): Verdict => ({
  state: 'failed',
  found,
  expected,
  mend,
});

/** Of what the description names and the account does not have. */
export const MEND_NAME =
  'is the description old, or misspelt? Take Terraform\'s output vpc_mirror again; if it says the same, apply the Terraform again';

/** A few of the names, and how many more: `a, b, c and 7 more`. */
export function some(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}

export type Finding = Verdict & { readonly check: string };

/** All checks in the order of the way. */
export function examine<F>(facts: F, checks: readonly Check<F>[]): Finding[] {
  const failures = new Set<string>();
  return checks.map(({ name, needs = [], judge }) => {
    const before = needs.find((one) => failures.has(one));
    const verdict = before === undefined ? judge(facts) : skipped(`not looked at, because ${before} failed`);
    if (verdict.state === 'failed' || before !== undefined) failures.add(name);
    return { check: name, ...verdict };
  });
}
