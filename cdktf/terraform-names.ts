export const camelCase = (name: string): string => name.replace(/_([a-z0-9])/g, (_whole, letter: string) => letter.toUpperCase());

export const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * Where a value has names of Terraform's in it: `[shape]` is a list, `{ '*': shape }` a map with keys of the user's
 * own, 0 nothing.
 */
export type Shape = 0 | readonly [Shape] | { readonly [name: string]: Shape };

/**
 * A value with Terraform's names in place of camelCase ones. What is known after the apply only passes as it is; a name
 * that Terraform does not have, which it would drop without a word, is an error.
 */
export function terraformNames(value: unknown, shape: Shape, path: string): unknown {
  if (shape === 0 || typeof value !== 'object' || value === null || isResolvable(value)) return value;
  if (isList(shape)) return Array.isArray(value) ? value.map((entry, index) => terraformNames(entry, shape[0], `${path}[${index}]`)) : value;
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  const each = shape['*'];
  if (each !== undefined) return Object.fromEntries(entries.map(([key, entry]) => [key, terraformNames(entry, each, `${path}.${key}`)]));
  return Object.fromEntries(entries.map(([name, entry]) => {
    const inner = shape[snakeCase(name)];
    if (inner === undefined) throw new Error(`${path} has no ${name}: there are ${Object.keys(shape).map(camelCase).join(', ')}`);
    return [snakeCase(name), terraformNames(entry, inner, `${path}.${name}`)];
  }));
}

const isResolvable = (value: object): boolean => 'resolve' in value && typeof value.resolve === 'function';

const isList = (shape: Shape): shape is readonly [Shape] => Array.isArray(shape);
