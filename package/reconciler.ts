import assert from 'node:assert/strict';
import { build } from 'esbuild';
import { zipSync } from 'fflate';

/** Before it a zip knows no time. */
const EPOCH = new Date('1980-01-01T00:00:00');

/** The reconciler's bundle: one ES module that a Lambda function of Node 22 or later runs as it is, the SDK in it. */
async function reconcilerModule(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: ['fleet/reconcile/handler.ts'],
    bundle: true,
    write: false,
    minify: true,
    keepNames: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    legalComments: 'none',
    logLevel: 'error',
    // Packages in the older module form ask for Node's own modules by require().
    banner: { js: 'import { createRequire as requireOf } from \'node:module\'; const require = requireOf(import.meta.url);' },
  });
  const [module] = outputFiles;
  assert(module !== undefined, 'esbuild made nothing');
  return module.contents;
}

/** The same sources give the same bytes. */
export const reconcilerZip = async (): Promise<Uint8Array> => zipSync({ 'index.mjs': [await reconcilerModule(), { mtime: EPOCH, os: 3, attrs: 0o644 << 16 }] });
