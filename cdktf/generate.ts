// Writes the construct of each module from its variables.tf and outputs.tf: `npx tsx cdktf/generate.ts`. A test holds the result up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from '@cdktf/hcl2json';
import { typescriptType } from './hcl-type.ts';

export interface ModuleConstruct {
  readonly name: string;
  /** File name without its ending. */
  readonly file: string;
  /** Path of the module in the repository. */
  readonly folder: string;
  readonly summary: string;
}

export const CONSTRUCTS: readonly ModuleConstruct[] = [
  { name: 'VpcMirrorSessions', file: 'vpc-mirror-sessions', folder: 'modules/vpc-mirror-sessions', summary: 'Mirror filter, target and one session for each interface.' },
  { name: 'VpcMirrorRebuild', file: 'vpc-mirror-rebuild', folder: 'modules/vpc-mirror-rebuild', summary: 'NLB, rebuilders and ALB: mirrored packets in, HTTP requests out.' },
  { name: 'MirroredInterfaces', file: 'mirrored-interfaces', folder: 'enis', summary: 'The interfaces to mirror, picked by profiles; those that AWS does not mirror are left out and named.' },
  { name: 'WallarmNodes', file: 'wallarm-nodes', folder: 'modules/wallarm-nodes', summary: 'Wallarm nodes that take mirrored requests.' },
];

/** Outputs that are no string. Terraform does not declare what an output is. */
const OUTPUT_TYPES: Readonly<Record<string, 'IResolvable' | 'string[]'>> = {
  alarm_names: 'IResolvable',
  artifact: 'IResolvable',
  mirror_snippets: 'IResolvable',
  network_interfaces: 'IResolvable',
  ports: 'IResolvable',
  refused: 'IResolvable',
  security_group_ids: 'IResolvable',
  selectors: 'IResolvable',
  sessions: 'IResolvable',
  traffic_mirror_session_ids: 'IResolvable',
  unmatched: 'string[]',
  virtual_network_ids: 'IResolvable',
};

interface Variable { readonly name: string; readonly description: string; readonly type: string; readonly required: boolean }
interface Output { readonly name: string; readonly description: string }

export const camelCase = (name: string): string => name.replace(/_([a-z0-9])/g, (_whole, letter: string) => letter.toUpperCase());

/** Source of the construct of a module. */
export async function generate({ name, folder, summary }: ModuleConstruct): Promise<string> {
  const variables = await blocks(`${folder}/variables.tf`, 'variable', (key, block): Variable => ({
    name: key, description: text(block['description']), type: text(block['type']).replace(/^\$\{([\s\S]*)\}$/, '$1'), required: !('default' in block),
  }));
  const outputs = await blocks(`${folder}/outputs.tf`, 'output', (key, block): Output => ({ name: key, description: text(block['description']) }));
  const props = variables.map((it) => `${doc(it.description)}  readonly ${camelCase(it.name)}${it.required ? '' : '?'}: ${typescriptType(it.type)};\n`);
  const fields = outputs.map((it) => `${doc(it.description)}  readonly ${camelCase(it.name)}: ${OUTPUT_TYPES[it.name] ?? 'string'};\n`);
  const body = `export interface ${name}Props {
${props.join('\n')}}

/** ${summary} Wraps ${folder}. */
export class ${name} extends LocalModule {
${fields.join('\n')}
  constructor(scope: Construct, id: string, props: ${name}Props${variables.some((it) => it.required) ? '' : ' = {}'}) {
    super(scope, id, '${folder}', { ...props });
${outputs.map((it) => `    this.${camelCase(it.name)} = ${getter(it.name)};\n`).join('')}  }
}
`;
  return `// Written by generate.ts from the module's variables.tf and outputs.tf: change those, and run \`npx tsx cdktf/generate.ts\`.
${body.includes('IResolvable') ? 'import type { IResolvable } from \'cdktf\';\n' : ''}import type { Construct } from 'constructs';
import { LocalModule } from './local-module.ts';

${body}`;
}

function getter(output: string): string {
  const type = OUTPUT_TYPES[output];
  if (type === undefined) return `this.getString('${output}')`;
  return type === 'string[]' ? `this.getList('${output}')` : `this.interpolationForOutput('${output}')`;
}

async function blocks<T>(file: string, kind: string, read: (name: string, block: Record<string, unknown>) => T): Promise<T[]> {
  const source = readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8');
  const parsed: Record<string, Record<string, Record<string, unknown>[]>> = await parse(file, source);
  const found = Object.entries(parsed[kind] ?? {}).map(([name, [block]]) => ({ at: source.indexOf(`${kind} "${name}"`), value: read(name, block!) }));
  // The parser sorts; people sorted better.
  return found.sort((a, b) => a.at - b.at).map(({ value }) => value);
}

const text = (value: unknown): string => typeof value === 'string' ? value : '';

function doc(description: string): string {
  const lines = [''];
  for (const word of description.replace(/\*\//g, '* /').trim().split(/\s+/)) {
    if (lines.at(-1)!.length + word.length > 125) lines.push('');
    lines.push(`${lines.pop()!} ${word}`);
  }
  return lines.length === 1 ? `  /**${lines[0]} */\n` : `  /**\n${lines.map((line) => `   *${line}\n`).join('')}   */\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const construct of CONSTRUCTS) {
    writeFileSync(fileURLToPath(new URL(`${construct.file}.ts`, import.meta.url)), await generate(construct));
  }
}
