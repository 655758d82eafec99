import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';
import about from '../package.json' with { type: 'json' };
import { billOfMaterials } from './bill-of-materials.ts';
import { bundle } from './bundle.ts';
import { licences } from './licences.ts';
import { lockedPackage, npmPackage, type NpmPackage } from './npm-package.ts';
import type { TarEntry } from './tarball.ts';

export type Architecture = 'x64' | 'arm64';
export const ARCHITECTURES: readonly Architecture[] = ['x64', 'arm64'];
export const VERSION = about.version;

/** The Node that `--with-node` brings: npm's own copies of the released binaries. */
const NODE_VERSION = '24.20.0';
const NODE_INTEGRITY: Readonly<Record<Architecture, string>> = {
  x64: 'sha512-tkBwUleGts0UUnK+6HKJkEsOMFb9bkG/YvXw8/alFTaDSUbneVeAFVqu6ELHXuyvVYP4vo1hNAAEfN9zl0Cm3g==',
  arm64: 'sha512-LDOiQuLlruQpQRp0ddfGZurc1xqYSlX3dYk/3shzhQfCb8IgCPwtWf1RMQCGAWGFhZNbhihhSwGeNRHA+V2pTg==',
};

const EXECUTABLE = new Set(['install.sh', 'bin/rebuilder']);

/** Everything in a tarball, and what is told of it. */
export interface Contents {
  readonly files: readonly TarEntry[];
  /** CycloneDX, JSON. */
  readonly billOfMaterials: Uint8Array;
  readonly licences: Uint8Array;
}

/** What an instance installs. `withNode` = the processors that Node comes along for. */
export async function contents(entry: string, withNode: readonly Architecture[]): Promise<Contents> {
  const { files: modules, inputs, metafile } = await bundle(entry);
  const nodes = withNode.map((architecture) => ({ architecture, folder: npmPackage(nodePackage(architecture)) }));
  const natives = ARCHITECTURES.map((architecture) => {
    const name = `@koromix/koffi-linux-${architecture}`;
    return { architecture, name, folder: npmPackage(lockedPackage(name)) };
  });
  const beside = ['node_modules/koffi', ...natives.map(({ folder }) => folder), ...nodes.map(({ folder }) => folder)];
  const bill = billOfMaterials(metafile, beside);
  const texts = Buffer.from(licences(inputs, beside));
  const found: TarEntry[] = [
    ...modules.map(({ name, data }) => ({ path: `app/${name}`, data })),
    { path: 'app/package.json', data: Buffer.from('{ "type": "module" }\n') },
    ...files('package/files', '**/*', '').map((file) => ({ ...file, executable: EXECUTABLE.has(file.path) })),
    ...files('node_modules/koffi', '{package.json,*.js,*.cjs,src/koffi/**/*.{js,cjs}}', 'app/node_modules/koffi', ['cnoke.cjs', 'doc', 'vendor']),
    ...natives.flatMap(({ architecture, name, folder }) => (
      files(folder, `{package.json,index.js,linux_${architecture}/koffi.node}`, `app/node_modules/${name}`))),
    ...nodes.map(({ architecture, folder }) => (
      { path: `node/${machineOf(architecture)}/node`, data: readFileSync(join(folder, 'bin/node')), executable: true })),
    { path: 'LICENSES.txt', data: texts },
    { path: 'sbom.cdx.json', data: bill },
    { path: 'VERSION', data: Buffer.from(`${VERSION}\n`) },
  ];
  return { files: found.map((file) => ({ ...file, path: `vpc-mirror/${file.path}` })), billOfMaterials: bill, licences: texts };
}

const nodePackage = (architecture: Architecture): NpmPackage => (
  { name: `node-linux-${architecture}`, version: NODE_VERSION, integrity: NODE_INTEGRITY[architecture] });

/** As `uname -m` calls it. */
const machineOf = (architecture: Architecture): string => architecture === 'x64' ? 'x86_64' : 'aarch64';

function files(folder: string, pattern: string, under: string, ignore: string[] = []): TarEntry[] {
  const names = globSync(pattern, { cwd: folder, ignore, dot: false });
  if (names.length === 0) throw new Error(`${folder} has no ${pattern}: run npm ci`);
  return names.map((name) => ({ path: under === '' ? name : `${under}/${name}`, data: readFileSync(join(folder, name)) }));
}
