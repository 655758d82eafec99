import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';
import type { TarEntry } from './tarball.ts';

/** Not in the bundle: koffi finds its native part next to its own files; cap needs the libpcap of one distribution. */
const EXTERNAL = ['koffi', 'cap'];

const FILE_URL = /new URL\(\s*'(\.[^']+)'\s*,\s*import\.meta\.url\s*\)/g;

/** The sources and what they import as a few ES modules that Node runs as they are, and the licences of what is in them. */
export async function bundle(entry: string): Promise<TarEntry[]> {
  // Files that are named by URL, such as the code of a worker thread, are entries of their own; found until no new one turns up.
  const scripts = new Set([resolve(entry)]);
  const assets = new Set<string>();
  for (;;) {
    const known = scripts.size;
    const result = await build({
      entryPoints: [...scripts],
      outdir: 'app',
      entryNames: '[name]',
      chunkNames: 'chunk-[hash]',
      bundle: true,
      splitting: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      external: EXTERNAL,
      legalComments: 'none',
      logLevel: 'error',
      // Packages in the older module form ask for Node's own modules by require().
      banner: { js: 'import { createRequire as requireOf } from \'node:module\'; const require = requireOf(import.meta.url);' },
      plugins: [filesByUrl(scripts, assets)],
    });
    if (scripts.size > known) continue;
    return [
      ...result.outputFiles.map(({ path, contents }) => ({ path: `app/${basename(path)}`, data: contents })),
      ...[...assets].map((path) => ({ path: `app/${basename(path)}`, data: readFileSync(path) })),
      { path: 'app/package.json', data: Buffer.from('{ "type": "module" }\n') },
      { path: 'LICENSES.txt', data: Buffer.from(licences(Object.keys(result.metafile.inputs))) },
    ];
  }
}

/** Makes `new URL('./worker.ts', import.meta.url)` name the built file, which lies beside all others. */
function filesByUrl(scripts: Set<string>, assets: Set<string>): Plugin {
  return {
    name: 'files-by-url',
    setup(building) {
      building.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const contents = readFileSync(path, 'utf8').replace(FILE_URL, (_whole, name: string) => {
          const file = resolve(dirname(path), name);
          if (!existsSync(file)) throw new Error(`${relative('.', path)} names ${name}, which does not exist`);
          (file.endsWith('.ts') ? scripts : assets).add(file);
          return `new URL('./${basename(file).replace(/\.ts$/, '.js')}', import.meta.url)`;
        });
        return { contents, loader: 'ts' };
      });
    },
  };
}

function licences(inputs: readonly string[]): string {
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
