import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface NpmPackage { readonly name: string; readonly version: string; readonly integrity: string }

/**
 * The folder of a published npm package, as it is for another processor than this machine's. It is fetched with npm,
 * checked against its integrity and kept under node_modules/.cache. Throws with one sentence if it cannot be had.
 */
export function npmPackage({ name, version, integrity }: NpmPackage): string {
  const cache = resolve('node_modules/.cache/package');
  const folder = join(cache, `${name.replace('/', '-').replace('@', '')}-${version}`);
  if (existsSync(folder)) return folder;
  const work = `${folder}.${process.pid}`;
  mkdirSync(work, { recursive: true });
  try {
    const file = join(work, npmPack(`${name}@${version}`, work));
    const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
    if (found !== integrity) throw new Error(`${name}@${version} is not what it was: its integrity is ${found}, not ${integrity}`);
    execFileSync('tar', ['-xzf', file, '-C', work]);
    rmSync(file);
    if (!existsSync(folder)) renameSync(join(work, 'package'), folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}

function npmPack(spec: string, folder: string): string {
  try {
    const printed = execFileSync('npm', ['pack', spec, '--silent', '--pack-destination', folder], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return printed.trim().replace(/^[^]*\n/, '');
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim().split('\n').at(-1) : String(cause);
    throw new Error(`npm cannot fetch ${spec}: ${said}`, { cause });
  }
}

/** Version and integrity of a package that package-lock.json knows, installed on this machine or not. */
export function lockedPackage(name: string): NpmPackage {
  const lock: unknown = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const entry = property(property(lock, 'packages'), `node_modules/${name}`);
  const [version, integrity] = [property(entry, 'version'), property(entry, 'integrity')];
  if (typeof version !== 'string' || typeof integrity !== 'string') throw new Error(`package-lock.json does not know ${name}`);
  return { name, version, integrity };
}

const property = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined;
