import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from '../../rebuilder/config/nearest.ts';

const CASES: readonly (readonly [word: string, known: readonly string[], found: string | null])[] = [
  ['enabld', ['enabled', 'filter'], 'enabled'],
  ['Endpoint', ['endpoint', 'raw_endpoint'], 'endpoint'],
  ['snaplen', ['snap_len'], 'snap_len'],
  ['colour', ['endpoint', 'filter'], null],
  ['x', [], null],
];

for (const [word, known, found] of CASES) {
  test(`'${word}' ${found === null ? 'is near nothing' : `is near '${found}'`}`, () => {
    assert.equal(nearest(word, known), found === null ? null : `did you mean '${found}'?`);
  });
}
