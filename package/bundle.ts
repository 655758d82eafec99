import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

/** Not in the bundle: koffi finds its native part next to its own files. */
const EXTERNAL = ['koffi'];

const FILE_URL = /new URL\(\s*'(\.[^']+)'\s*,\s*import\.meta\.url\s*\)/g;

/** A few ES modules that Node runs as they are. */
interface Bundle {
  /** Files of one folder; the entry has the name of its source. */
  readonly files: readonly { readonly name: string; readonly data: Uint8Array }[];
  /** What went in, sources and files of packages: paths relative to the working directory. */
  readonly inputs: readonly string[];
  /** The same as esbuild tells it, with who imports what. */
  readonly metafile: Metafile;
}

interface BundleOptions {
  /** Where the files will lie, for the paths in their source maps; undefined = without source maps. */
  readonly sourceMapsFor?: string;
}

/** Makes one bundle of a source and all that it imports. Rejects with esbuild's words when a source is broken. */
export async function bundle(entry: string, { sourceMapsFor }: BundleOptions = {}): Promise<Bundle> {
  // Files that are named by URL, such as the code of a worker thread, are entries of their own; found until no new one
  // turns up.
  const scripts = new Set([resolve(entry)]);
  const assets = new Set<string>();
  for (;;) {
    const known = scripts.size;
    const result = await build({
      entryPoints: [...scripts],
      outdir: sourceMapsFor ?? 'app',
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
      sourcemap: sourceMapsFor === undefined ? false : 'linked',
      sourcesContent: false,
      legalComments: 'none',
      logLevel: 'error',
      // Packages in the older module form ask for Node's own modules by require().
      banner: { js: 'import { createRequire as requireOf } from \'node:module\'; const require = requireOf(import.meta.url);' },
      plugins: [filesByUrl(scripts, assets)],
    });
    if (scripts.size > known) continue;
    return {
      files: [
        ...result.outputFiles.map(({ path, contents }) => ({ name: basename(path), data: contents })),
        ...[...assets].map((path) => ({ name: basename(path), data: readFileSync(path) })),
      ],
      inputs: [...Object.keys(result.metafile.inputs), ...[...assets].map((path) => relative('.', path))],
      metafile: result.metafile,
    };
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
