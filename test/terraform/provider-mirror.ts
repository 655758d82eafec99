// Where `terraform init` finds the AWS provider: a filesystem mirror on this machine if there is one, else the
// registry.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Everything the tests of Terraform keep between runs: not part of the checkout, safe to delete. */
const CACHE = resolve('node_modules/.cache/terraform');

/**
 * A folder that holds registry.terraform.io/hashicorp/aws as a filesystem mirror, or undefined. Set TF_PROVIDER_MIRROR
 * to name one.
 */
export function providerMirror(): string | undefined {
  const named = process.env['TF_PROVIDER_MIRROR'];
  if (named !== undefined) return named;
  const note = join(CACHE, 'mirror.txt');
  if (existsSync(note)) {
    const kept = readFileSync(note, 'utf8');
    if (holdsAws(kept)) return kept;
  }
  // Initialised working directories (.terraform) and plugin caches have the same layout, but they come and go.
  const found = spawnSync('find', ['/', '-xdev', '(', '-name', '.terraform', '-o', '-name', 'node_modules', '-o', '-path', '/proc', ')', '-prune',
    '-o', '-type', 'd', '-name', 'registry.terraform.io', '-print'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const mirror = found.stdout.split('\n').filter((line) => line !== '').map((line) => dirname(line)).find(holdsAws);
  if (mirror !== undefined) {
    mkdirSync(CACHE, { recursive: true });
    writeFileSync(note, mirror);
  }
  return mirror;
}

const holdsAws = (folder: string): boolean => existsSync(join(folder, 'registry.terraform.io', 'hashicorp', 'aws'));

/**
 * A CLI configuration that never looks at the user's own: providers from the mirror, or from the registry through a
 * cache.
 */
export function cliConfiguration(mirror: string | undefined): string {
  if (mirror !== undefined) {
    return `disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`;
  }
  const cache = join(CACHE, 'providers');
  mkdirSync(cache, { recursive: true });
  return `disable_checkpoint = true\nplugin_cache_dir = ${JSON.stringify(cache)}\nplugin_cache_may_break_dependency_lock_file = true\n`;
}
