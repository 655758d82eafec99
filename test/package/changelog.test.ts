import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { notesOf, released } from '../../package/changelog.ts';

const before = `# Changelog

## [Unreleased]

### Added
- a thing

## [0.1.0] - 2026-01-02

### Added
- everything
`;

test('a release gives what is unreleased its number and day, and leaves the rest', () => {
  const after = released(before, '0.2.0', '2026-11-26');
  assert.equal(after, before.replace('## [Unreleased]\n', '## [Unreleased]\n\n## [0.2.0] - 2026-11-26\n'));
  assert.equal(notesOf(after, '0.2.0'), '### Added\n- a thing');
  assert.equal(notesOf(after, '0.1.0'), '### Added\n- everything');
});

test('a version that is there, that has nothing, or that is not there, is refused', () => {
  assert.throws(() => released(before, '0.1.0', '2026-11-26'), /has 0\.1\.0 already/);
  assert.throws(() => released(released(before, '0.2.0', '2026-11-26'), '0.3.0', '2026-11-27'), /nothing under/);
  assert.throws(() => notesOf(before, '0.2.0'), /nothing about 0\.2\.0/);
  assert.throws(() => notesOf(before, '0.1'), /nothing about 0\.1/);
});

test('the project\'s own changelog has the form that a release needs', () => {
  assert.match(released(readFileSync('CHANGELOG.md', 'utf8'), '999.0.0', '2026-11-26'), /^## \[Unreleased\]\n\n## \[999\.0\.0\] - 2026-11-26\n\n### /m);
});
