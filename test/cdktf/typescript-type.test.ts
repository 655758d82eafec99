import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseType } from '../../cdktf/hcl-type.ts';
import { shapeOf, typescriptType } from '../../cdktf/typescript-type.ts';

const CASES: readonly (readonly [constraint: string, type: string, shape: string])[] = [
  ['string', 'string', '0'],
  ['bool', 'boolean | IResolvable', '0'],
  ['any', 'unknown', '0'],
  ['list(string)', 'readonly string[]', '0'],
  ['set(number)', 'readonly number[]', '0'],
  ['list(bool)', 'readonly (boolean | IResolvable)[]', '0'],
  ['map(string)', 'Readonly<Record<string, string>> | IResolvable', '0'],
  ['list(list(string))', 'readonly (readonly string[])[]', '0'],
  ['object({ a_b = string, b = optional(number, 3) })', '{\n    readonly aB: string;\n    readonly b?: number;\n  }', '{ a_b: 0, b: 0 }'],
  ['map(object({\n a = optional(list(string), ["x", "y"])\n}))', 'Readonly<Record<string, {\n    readonly a?: readonly string[];\n  }>> | IResolvable', '{ \'*\': { a: 0 } }'],
  ['object({ a = optional(list(object({ b = string }))) })', '{\n    readonly a?: readonly {\n      readonly b: string;\n    }[];\n  }', '{ a: [{ b: 0 }] }'],
];

for (const [constraint, type, shape] of CASES) {
  test(constraint.replace(/\s+/g, ' '), () => {
    assert.equal(typescriptType(parseType(constraint)), type);
    assert.equal(shapeOf(parseType(constraint)), shape);
  });
}

test('what a validation allows is a union, of the variable or of a field in it', () => {
  const unions = { mode: ['\'on\'', '\'off\''], days: ['1', '3'] };
  assert.equal(typescriptType(parseType('string'), unions, 'mode'), '\'on\' | \'off\'');
  assert.equal(typescriptType(parseType('map(object({ days = optional(number) }))'), unions, 'any'), 'Readonly<Record<string, {\n    readonly days?: 1 | 3;\n  }>> | IResolvable');
  assert.equal(typescriptType(parseType('list(string)'), unions, 'mode'), 'readonly (\'on\' | \'off\')[]');
});
