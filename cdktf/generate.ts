// Writes the construct of each module from its variables.tf and outputs.tf: `npx tsx cdktf/generate.ts`. A test holds
// the result up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from '@cdktn/hcl2json';
import { parseType, type HclType } from './hcl-type.ts';
import { camelCase, snakeCase } from './terraform-names.ts';
import { shapeOf, typescriptType, type Unions } from './typescript-type.ts';

interface ModuleConstruct {
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

/**
 * Outputs that are no string: Terraform does not declare what an output is. A list of names is an object of strings.
 */
type OutputType = 'IResolvable' | 'string[]' | 'number[]' | 'Record<string, string>' | readonly string[];
const OUTPUT_TYPES: Readonly<Record<string, OutputType>> = {
  alarm_names: 'Record<string, string>',
  artifact: ['s3_uri', 'sha256'],
  description: 'IResolvable',
  exchanges: ['bucket', 'prefix', 'database', 'table'],
  mirror_snippets: ['nginx', 'envoy', 'istio', 'haproxy', 'traefik'],
  network_interfaces: 'IResolvable',
  ports: 'number[]',
  reconciler: 'IResolvable',
  refused: 'Record<string, string>',
  security_group_ids: ['rebuilder', 'nlb', 'alb'],
  selectors: 'IResolvable',
  sessions: 'IResolvable',
  traffic_mirror_session_ids: 'Record<string, string>',
  unchecked_target_groups: 'string[]',
  unmatched: 'string[]',
  virtual_network_ids: 'number[]',
};

interface Variable {
  readonly name: string;
  readonly description: string;
  readonly type: HclType;
  readonly required: boolean;
  readonly unions: Unions;
}
interface Output { readonly name: string; readonly description: string }

/** Source of the construct of a module. */
export async function generate({ name, folder, summary }: ModuleConstruct): Promise<string> {
  const variables = await blocks(`${folder}/variables.tf`, 'variable', variable);
  const outputs = await blocks(`${folder}/outputs.tf`, 'output', (key, block): Output => ({ name: key, description: text(block['description']) }));
  const props = variables.map((it) =>
    `${doc(it.description)}  readonly ${camelCase(it.name)}${it.required ? '' : '?'}: ${typescriptType(it.type, it.unions, it.name)};\n`);
  const shapes = variables.map((it) => [it.name, shapeOf(it.type)] as const).filter(([, shape]) => shape !== '0');
  const fields = outputs.map((it) => `${doc(it.description)}  readonly ${camelCase(it.name)}: ${outputType(it.name)};\n`);
  const body = `export interface ${name}Props {
${props.join('\n')}}

/** Where the variables have names of their own inside. */
const SHAPES: Readonly<Record<string, Shape>> = {
${shapes.map(([key, shape]) => `  ${key}: ${shape},\n`).join('')}};

/** ${summary} Wraps ${folder}. */
export class ${name} extends LocalModule {
${fields.join('')}
  constructor(scope: Construct, id: string, props: ${name}Props${variables.some((it) => it.required) ? '' : ' = {}'}) {
    super(scope, id, '${folder}', { ...props }, SHAPES);
${outputs.map((it) => `    this.${camelCase(it.name)} = ${getter(it.name)};\n`).join('')}  }
}
`;
  return `// Written by generate.ts from the module's variables.tf and outputs.tf: change those, and run \`npx tsx cdktf/generate.ts\`.
/* eslint @stylistic/max-len: "off" -- one line a variable */
${body.includes('IResolvable') ? 'import type { IResolvable } from \'cdktn\';\n' : ''}import type { Construct } from 'constructs';
import { LocalModule } from './local-module.ts';
import type { Shape } from './terraform-names.ts';

${body}`;
}

function variable(name: string, block: Record<string, unknown>): Variable {
  if (snakeCase(camelCase(name)) !== name) throw new Error(`${name} cannot be told from its camelCase`);
  const type = parseType(text(block['type']).replace(/^\$\{([\s\S]*)\}$/, '$1'));
  const object = closed(type, block['validation']);
  // Terraform makes strings of numbers and booleans in a map of strings.
  const scalars = type.kind === 'map' && object.kind === 'object' && type.of.kind === 'string'
    ? Object.fromEntries(object.fields.map((field) => [field.name, ['string', 'number', 'boolean']])) : {};
  const unions = { ...unionsOf(block['validation']), ...scalars };
  return { name, description: text(block['description']), type: object, required: !('default' in block), unions };
}

/** A map whose keys a validation names, `length(setsubtract(keys(var.x), […])) == 0`, is to TypeScript an object. */
function closed(type: HclType, validations: unknown): HclType {
  if (type.kind !== 'map') return type;
  for (const { condition } of Array.isArray(validations) ? validations : []) {
    const keys = /length\(setsubtract\(keys\(var\.\w+\), \[([^\]]+)\]\)\) == 0/.exec(text(condition))?.[1];
    const { of } = type;
    if (keys !== undefined) return { kind: 'object', fields: keys.split(',').map((key) => ({ name: key.trim().replaceAll('"', ''), optional: true, type: of })) };
  }
  return type;
}

/**
 * What validations allow: `contains([…], var.x)`, or of a field in each entry of the variable. Any other condition says
 * more than a type can.
 */
function unionsOf(validations: unknown): Unions {
  const found: Record<string, readonly string[]> = {};
  for (const { condition } of Array.isArray(validations) ? validations : []) {
    const match = /^\$\{(?:alltrue\(\[for \w+ in .+? : )?contains\(\[([^\]]+)\], (?:coalesce\()?[\w.]*?(\w+)(?:, "\w+"\))?\)(?:\]\))?\}$/.exec(text(condition));
    const [, values, name] = match ?? [];
    if (values !== undefined && name !== undefined) found[name] = values.split(',').map((value) => value.trim().replaceAll('"', '\''));
  }
  return found;
}

function outputType(output: string): string {
  const type = OUTPUT_TYPES[output] ?? 'string';
  return typeof type === 'string' ? type : `{ ${type.map((field) => `readonly ${camelCase(field)}: string`).join('; ')} }`;
}

function getter(output: string): string {
  const type = OUTPUT_TYPES[output];
  switch (type) {
    case undefined: return `this.getString('${output}')`;
    case 'string[]': return `this.getList('${output}')`;
    case 'number[]': return `this.numbers('${output}')`;
    case 'Record<string, string>': return `this.strings('${output}')`;
    case 'IResolvable': return `this.interpolationForOutput('${output}')`;
    default: return `{ ${type.map((field) => `${camelCase(field)}: this.field('${output}', '${field}')`).join(', ')} }`;
  }
}

async function blocks<T>(
  file: string,
  kind: string,
  read: (name: string, block: Record<string, unknown>) => T,
): Promise<T[]> {
  const source = readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8');
  const parsed: Record<string, Record<string, Record<string, unknown>[]>> = await parse(file, source);
  const found = Object.entries(parsed[kind] ?? {}).flatMap(([name, [block]]) =>
    block === undefined ? [] : [{ at: source.indexOf(`${kind} "${name}"`), value: read(name, block) }],
  );
  // The parser sorts; people sorted better.
  return found.sort((a, b) => a.at - b.at).map(({ value }) => value);
}

const text = (value: unknown): string => typeof value === 'string' ? value : '';

function doc(description: string): string {
  const lines: string[] = [];
  let last = '';
  for (const word of description.replace(/\*\//g, '* /').trim().split(/\s+/)) {
    if (last.length + word.length > 125) {
      lines.push(last);
      last = '';
    }
    last += ` ${word}`;
  }
  lines.push(last);
  return lines.length === 1 ? `  /**${lines[0]} */\n` : `  /**\n${lines.map((line) => `   *${line}\n`).join('')}   */\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const construct of CONSTRUCTS) {
    writeFileSync(fileURLToPath(new URL(`${construct.file}.ts`, import.meta.url)), await generate(construct));
  }
}
