// `npm run package [-- --with-node]`: the service as one tarball that an instance installs without building or fetching anything.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { ARCHITECTURES, contents, type Architecture } from './contents.ts';
import { tarball } from './tarball.ts';

const USAGE = `Usage: npm run package -- [--with-node] [--node-for x64|arm64]… [--output FILE]

Writes dist/vpc-mirror.tar.gz and its SHA-256. Instances then use Node from their distribution (nodejs24 on Amazon Linux 2023).
  --with-node       bring Node along, for x64 and arm64: dist/vpc-mirror-with-node.tar.gz
  --node-for ARCH   bring Node along for this processor only
  --output FILE     another name`;

class UsageError extends Error {}

interface Options { readonly withNode: readonly Architecture[]; readonly output: string; readonly entry: string }

function options(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'with-node': { type: 'boolean', default: false },
      'node-for': { type: 'string', multiple: true, default: [] },
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
  return { withNode, entry: values.entry, output: values.output ?? `dist/vpc-mirror${withNode.length > 0 ? '-with-node' : ''}.tar.gz` };
}

async function main(args: readonly string[]): Promise<void> {
  const chosen = options(args);
  if (chosen === undefined) {
    console.log(USAGE);
    return;
  }
  const { withNode, output, entry } = chosen;
  const packed = tarball(await contents(entry, withNode));
  const sha256 = createHash('sha256').update(packed).digest('hex');
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, packed);
  writeFileSync(`${output}.sha256`, `${sha256}  ${basename(output)}\n`);
  console.log(`${output}  ${(packed.length / 1e6).toFixed(1)} MB  sha256 ${sha256}`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const usage = error instanceof UsageError || (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = usage ? 2 : 1;
}
