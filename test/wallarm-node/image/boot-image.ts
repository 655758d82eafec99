// Boots an image with user data, in namespaces of its own, from a test.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { absent, installed } from '../../installed.ts';
import { scratch } from '../../http-mirror/program.ts';
import { pythonVenv } from '../../terraform/python-venv.ts';
import type { Seen, Settings } from './boot.ts';

export type Boot = Partial<Settings> & Pick<Settings, 'script' | 'files' | 'health'>;

export const TOKEN = 'abc/DEF+123=';

/**
 * What is seen; undefined if something is missing: then the test has been skipped with a sentence, or fails where CI is
 * set.
 */
export async function bootImage(t: TestContext, boot: Boot): Promise<Seen | undefined> {
  if (!installed(t, 'unshare', 'mount', 'chroot', 'ip', 'nginx', 'python3', 'openssl', 'curl', 'setpriv')) return undefined;
  if (process.getuid?.() !== 0 || spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', 'true']).status !== 0) {
    absent(t, 'namespaces need root: run this test as root');
    return undefined;
  }
  const [moto, cli] = [await pythonVenv(t, 'moto', 'moto[server]==5.2.5'), await pythonVenv(t, 'awscli', 'awscli==1.42.0')];
  if (moto === undefined || cli === undefined) return undefined;
  const folder = scratch(t);
  const settings: Settings = {
    secrets: { 'wallarm/api-token': TOKEN }, python: join(moto, 'python'), aws: join(cli, 'aws'), copies: [], ...boot,
    texts: {
      '/usr/local/bin/aws': `#!/bin/sh\nexec '${join(cli, 'aws')}' "$@"\n`,
      // A retry waits for AWS, which is not what this is about.
      '/usr/local/bin/sleep': '#!/bin/sh\ncase "$1" in 0.*) exec /bin/sleep "$1" ;; esac\n', ...boot.texts,
    },
  };
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
  const run = spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', '--kill-child', 'sh', 'test/wallarm-node/image/root.sh', mkdtempSync(join(folder, 'image-')),
    process.execPath, '--import', 'tsx', 'test/wallarm-node/image/boot.ts', join(folder, 'settings.json')], { encoding: 'utf8', timeout: 240_000, killSignal: 'SIGKILL' });
  assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
  const seen: Seen = JSON.parse(run.stdout.trim().split('\n').at(-1)!);
  return seen;
}
