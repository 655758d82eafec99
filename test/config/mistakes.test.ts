import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMistakes } from '../../rebuilder/config/mistakes.ts';

test('mistakes are listed with line and path', () => {
  assert.equal(formatMistakes('a.yaml', [{ path: 'log.level', line: 3, sentence: 'is loud' }, { path: '', sentence: 'is short' }]),
    'a.yaml: 2 mistakes\n- line 3: log.level: is loud\n- is short');
});

test('the same mistake is said once', () => {
  const one = { path: '', line: 3, sentence: 'misses a bracket' };
  assert.equal(formatMistakes('a.yaml', [one, { ...one }]), 'a.yaml: 1 mistake\n- line 3: misses a bracket');
});

test('mistakes are broken at 80 columns, a long word only at its own end', () => {
  const text = formatMistakes('a.yaml', [{ path: 'x', sentence: `${'word '.repeat(40)}${'x'.repeat(100)}` }]);
  const long = text.split('\n').filter((line) => line.length > 80);
  assert.deepEqual(long, [`  ${'x'.repeat(100)}`]);
});
