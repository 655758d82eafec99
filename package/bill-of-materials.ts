import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Metafile } from 'esbuild';

/**
 * The CycloneDX bill of materials (SBOM, JSON) of a bundle and of the packages that lie beside it: what is delivered,
 * not what this checkout installs to build and test it. Made and checked against its schema by CycloneDX' own
 * generator; the same input gives the same bytes.
 *
 * @param beside folders of packages that are delivered as they are, each with its package.json
 */
export function billOfMaterials(bundled: Metafile, beside: readonly string[]): Buffer {
  const work = mkdtempSync(join(tmpdir(), 'bill-of-materials-'));
  try {
    const metafile = join(work, 'metafile.json');
    const bill = join(work, 'bill.json');
    writeFileSync(metafile, JSON.stringify(withPackages(bundled, beside.map((folder) => relative('.', join(folder, 'package.json'))))));
    execFileSync('node_modules/.bin/cyclonedx-esbuild', ['--output-reproducible', '--validate', '--output-file', bill, metafile], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return readFileSync(bill);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** As if the entry imported a file of each package: that is how the generator learns of it. */
function withPackages({ inputs, outputs }: Metafile, files: readonly string[]): Metafile {
  for (const file of files) {
    if (!existsSync(file)) throw new Error(`${file} is not there: run npm ci`);
  }
  const main = Object.values(outputs).find(({ entryPoint }) => entryPoint !== undefined)?.entryPoint;
  const used = Object.fromEntries(files.map((file) => [file, { bytesInOutput: 1 }]));
  const imports = files.map((path) => ({ path, kind: 'import-statement' as const }));
  const withImports = Object.entries(inputs).map(([name, input]) => (
    [name, name === main ? { ...input, imports: [...input.imports, ...imports] } : input] as const));
  return {
    inputs: {
      ...Object.fromEntries(withImports),
      ...Object.fromEntries(files.map((file) => [file, { bytes: 1, imports: [] }])),
    },
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, output]) => [
      name, output.entryPoint === undefined ? output : { ...output, inputs: { ...output.inputs, ...used } },
    ])),
  };
}
