// `npm ci` and `npm test` run this: bundles of the checkout's programs, so that they start at once (checkout-program.js
// says when they are used).
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundle } from './bundle.ts';
import { bundleFolder, fingerprint, isPrepared } from './checkout-program.js';

/** What decides about a bundle without being in it. */
const MAKERS = ['package/bundle.ts', 'package/prepare.ts', 'tsconfig.json'];

const checkout = pathToFileURL(`${process.cwd()}/`);
for (const program of programs()) {
  if (!isPrepared(checkout, program)) await prepare(program);
}

/** The folders of the commands that package.json names. */
function programs(): string[] {
  const { bin }: { bin: Record<string, string> } = JSON.parse(readFileSync('package.json', 'utf8'));
  return [...new Set(Object.values(bin).map((file) => dirname(file)))];
}

async function prepare(program: string): Promise<void> {
  const folder = bundleFolder(program);
  const { files, inputs } = await bundle(`${program}/main.ts`, { sourceMapsFor: folder });
  const all = [...inputs, ...MAKERS];
  const madeOf = JSON.stringify({ sha256: fingerprint(checkout, all), inputs: all });
  // Last what makes it count. Each file is whole at any time: somebody may start the program now.
  mkdirSync(folder, { recursive: true });
  rmSync(join(folder, 'made-of.json'), { force: true });
  const written = [...files, { name: 'made-of.json', data: madeOf }];
  for (const { name, data } of written) {
    const file = join(folder, name);
    writeFileSync(`${file}.${process.pid}`, data);
    renameSync(`${file}.${process.pid}`, file);
  }
  // Chunks have their content's hash for a name: those of the bundle before are left over.
  for (const left of readdirSync(folder)) {
    if (left.startsWith('chunk-') && !written.some(({ name }) => left.startsWith(name))) rmSync(join(folder, left), { force: true });
  }
}
