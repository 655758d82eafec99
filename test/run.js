// `npm test [part of a path]…`: every test file (or those whose path contains one of the arguments) under node's own runner.
import { spawnSync } from 'node:child_process';
import { globSync } from 'tinyglobby';

const parts = process.argv.slice(2);
const files = globSync('test/**/*.test.ts').sort()
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)));
if (files.length === 0) {
  console.error(`no test file matches ${parts.join(' ')}`);
  process.exit(2);
}
// The tests start the commands hundreds of times: from the bundle of these very sources, as `npm ci` makes it.
const prepared = spawnSync(process.execPath, ['--import', 'tsx', 'package/prepare.ts'], { stdio: 'inherit' });
if (prepared.status !== 0) process.exit(1);
// A test that waits for what never comes fails, and does not hold up the others for ever: the longest file takes some minutes.
const run = spawnSync(process.execPath, [
  '--import', 'tsx', '--test', '--test-concurrency=2', '--test-timeout=900000',
  // On a terminal node's own reporter ends with what failed; in a log of thousands of lines ours does, behind where the time went.
  ...process.stdout.isTTY ? [] : ['tap', './test/closing-reporter.js'].flatMap((reporter) => [
    `--test-reporter=${reporter}`, '--test-reporter-destination=stdout',
  ]),
  ...files,
], { stdio: 'inherit' });
process.exit(run.status ?? 1);
