// `npm run package [-- --with-node | --release]`: the service as tarballs that a machine installs without building or
// fetching anything.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ARCHITECTURES, VERSION, contents, type Architecture, type Contents } from './contents.ts';
import { reconcilerZip } from './reconciler.ts';
import { tarball } from './tarball.ts';

const USAGE = `Usage: npm run package -- [--with-node] [--node-for x64|arm64]… [--output FILE]
       npm run package -- --release [--output FOLDER]

Writes dist/vpc-mirror.tar.gz, its SHA-256 and its bill of materials (CycloneDX), and the reconciler for Lambda,
dist/vpc-mirror-reconciler.zip. Instances then use Node from their distribution (nodejs24 on
Amazon Linux 2023).
  --with-node       bring Node along, for x64 and arm64: dist/vpc-mirror-with-node.tar.gz
  --node-for ARCH   bring Node along for this processor only
  --release         what a release consists of, in dist/release: tarballs without Node and with that of each processor, SHA256SUMS, bills of
                    materials, licences
  --output PATH     another place`;

class UsageError extends Error {}

interface Options {
  readonly release: boolean;
  readonly withNode: readonly Architecture[];
  readonly output: string;
  readonly entry: string;
}

function options(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'with-node': { type: 'boolean', default: false },
      'node-for': { type: 'string', multiple: true, default: [] },
      'release': { type: 'boolean', default: false },
      'output': { type: 'string' },
      'entry': { type: 'string', default: 'package/entry.ts' },
      'help': { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const chosen = values['node-for'].map((name) => {
    const known = ARCHITECTURES.find((architecture) => architecture === name);
    if (known === undefined) throw new UsageError(`--node-for ${name}: must be ${ARCHITECTURES.join(' or ')}.`);
    return known;
  });
  const withNode = chosen.length > 0 ? chosen : values['with-node'] ? ARCHITECTURES : [];
  if (values.release && withNode.length > 0) throw new UsageError('--release brings Node along in tarballs of their own: leave --with-node and --node-for out.');
  const output = values.release ? 'dist/release' : `dist/vpc-mirror${withNode.length > 0 ? '-with-node' : ''}.tar.gz`;
  return { release: values.release, withNode, entry: values.entry, output: values.output ?? output };
}

/** Writes a file and says so. @returns its line of a list of checksums */
function write(file: string, data: Uint8Array): string {
  const sha256 = createHash('sha256').update(data).digest('hex');
  writeFileSync(file, data);
  console.log(`${file}  ${(data.length / 1e6).toFixed(1)} MB  sha256 ${sha256}`);
  return `${sha256}  ${basename(file)}\n`;
}

async function one({ entry, withNode, output }: Options): Promise<void> {
  const { files, billOfMaterials } = await contents(entry, withNode);
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(`${output}.sha256`, write(output, tarball(files)));
  write(`${output.replace(/\.tar\.gz$/, '')}.cdx.json`, billOfMaterials);
  write(join(dirname(output), 'vpc-mirror-reconciler.zip'), await reconcilerZip());
}

async function release({ entry, output }: Options): Promise<void> {
  mkdirSync(output, { recursive: true });
  let sums = '';
  let last: Contents | undefined;
  for (const architecture of [undefined, ...ARCHITECTURES]) {
    last = await contents(entry, architecture === undefined ? [] : [architecture]);
    const name = join(output, `vpc-mirror-${VERSION}${architecture === undefined ? '' : `-node-${architecture}`}`);
    sums += write(`${name}.tar.gz`, tarball(last.files)) + write(`${name}.cdx.json`, last.billOfMaterials);
  }
  if (last !== undefined) sums += write(join(output, 'LICENSES.txt'), last.licences);
  writeFileSync(join(output, 'SHA256SUMS'), sums);
}

async function main(args: readonly string[]): Promise<void> {
  const chosen = options(args);
  if (chosen === undefined) console.log(USAGE);
  else await (chosen.release ? release : one)(chosen);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const usage = error instanceof UsageError || (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = usage ? 2 : 1;
}
