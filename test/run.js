// `npm test [part of a path]…`: every test file (or those whose path contains one of the arguments) under node's own
// runner.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { run } from 'node:test';
import { spec, tap } from 'node:test/reporters';
import { globSync } from 'tinyglobby';
import closing from './closing-reporter.js';

/**
 * Begun first, so that at the end no long file runs alone: most of their time they wait, for load balancers, for an
 * installation in a namespace, for clocks. That is also why more files run at a time than the smallest machine has
 * cores.
 */
const LONGEST = ['test/terraform/examples', 'test/terraform/sessions.', 'test/box/', 'test/terraform/', 'test/wallarm-node/', 'test/fleet/'];
const FILES_AT_A_TIME = 5;

/** @param {string} file */
function rank(file) {
  const at = LONGEST.findIndex((start) => file.startsWith(start));
  return at === -1 ? LONGEST.length : at;
}

const parts = process.argv.slice(2);
const files = globSync('test/**/*.test.ts').sort().sort((one, other) => rank(one) - rank(other))
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)));
if (files.length === 0) {
  console.error(`no test file matches ${parts.join(' ')}`);
  process.exit(2);
}
// The tests start the commands hundreds of times: from the bundle of these very sources, as `npm ci` makes it.
const prepared = spawnSync(process.execPath, ['--import', 'tsx', 'package/prepare.ts'], { stdio: 'inherit' });
if (prepared.status !== 0) process.exit(1);
// Emulated accounts are forks of one process for all files (test/terraform/account-nursery.ts).
const nursery = mkdtempSync(join(tmpdir(), 'nursery-'));
process.on('exit', () => rmSync(nursery, { recursive: true, force: true }));
Object.assign(process.env, { NURSERY_FOLDER: nursery, NURSERY_OWNER: process.pid });
// `node --test` would sort the files. A test that waits for what never comes fails, and does not hold up the others for
// ever.
const events = run({ files: files.map((file) => resolve(file)), concurrency: FILES_AT_A_TIME, timeout: 900_000 });
events.on('test:fail', () => { process.exitCode = 1; });
// On a terminal node's own reporter ends with what failed; in a log of thousands of lines ours does, behind where the
// time went.
if (process.stdout.isTTY) events.compose(new spec()).pipe(process.stdout);
else for (const reporter of [tap, closing]) events.compose(reporter).pipe(process.stdout);
