import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseType } from '../../cdktf/hcl-type.ts';

test('a default is no part of the type, whatever is in it', () => {
  const type = { kind: 'object', fields: [{ name: 'b', optional: true, type: { kind: 'string' } }] };
  for (const wanted of ['")"', '"{"', 'null', '["x", { y = 1 }]']) assert.deepEqual(parseType(`object({ b = optional(string, ${wanted}) })`), type, wanted);
});

test('what is not known is an error, not a guess', () => {
  for (const wrong of ['tuple([string])', 'list(string', 'object({ a string })', 'string)', 'strings']) assert.throws(() => parseType(wrong), Error, wrong);
});
