import type { z } from 'zod';

const KINDS: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'a block of keys',
  record: 'a block of keys',
  string: 'text',
};

/** What is wrong with a value, in our words where the schema has none of its own; undefined = the schema's are left. */
export function sentenceFor(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type': {
      const wanted = KINDS[issue.expected] ?? issue.expected;
      return issue.input === undefined ? `is missing: give ${wanted}.` : `must be ${wanted}, and is ${kindOf(issue.input)}.`;
    }
    case 'too_small':
      return `must be ${String(issue.minimum)} or more.`;
    case 'too_big':
      return `must be ${String(issue.maximum)} or less.`;
    default:
      return undefined;
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'object':
      return 'a block of keys';
    case 'string':
      return `the text ${JSON.stringify(value.slice(0, 40))}`;
    default:
      return String(value);
  }
}
