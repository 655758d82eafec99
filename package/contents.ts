import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';
import { bundle } from './bundle.ts';
import { licences } from './licences.ts';
import { lockedPackage, npmPackage, type NpmPackage } from './npm-package.ts';
import type { TarEntry } from './tarball.ts';

export type Architecture = 'x64' | 'arm64';
export const ARCHITECTURES: readonly Architecture[] = ['x64', 'arm64'];

/** The Node that `--with-node` brings: npm's own copies of the released binaries. */
const NODE_VERSION = '24.20.0';
const NODE_INTEGRITY: Readonly<Record<Architecture, string>> = {
  x64: 'sha512-tkBwUleGts0UUnK+6HKJkEsOMFb9bkG/YvXw8/alFTaDSUbneVeAFVqu6ELHXuyvVYP4vo1hNAAEfN9zl0Cm3g==',
  arm64: 'sha512-LDOiQuLlruQpQRp0ddfGZurc1xqYSlX3dYk/3shzhQfCb8IgCPwtWf1RMQCGAWGFhZNbhihhSwGeNRHA+V2pTg==',
};

const EXECUTABLE = new Set(['install.sh', 'rebuilder']);

/** Everything in the tarball. `withNode` = the processors that Node comes along for. */
export async function contents(entry: string, withNode: readonly Architecture[]): Promise<TarEntry[]> {
  const { files: modules, inputs } = await bundle(entry);
  const found = [
    ...modules.map(({ name, data }) => ({ path: `app/${name}`, data })),
    { path: 'app/package.json', data: Buffer.from('{ "type": "module" }\n') },
    { path: 'LICENSES.txt', data: Buffer.from(licences(inputs)) },
    ...files('package/files', '**/*', '').map((file) => ({ ...file, executable: EXECUTABLE.has(file.path) })),
    ...files('node_modules/koffi', '{package.json,*.js,*.cjs,src/koffi/**/*.{js,cjs}}', 'app/node_modules/koffi', ['cnoke.cjs', 'doc', 'vendor']),
    ...ARCHITECTURES.flatMap((architecture) => {
      const name = `@koromix/koffi-linux-${architecture}`;
      return files(npmPackage(lockedPackage(name)), `{package.json,index.js,linux_${architecture}/koffi.node}`, `app/node_modules/${name}`);
    }),
    ...withNode.map((architecture) => node(architecture)),
    { path: 'VERSION', data: Buffer.from(`${version()}\n`) },
  ];
  return found.map((file) => ({ ...file, path: `vpc-mirror/${file.path}` }));
}

function node(architecture: Architecture): TarEntry {
  const wanted: NpmPackage = { name: `node-linux-${architecture}`, version: NODE_VERSION, integrity: NODE_INTEGRITY[architecture] };
  return { path: `node/${architecture === 'x64' ? 'x86_64' : 'aarch64'}/node`, data: readFileSync(join(npmPackage(wanted), 'bin/node')), executable: true };
}

function files(folder: string, pattern: string, under: string, ignore: string[] = []): TarEntry[] {
  const names = globSync(pattern, { cwd: folder, ignore, dot: false });
  if (names.length === 0) throw new Error(`${folder} has no ${pattern}: run npm ci`);
  return names.map((name) => ({ path: under === '' ? name : `${under}/${name}`, data: readFileSync(join(folder, name)) }));
}

function version(): string {
  return /"version":\s*"([^"]+)"/.exec(readFileSync('package.json', 'utf8'))![1]!;
}
