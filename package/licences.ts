import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The licences of all that is delivered, as one text.
 * @param inputs files of a bundle
 * @param beside folders of packages that lie beside it
 */
export function licences(inputs: readonly string[], beside: readonly string[]): string {
  const folders = new Set([...beside, ...inputs.flatMap((input) => /^(?:.*node_modules\/)(?:@[^/]+\/)?[^/]+/.exec(input) ?? [])]);
  return [...folders].sort().map((folder) => {
    const file = ['LICENSE', 'LICENSE.txt', 'LICENSE.md', 'LICENCE', 'license'].map((name) => join(folder, name)).find((name) => existsSync(name));
    const text = file === undefined ? `no licence file; package.json says ${declared(folder)}` : readFileSync(file, 'utf8').trim();
    return `==== ${nameOf(folder)}\n\n${text}\n`;
  }).join('\n');
}

const nameOf = (folder: string): string => inPackageJson(folder, 'name') ?? folder;

const declared = (folder: string): string => inPackageJson(folder, 'license') ?? 'nothing';

function inPackageJson(folder: string, key: string): string | undefined {
  const about: Partial<Record<string, unknown>> = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const value = about[key];
  return typeof value === 'string' ? value : undefined;
}
