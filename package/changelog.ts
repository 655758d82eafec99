// `tsx package/changelog.ts release` dates what is unreleased, as part of `npm version`; `… notes` prints the entries
// of this version.
import { readFileSync, writeFileSync } from 'node:fs';
import about from '../package.json' with { type: 'json' };

const FILE = 'CHANGELOG.md';
const UNRELEASED = '## [Unreleased]';

/**
 * What was unreleased becomes a version of that day. Throws when there is nothing to release, or the version is there
 * already.
 */
export function released(changelog: string, version: string, day: string): string {
  if (changelog.includes(`\n## [${version}]`)) throw new Error(`${FILE} has ${version} already`);
  if (section(changelog, UNRELEASED) === '') throw new Error(`${FILE} has nothing under ${UNRELEASED}`);
  return changelog.replace(`\n${UNRELEASED}\n`, `\n${UNRELEASED}\n\n## [${version}] - ${day}\n`);
}

/** The entries of a version. Throws when it is not there. */
export function notesOf(changelog: string, version: string): string {
  const notes = section(changelog, `## [${version}]`);
  if (notes === '') throw new Error(`${FILE} has nothing about ${version}`);
  return notes;
}

/** The text under a heading, up to the next of its level; empty = none. */
function section(changelog: string, heading: string): string {
  const lines = changelog.split('\n');
  const start = lines.findIndex((line) => line === heading || line.startsWith(`${heading} - `));
  if (start < 0) return '';
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.startsWith('## '));
  return (end < 0 ? rest : rest.slice(0, end)).join('\n').trim();
}

switch (process.argv[2]) {
  case 'release':
    writeFileSync(FILE, released(readFileSync(FILE, 'utf8'), about.version, new Date().toISOString().slice(0, 10)));
    break;
  case 'notes':
    console.log(notesOf(readFileSync(FILE, 'utf8'), about.version));
}
