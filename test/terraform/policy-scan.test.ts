// A policy scanner's opinion of the modules (checkov). What it finds is mended, or waived where it stands, with the
// reason.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { absent } from '../installed.ts';
import { pythonVenv } from './python-venv.ts';

const FOLDERS = ['modules/vpc-mirror-rebuild', 'modules/vpc-mirror-sessions', 'modules/wallarm-nodes', 'enis', 'examples/vpc-mirror', 'examples/existing-vpc'];

interface Check {
  readonly check_id: string;
  readonly resource: string;
  readonly check_result: { readonly suppress_comment?: string };
}
interface Report {
  readonly results?: { readonly failed_checks: readonly Check[]; readonly skipped_checks: readonly Check[] };
}

/** The scanner: the user's own, or where CI is set one that is installed for the test (it is large). */
async function checkov(t: TestContext): Promise<string | undefined> {
  if (spawnSync('checkov', ['--version'], { stdio: 'ignore' }).status === 0) return 'checkov';
  if (process.env['CI']) {
    const programs = await pythonVenv(t, 'checkov', 'checkov==3.3.30');
    return programs === undefined ? undefined : join(programs, 'checkov');
  }
  absent(t, 'checkov is not installed: pip install checkov');
  return undefined;
}

test('a policy scan finds nothing that is not waived with a reason', async (t) => {
  const scanner = await checkov(t);
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
