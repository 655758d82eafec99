// A policy scanner's opinion of the modules (checkov). What it finds is mended, or waived where it stands, with the
// reason.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { folder } from '../command-line.ts';
import { absent } from '../installed.ts';
import { pythonVenv } from './python-venv.ts';

/**
 * Scanned together, in two steps: what nothing calls is judged by its defaults, a module that an example calls by what
 * the example says. (A start of the scanner costs as much as most folders.)
 */
const STEPS = [['modules', 'enis'], ['examples/vpc-mirror', 'examples/existing-vpc']];

interface Check {
  readonly check_id: string;
  readonly resource: string;
  /** From the folder that is scanned. */
  readonly file_path: string;
  readonly check_result: { readonly suppress_comment?: string };
}
interface Report {
  readonly results?: {
    readonly passed_checks: readonly Check[];
    readonly failed_checks: readonly Check[];
    readonly skipped_checks: readonly Check[];
  };
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
  const root = folder(t);
  for (const step of STEPS) {
    for (const one of step) cpSync(one, join(root, one), { recursive: true, filter: (path) => basename(path) !== '.terraform' });
    const run = spawnSync(scanner, ['-d', root, '--framework', 'terraform', '-o', 'json', '--skip-download'], { encoding: 'utf8', maxBuffer: 64e6 });
    const parsed: Report | readonly Report[] = JSON.parse(run.stdout);
    const results = [parsed].flat().flatMap((report) => report.results ?? []);
    assert.deepEqual(results.flatMap((one) => one.failed_checks).map((check) => `${check.file_path}: ${check.check_id} ${check.resource}`), []);
    const waived = results.flatMap((one) => one.skipped_checks);
    for (const check of waived) assert.match(check.check_result.suppress_comment ?? '', /\w+ \w+ \w+/, check.check_id);
    const judged = [...waived, ...results.flatMap((one) => one.passed_checks)];
    // enis/ makes nothing, so nothing is judged in it.
    for (const one of step.filter((name) => name !== 'enis')) {
      assert.ok(judged.some((check) => check.file_path.startsWith(`/${one}/`)), one);
    }
  }
});
