import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typescriptType } from '../../cdktf/hcl-type.ts';

const CASES: readonly (readonly [constraint: string, type: string])[] = [
  ['string', 'string'],
  ['bool', 'boolean | IResolvable'],
  ['any', 'unknown'],
  ['list(string)', 'readonly string[]'],
  ['set(number)', 'readonly number[]'],
  ['list(bool)', 'readonly (boolean | IResolvable)[]'],
  ['map(string)', 'Readonly<Record<string, string>> | IResolvable'],
  ['list(list(string))', 'readonly (readonly string[])[]'],
  ['object({ a = string, b = optional(number, 3) })', '{\n    readonly a: string;\n    readonly b?: number;\n  }'],
  ['map(object({\n a = optional(list(string), ["x", "y"])\n}))', 'Readonly<Record<string, {\n    readonly a?: readonly string[];\n  }>> | IResolvable'],
  ['object({ a = optional(object({ b = optional(string, ")") }), {}) })', '{\n    readonly a?: {\n      readonly b?: string;\n    };\n  }'],
];

for (const [constraint, type] of CASES) {
  test(constraint.replace(/\s+/g, ' '), () => assert.equal(typescriptType(constraint), type));
}

test('what is not known is an error, not a guess', () => {
  for (const wrong of ['tuple([string])', 'list(string', 'object({ a string })', 'string)', 'strings']) assert.throws(() => typescriptType(wrong), Error, wrong);
});
