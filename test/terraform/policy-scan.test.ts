// A policy scanner's opinion of the modules (checkov). What it finds is mended, or waived where it stands, with the reason.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test, type TestContext } from 'node:test';
import { absent, installed } from '../installed.ts';

const FOLDERS = ['modules/vpc-mirror-rebuild', 'modules/vpc-mirror-sessions', 'modules/wallarm-nodes', 'enis', 'examples/vpc-mirror', 'examples/existing-vpc'];
const VENV = resolve('node_modules/.cache/checkov-venv');

interface Check { readonly check_id: string; readonly resource: string; readonly check_result: { readonly suppress_comment?: string } }
interface Report { readonly results?: { readonly failed_checks: readonly Check[]; readonly skipped_checks: readonly Check[] } }

/** The scanner: the user's own, or where CI is set one that is installed now (it is large). */
function checkov(t: TestContext): string | undefined {
  if (spawnSync('checkov', ['--version'], { stdio: 'ignore' }).status === 0) return 'checkov';
  const own = join(VENV, 'bin/checkov');
  if (existsSync(own)) return own;
  if (!process.env['CI']) {
    absent(t, 'checkov is not installed: pip install checkov');
    return undefined;
  }
  if (!installed(t, 'python3')) return undefined;
  execFileSync('python3', ['-m', 'venv', '--clear', VENV]);
  execFileSync(join(VENV, 'bin/python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'checkov==3.3.30']);
  return own;
}

test('a policy scan finds nothing that is not waived with a reason', (t) => {
  const scanner = checkov(t);
  if (scanner === undefined) return;
  for (const folder of FOLDERS) {
    const run = spawnSync(scanner, ['-d', folder, '--framework', 'terraform', '-o', 'json', '--skip-download'], { encoding: 'utf8', maxBuffer: 64e6 });
    const parsed: Report | readonly Report[] = JSON.parse(run.stdout);
    for (const { results } of [parsed].flat()) {
      assert.deepEqual(results?.failed_checks.map((check) => `${folder}: ${check.check_id} ${check.resource}`) ?? [], []);
      for (const check of results?.skipped_checks ?? []) assert.match(check.check_result.suppress_comment ?? '', /\w+ \w+ \w+/, check.check_id);
    }
  }
});
