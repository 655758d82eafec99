import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The licences of the packages that files of a bundle come from, and of koffi, which lies beside it: one text. */
export function licences(inputs: readonly string[]): string {
  const folders = new Set(['node_modules/koffi', ...inputs.flatMap((input) => /^(?:.*node_modules\/)(?:@[^/]+\/)?[^/]+/.exec(input) ?? [])]);
  return [...folders].sort().map((folder) => {
    const file = ['LICENSE', 'LICENSE.txt', 'LICENSE.md', 'LICENCE', 'license'].map((name) => join(folder, name)).find((name) => existsSync(name));
    const text = file === undefined ? `no licence file; package.json says ${declared(folder)}` : readFileSync(file, 'utf8').trim();
    return `==== ${folder.replace(/^.*node_modules\//, '')}\n\n${text}\n`;
  }).join('\n');
}

function declared(folder: string): string {
  return /"license":\s*"([^"]+)"/.exec(readFileSync(join(folder, 'package.json'), 'utf8'))?.[1] ?? 'nothing';
}
